/* SPDX-License-Identifier: Apache-2.0 */
/* What the database says against what the truth log says. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "chaos.h"
#include "sandbox/faults.h"
#include "verify.h"

/* A call, or where its time is not known the object that it made, may come so long after it left. */
#define WORK_US (5 * US_PER_S)

/* So many posts, and each platform meets each fault more than twenty times, or it is not drawn. */
#define EACH_POSTS 30000

const char *const chaos_violation_names[VIOLATIONS] = {
	[LOST] = "posts lost",
	[DUPLICATE] = "duplicates",
	[FALSE_PUBLISHED] = "published, but not there",
	[FALSE_FAILED] = "failed, missed or paused, but there",
	[CANCELLED_YET_LIVE] = "cancelled, but there",
	[LIVE_ATTEMPT] = "attempts still open",
	[REMOTE_TWICE] = "one object for two posts",
	[WITHOUT_PERMIT] = "sent without a permit",
	[AFTER_DEADLINE] = "sent after the deadline",
	[OTHER_BYTES] = "other bytes than approved",
};

static void violate(struct campaign *c, enum chaos_violation what, const char *who)
{
	if (c->tally.violations[what]++ < CHAOS_SHOWN)
		fprintf(stderr, "chaos: seed %llu round %d: %s: %s\n", (unsigned long long)c->seed,
			c->round, chaos_violation_names[what], who);
}

int verify_each(MYSQL *my, const char *sql, void (*row)(void *arg, char **v), void *arg)
{
	MYSQL_RES *res;
	MYSQL_ROW v;

	if (mysql_query(my, sql) || !(res = mysql_store_result(my))) {
		fprintf(stderr, "chaos: %s: %s\n", sql, mysql_error(my));
		return -1;
	}
	while ((v = mysql_fetch_row(res)) != NULL)
		row(arg, v);
	mysql_free_result(res);
	return 0;
}

static MYSQL *connect_to(const struct campaign *c)
{
	MYSQL *my = mysql_init(NULL);
	const struct passwd *me = getpwuid(geteuid());

	if (me && mysql_real_connect(my, "localhost", me->pw_name, NULL, "carillon", 0,
				     c->rig.database.socket, 0))
		return my;
	mysql_close(my);
	return NULL;
}

static void take_count(void *arg, char **v)
{
	*(int64_t *)arg = strtoll(v[0], NULL, 10);
}

static int64_t count(MYSQL *my, const char *sql)
{
	int64_t n = -1;

	(void)verify_each(my, sql, take_count, &n);
	return n;
}

int64_t chaos_open_posts(struct campaign *c)
{
	MYSQL *my = connect_to(c);
	int64_t n;

	if (!my)
		return -1;
	n = count(my, "SELECT COUNT(*) FROM posts WHERE state NOT IN ('published', 'failed', "
		      "'missed', 'cancelled', 'paused', 'unconfirmed')");
	mysql_close(my);
	return n;
}

/* The next look comes soon if this one meets a lock. */
void chaos_let_pauses_pass(struct campaign *c)
{
	MYSQL *my = connect_to(c);

	if (!my)
		return;
	(void)mysql_query(my, "DELETE FROM budgets");
	(void)mysql_query(my, "UPDATE posts SET wake_at = UTC_TIMESTAMP(3) WHERE (error_code = "
			      "'rate_limited' OR waiting_for LIKE '%limit%') "
			      "AND wake_at > UTC_TIMESTAMP(3) + INTERVAL 10 SECOND");
	/* Longer than anything of ours: a Retry-After of a day, of a doubt for one. */
	(void)mysql_query(my, "UPDATE posts SET wake_at = UTC_TIMESTAMP(3) WHERE due_at <= "
			      "UTC_TIMESTAMP(3) AND wake_at > UTC_TIMESTAMP(3) + INTERVAL 70 "
			      "SECOND");
	mysql_close(my);
}

/* "Post r1p17" is the 17th; -1: not of that form, or of another round. */
static int post_of(const struct campaign *c, const char *caption)
{
	int round = 0, i = 0;

	if (sscanf(caption, "Post r%dp%d", &round, &i) != 2 || round != c->round || i < 0 ||
	    i >= c->posts_n || strcmp(c->posts[i].caption, caption) != 0)
		return -1;
	return i;
}

static int by_id(const void *a, const void *b)
{
	return strcmp((*(struct chaos_post *const *)a)->id, (*(struct chaos_post *const *)b)->id);
}

struct index {
	struct matter *m;
	const struct chaos_post **v;
};

static int index_of(const struct index *x, const char *id)
{
	struct chaos_post key;
	const struct chaos_post *at = &key, **found;

	(void)snprintf(key.id, sizeof(key.id), "%s", id);
	found = bsearch(&at, x->v, (size_t)x->m->c->posts_n, sizeof(*x->v), by_id);
	return found ? (int)(*found - x->m->c->posts) : -1;
}

static void take_state(void *arg, char **v)
{
	const struct index *x = arg;
	const int i = index_of(x, v[0]);

	if (i >= 0)
		(void)post_state_parse(v[1], &x->m->rows[i].state);
}

static void take_attempt(void *arg, char **v)
{
	const struct index *x = arg;
	const int i = index_of(x, v[0]);

	if (i < 0)
		return;
	x->m->rows[i].first_sent_us = strtoll(v[1], NULL, 10);
	x->m->rows[i].last_deadline_us = strtoll(v[2], NULL, 10);
}

static void take_remote(void *arg, char **v)
{
	struct matter *m = arg;

	for (int i = 0; i < m->c->rig.platforms_n * RIG_ACCOUNTS; i++) {
		if (strcmp(m->c->rig.accounts[i], v[0]) == 0)
			(void)snprintf(m->remotes[i], sizeof(m->remotes[i]), "%.*s",
				       (int)strcspn(v[1], "@"), v[1]); /* id@server */
	}
}

static int read_database(struct matter *m)
{
	struct index x = { .m = m, .v = alloc_zero((size_t)m->c->posts_n * sizeof(*x.v)) };
	int done;

	for (int i = 0; i < m->c->posts_n; i++)
		x.v[i] = &m->c->posts[i];
	qsort(x.v, (size_t)m->c->posts_n, sizeof(*x.v), by_id);
	done = verify_each(m->my, "SELECT id, state FROM posts", take_state, &x) < 0 ||
	       verify_each(
		       m->my,
		       "SELECT post_id, CAST(MIN(UNIX_TIMESTAMP(sent_at)) * 1000000 AS INTEGER), "
		       "CAST(MAX(UNIX_TIMESTAMP(deadline_at)) * 1000000 AS INTEGER) FROM attempts "
		       "GROUP BY post_id",
		       take_attempt, &x) < 0 ||
	       verify_each(m->my, "SELECT id, remote_id FROM accounts", take_remote, m) < 0;
	free(x.v);
	return done ? -1 : 0;
}

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

static int account_of(const struct matter *m, const json_t *line)
{
	const struct rig *r = &m->c->rig;

	for (int i = 0; i < r->platforms_n * RIG_ACCOUNTS; i++) {
		if (strcmp(r->platforms[i / RIG_ACCOUNTS].name, text_of(line, "platform")) == 0 &&
		    strcmp(m->remotes[i], text_of(line, "account")) == 0)
			return i;
	}
	return -1;
}

static struct object *find_object(const struct matter *m, const char *id)
{
	for (size_t i = m->objects_n; i-- > 0;) {
		if (strcmp(m->objects[i].id, id) == 0)
			return &m->objects[i];
	}
	return NULL;
}

/* When the call came: what the platform takes to work on it is no fault of ours. */
static int64_t time_of(const json_t *line)
{
	const int64_t arrived_us = json_integer_value(json_object_get(line, "arrived_us"));

	return arrived_us > 0 ? arrived_us : json_integer_value(json_object_get(line, "t_us"));
}

static void object_created(struct matter *m, const json_t *line)
{
	struct object *o;

	m->objects = alloc_resize(m->objects, (m->objects_n + 1) * sizeof(*m->objects));
	o = &m->objects[m->objects_n++];
	*o = (struct object){ .us = time_of(line), .account = account_of(m, line) };
	(void)snprintf(o->id, sizeof(o->id), "%s", text_of(line, "object_id"));
	(void)snprintf(o->caption, sizeof(o->caption), "%s", text_of(line, "caption"));
	(void)snprintf(o->sha, sizeof(o->sha), "%s",
		       text_of(json_array_get(json_object_get(line, "media"), 0), "sha256"));
	/* YouTube: a video is there when it is public, and another line says when. */
	o->is_gone = strcmp(text_of(line, "platform"), "youtube") == 0;
}

static void take_object(void *arg, const json_t *entry, const char *text)
{
	const char *event = text_of(entry, "event");
	struct matter *m = arg;
	struct object *o;

	(void)text;
	if (strcmp(event, "created") == 0) {
		object_created(m, entry);
		return;
	}
	o = find_object(m, text_of(entry, "object_id"));
	if (o && strcmp(event, "deleted") == 0)
		o->is_gone = true;
	if (o && strcmp(event, "published") == 0) {
		o->is_gone = false;
		o->us = time_of(entry);
	}
}

static const char *sha_of(const struct campaign *c, const struct chaos_post *p)
{
	if (p->kind == CONTENT_TEXT)
		return "";
	return p->kind == CONTENT_VIDEO ? c->video_sha : c->picture_sha;
}

/* One object of a post that can be told by its caption. */
static void check_object(struct matter *m, const struct object *o, int i)
{
	struct campaign *c = m->c;
	const struct chaos_post *p = &c->posts[i];
	struct row *row = &m->rows[i];

	if (row->objects++ > 0)
		violate(c, DUPLICATE, p->caption);
	if (p->account != o->account)
		violate(c, WITHOUT_PERMIT, p->caption);
	if (row->first_sent_us == 0 || o->us < row->first_sent_us)
		violate(c, WITHOUT_PERMIT, p->caption);
	else if (o->us > row->last_deadline_us + WORK_US)
		violate(c, AFTER_DEADLINE, p->caption);
	if (strcmp(o->sha, sha_of(c, p)) != 0)
		violate(c, OTHER_BYTES, p->caption);
	if (p->is_cancelled)
		violate(c, CANCELLED_YET_LIVE, p->caption);
}

static bool is_over(enum post_state s)
{
	return post_state_is_terminal(s) || s == POST_PAUSED;
}

static void check_post(struct matter *m, int i)
{
	struct campaign *c = m->c;
	const struct row *row = &m->rows[i];
	const char *caption = c->posts[i].caption;

	c->tally.states[row->state]++;
	if (!is_over(row->state) && row->state != POST_UNCONFIRMED)
		violate(c, LOST, caption);
	if (c->posts[i].is_alike || row->state == POST_UNCONFIRMED)
		return;
	if (row->state == POST_PUBLISHED && row->objects == 0)
		violate(c, FALSE_PUBLISHED, caption);
	if (is_over(row->state) && row->state != POST_PUBLISHED && row->objects > 0)
		violate(c, FALSE_FAILED, caption);
}

static bool has_alike_caption(const struct object *o)
{
	return strncmp(o->caption, "Good morning", strlen("Good morning")) == 0;
}

static bool is_alike(const struct object *o, int account)
{
	return !o->is_gone && o->account == account && has_alike_caption(o);
}

/* Posts with one caption can only be counted, those with the same bytes each. Returns how many are there. */
static int count_alike(struct matter *m, int account, const char *sha)
{
	struct campaign *c = m->c;
	int published = 0, open = 0, there = 0;
	char what[160];

	for (int i = 0; i < c->posts_n; i++) {
		const struct chaos_post *p = &c->posts[i];

		if (!p->is_alike || p->account != account || strcmp(sha_of(c, p), sha) != 0)
			continue;
		published += m->rows[i].state == POST_PUBLISHED;
		open += m->rows[i].state == POST_UNCONFIRMED;
	}
	for (size_t i = 0; i < m->objects_n; i++)
		there += is_alike(&m->objects[i], account) && strcmp(m->objects[i].sha, sha) == 0;
	m->alike_open[account] += open;
	m->alike_more[account] += there - published;
	(void)snprintf(what, sizeof(what), "account %d, bytes %.8s: %d published, %d there",
		       account, sha, published, there);
	if (there < published)
		violate(c, FALSE_PUBLISHED, what);
	if (there > published + open)
		violate(c, DUPLICATE, what);
	return there;
}

static void check_alike(struct matter *m, int account)
{
	const struct campaign *c = m->c;
	const char *const shas[] = { "", c->picture_sha, c->video_sha };
	int known = 0, there = 0;
	char what[40];

	for (size_t i = 0; i < ARRAY_LEN(shas); i++)
		known += count_alike(m, account, shas[i]);
	for (size_t i = 0; i < m->objects_n; i++)
		there += is_alike(&m->objects[i], account);
	(void)snprintf(what, sizeof(what), "account %d: %d of one caption", account, there - known);
	if (there > known)
		violate(m->c, OTHER_BYTES, what);
}

static void check_objects(struct matter *m)
{
	for (size_t i = 0; i < m->objects_n; i++) {
		const struct object *o = &m->objects[i];
		const int post = post_of(m->c, o->caption);

		if (o->is_gone)
			continue;
		m->c->tally.objects++;
		if (post >= 0)
			check_object(m, o, post);
		else if (!has_alike_caption(o))
			violate(m->c, WITHOUT_PERMIT, o->caption);
	}
}

struct sample {
	int64_t **v;
	size_t *n;
};

static void take_ms(void *arg, char **v)
{
	const struct sample *s = arg;

	*s->v = alloc_resize(*s->v, (*s->n + 1) * sizeof(**s->v));
	(*s->v)[(*s->n)++] = strtoll(v[0], NULL, 10) / US_PER_MS;
}

static void measure(struct matter *m)
{
	struct chaos_tally *t = &m->c->tally;
	struct sample doubt = { &t->doubt_ms, &t->doubt_n };
	struct sample late = { &t->late_ms, &t->late_n };

	t->attempts += count(m->my, "SELECT COUNT(*) FROM attempts");
	t->doubts += count(m->my, "SELECT COUNT(*) FROM attempts WHERE last_read_at IS NOT NULL");
	(void)verify_each(m->my,
			  "SELECT TIMESTAMPDIFF(MICROSECOND, sent_at, settled_at) FROM attempts "
			  "WHERE last_read_at IS NOT NULL AND settled_at IS NOT NULL",
			  take_ms, &doubt);
	(void)verify_each(m->my,
			  "SELECT fired_late_us FROM attempts JOIN posts ON posts.id = post_id "
			  "WHERE fired_late_us IS NOT NULL AND seq = 1 AND tries = 0 AND "
			  "posts.attempts = 1 AND NOT is_immediate",
			  take_ms, &late);
}

static void add_faults(struct campaign *c)
{
	json_t *state = rig_control(&c->rig, "/_control/state", NULL);
	const char *name;
	json_t *n;

	json_object_foreach(json_object_get(state, "faults"), name, n) {
		const json_int_t had = json_integer_value(json_object_get(c->tally.faults, name));

		json_object_set_new(c->tally.faults, name,
				    json_integer(had + json_integer_value(n)));
	}
	json_decref(state);
}

/* Platforms that have met it. */
static int met_by(const struct campaign *c, const char *point, FILE *missed)
{
	char name[120];
	int n = 0;

	for (int i = 0; i < c->rig.platforms_n; i++) {
		(void)snprintf(name, sizeof(name), "%s %s", c->rig.platforms[i].name, point);
		if (json_object_get(c->tally.faults, name))
			n++;
		else if (missed)
			fprintf(missed, "  never met: %s\n", name);
	}
	return n;
}

int chaos_faults_missed(const struct campaign *c, FILE *out)
{
	const bool is_each = c->tally.posts >= EACH_POSTS;
	int missed = 0;

	for (const struct fault_kind *k = sandbox_faults_kinds; k->point; k++) {
		if (!k->is_planned)
			continue;
		if (is_each) {
			missed += c->rig.platforms_n - met_by(c, k->point, out);
		} else if (met_by(c, k->point, NULL) == 0) {
			fprintf(out, "  never met: %s\n", k->point);
			missed++;
		}
	}
	return missed;
}

static void check_schema(struct matter *m)
{
	struct campaign *c = m->c;
	const int64_t open =
		count(m->my, "SELECT COUNT(*) FROM attempts JOIN posts ON posts.id = post_id "
			     "WHERE attempts.state IN ('sent', 'in_doubt') AND posts.state NOT IN "
			     "('unconfirmed', 'publishing', 'confirming')");
	const int64_t twice =
		count(m->my, "SELECT COUNT(*) FROM (SELECT 1 FROM posts WHERE remote_id <> '' "
			     "GROUP BY account_id, remote_id HAVING COUNT(*) > 1) AS twice");

	if (open != 0)
		violate(c, LIVE_ATTEMPT, "see the attempts");
	if (twice != 0)
		violate(c, REMOTE_TWICE, "see the posts");
}

void chaos_verify(struct campaign *c)
{
	struct matter m = { .c = c,
			    .my = connect_to(c),
			    .rows = alloc_zero((size_t)c->posts_n * sizeof(*m.rows)) };
	const int64_t before = chaos_violations(c);
	bool has_riddle;

	if (!m.my || read_database(&m) < 0) {
		fprintf(stderr, "chaos: nothing to compare\n");
		exit(EXIT_FAILURE);
	}
	rig_truth_each(&c->rig, take_object, &m);
	c->tally.posts += c->posts_n;
	check_objects(&m);
	for (int i = 0; i < c->posts_n; i++)
		check_post(&m, i);
	for (int i = 0; i < c->rig.platforms_n * RIG_ACCOUNTS; i++)
		check_alike(&m, i);
	check_schema(&m);
	has_riddle = chaos_examine(&m);
	measure(&m);
	add_faults(c);
	if (chaos_violations(c) > before || has_riddle || getenv("CHAOS_KEEP_ALL"))
		chaos_keep(c, m.my);
	mysql_close(m.my);
	free(m.rows);
	free(m.objects);
}

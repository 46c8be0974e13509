/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of a repository. An object's id is its at:// URI, its options are the whole record, of
 * which its CID follows. Written is what the lexicon allows; a swapRecord of null writes only where
 * nothing stands, and the same content once more changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/bs.h"
#include "json/keep.h"

#define HANG_MS    200000
#define LIST_MOST  100
#define LIST_USUAL 50
#define WINDOW_US  (3600 * US_PER_S)
#define TID_CHARS  13
#define DIGITS     "234567abcdefghijklmnopqrstuvwxyz"

struct draft {
	struct account *account;
	const json_t *in, *record;
	const char *rkey, *uri, *text, *cid; /* text: the record as it is kept */
	struct object *old;                  /* NULL: nothing stands there */
	struct list media;
};

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const char *uri_of(struct arena *a, const char *did, const char *rkey)
{
	return arena_printf(a, "at://%s/" BS_POST "/%s", did, rkey);
}

static const char *cid_of(struct arena *a, const char *record)
{
	uint8_t hash[SHA256_BYTES];

	digest_sha256(record, strlen(record), hash);
	return sandbox_bs_cid(a, true, hash);
}

static struct object *object_at(struct exchange *ex, const char *uri)
{
	struct object *o = sandbox_world_object(ex->world, &sandbox_bluesky, uri);

	return o != NULL && !o->is_deleted ? o : NULL;
}

static bool is_tid(const char *rkey)
{
	return rkey != NULL && strlen(rkey) == TID_CHARS && strspn(rkey, DIGITS) == TID_CHARS &&
	       strchr("234567abcdefghij", rkey[0]) != NULL;
}

static const char *next_tid(struct world *w)
{
	uint64_t left = (uint64_t)sandbox_world_now(w) << 10 | (w->next_id++ & 0x3ff);
	char text[TID_CHARS + 1] = "";

	for (size_t i = TID_CHARS; i-- > 0; left >>= 5)
		text[i] = DIGITS[left & 31];
	return arena_strdup(w->arena, text);
}

/* Points of an hour; what is left is told with each answer. */
static bool rate_take(struct exchange *ex, const struct account *a)
{
	struct bs_state *state = sandbox_bs_state(ex->world);
	struct bs_rate *r = sandbox_map_get(&state->rates, a->id);
	const int64_t now_us = sandbox_world_now(ex->world);
	const bool is_over = sandbox_faults_hit(ex, "rate.429") != NULL;

	if (r == NULL) {
		r = arena_alloc(ex->world->arena, sizeof(*r));
		sandbox_map_put(&state->rates, a->id, r);
	}
	if (now_us - r->since_us >= WINDOW_US)
		*r = (struct bs_rate){ now_us, 0 };
	if (!is_over)
		r->used += 2;
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {
		{ "ratelimit-limit", state->points },
		{ "ratelimit-remaining",
		  is_over || r->used > state->points ? 0 : state->points - r->used },
		{ "ratelimit-reset",
		  (is_over ? now_us + US_PER_S : r->since_us + WINDOW_US) / US_PER_S },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		sandbox_exchange_add_header(
			ex, rows[i].name,
			arena_printf(ex->arena, "%lld", (long long)rows[i].value));
	if (!is_over && r->used <= state->points)
		return true;
	return sandbox_bs_fail(ex, 429, "RateLimitExceeded", "Rate Limit Exceeded");
}

/* Whose repository is written to: the caller's own alone. */
static bool draft_owner(struct exchange *ex, struct draft *d)
{
	const char *repo = text_of(d->in, "repo"), *collection = text_of(d->in, "collection");

	if (repo == NULL || collection == NULL)
		return sandbox_bs_fail(ex, 400, "InvalidRequest",
				       "Input must have the property \"repo\"");
	if (sandbox_bs_account(ex->world, repo) != d->account)
		return sandbox_bs_fail(ex, 401, "AuthMissing", "Authentication Required");
	if (((const struct bs_user *)d->account->extra)->is_deactivated)
		return sandbox_bs_fail(ex, 400, "AccountDeactivated", "Account is deactivated");
	if (strcmp(collection, BS_POST) != 0)
		return sandbox_bs_fail(ex, 400, "InvalidRequest",
				       "Only " BS_POST " is played here");
	return true;
}

static bool draft_record(struct exchange *ex, struct draft *d)
{
	const json_t *record = json_object_get(d->in, "record");
	const char *type = text_of(record, "$type"), *why;
	char *text;

	if (!json_is_object(record) || (type != NULL && strcmp(type, BS_POST) != 0))
		return sandbox_bs_fail(ex, 400, "InvalidRequest",
				       "Invalid $type: expected " BS_POST);
	if (!is_tid(d->rkey))
		return sandbox_bs_fail(ex, 400, "InvalidRequest",
				       "Invalid record key for " BS_POST ": %s",
				       d->rkey != NULL ? d->rkey : "none");
	d->media = sandbox_list_new(ex->world->arena);
	why = sandbox_bs_record_fault(ex, d->account, record, &d->media);
	if (why != NULL && strncmp(why, "Could not find blob", 19) == 0)
		return sandbox_bs_fail(ex, 400, "BlobNotFound", "%s", why);
	if (why != NULL)
		return sandbox_bs_fail(ex, 400, "InvalidRequest", "Invalid " BS_POST " record: %s",
				       why);
	d->record = record;
	text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
	d->text = arena_strdup(ex->world->arena, text);
	free(text);
	d->cid = cid_of(ex->arena, d->text);
	d->uri = uri_of(ex->world->arena, d->account->id, d->rkey);
	d->old = object_at(ex, d->uri);
	return true;
}

static struct object *post_make(struct exchange *ex, const struct draft *d)
{
	struct world *w = ex->world;
	struct object *o = arena_alloc(w->arena, sizeof(*o));

	o->platform = &sandbox_bluesky;
	o->account = d->account;
	o->id = d->uri;
	o->kind = d->media.n > 0 ? "media" : "text";
	o->caption = arena_strdup(w->arena, text_of(d->record, "text"));
	o->options = d->text;
	o->code = arena_strdup(w->arena, d->rkey);
	o->media = d->media;
	o->comments = sandbox_list_new(w->arena);
	o->created_us = o->listed_us = sandbox_world_now(w);
	o->ends_us = INSTANT_NONE;
	return o;
}

static void answer(struct exchange *ex, const struct draft *d)
{
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:s}", "uri", d->uri, "cid", d->cid,
					"validationStatus", "valid"));
}

/* Drawn before the commit, so that the truth line names the fault; borrowed params or NULL. */
struct fate {
	const json_t *broken, *drop, *hang;
};

static bool post_write(struct exchange *ex, const struct draft *d)
{
	struct object *o = d->old;

	if (o == NULL)
		return sandbox_world_publish(ex, post_make(ex, d));
	o->caption = arena_strdup(ex->world->arena, text_of(d->record, "text"));
	o->options = d->text;
	o->media = d->media;
	sandbox_state_touch(ex->world, &o->record);
	return sandbox_world_tell(ex, o, "updated");
}

static void post_commit(struct exchange *ex, const struct draft *d)
{
	const struct fate fate = { sandbox_faults_hit(ex, "write.commit_then_5xx"),
				   sandbox_faults_hit(ex, "write.commit_then_drop"),
				   sandbox_faults_hit(ex, "write.commit_then_hang") };

	if (!post_write(ex, d)) {
		sandbox_bs_fail(ex, 500, "InternalServerError", "Internal Server Error");
		return;
	}
	answer(ex, d);
	if (fate.broken != NULL)
		sandbox_bs_fail(ex, 502, "UpstreamFailure", "Upstream server responded with a 502");
	if (fate.drop != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
	if (fate.hang != NULL)
		sandbox_exchange_wire(ex, WIRE_HANG, sandbox_faults_int(fate.hang, "ms", HANG_MS));
}

static bool faults_before(struct exchange *ex)
{
	if (sandbox_faults_hit(ex, "write.drop_before_commit") != NULL) {
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
		return false;
	}
	if (sandbox_faults_hit(ex, "write.5xx") != NULL)
		return sandbox_bs_fail(ex, 500, "InternalServerError", "Internal Server Error");
	return true;
}

/* What the caller believes to stand there. */
static bool swap_fits(struct exchange *ex, const struct draft *d)
{
	const json_t *swap = json_object_get(d->in, "swapRecord");
	const char *is = d->old != NULL ? cid_of(ex->arena, d->old->options) : NULL;
	const char *believed = json_string_value(swap);

	if (swap == NULL || (is == NULL && believed == NULL) ||
	    (is != NULL && believed != NULL && strcmp(is, believed) == 0))
		return true;
	return sandbox_bs_fail(ex, 400, "InvalidSwap", "Record was at %s",
			       is != NULL ? is : "null");
}

static bool draft_begin(struct exchange *ex, struct draft *d)
{
	d->account = sandbox_bs_auth(ex);
	d->in = d->account != NULL ? json_keep(ex->arena, sandbox_bs_body(ex)) : NULL;
	d->rkey = text_of(d->in, "rkey");
	return d->in != NULL && draft_owner(ex, d) && rate_take(ex, d->account);
}

void sandbox_bs_put_record(struct exchange *ex)
{
	struct draft d = { .account = NULL };

	if (!draft_begin(ex, &d) || !faults_before(ex) || !draft_record(ex, &d))
		return;
	if (d.old != NULL && strcmp(cid_of(ex->arena, d.old->options), d.cid) == 0)
		answer(ex, &d);
	else if (swap_fits(ex, &d))
		post_commit(ex, &d);
}

void sandbox_bs_create_record(struct exchange *ex)
{
	struct draft d = { .account = NULL };

	if (!draft_begin(ex, &d) || !faults_before(ex))
		return;
	if (d.rkey == NULL)
		d.rkey = next_tid(ex->world);
	if (!draft_record(ex, &d))
		return;
	if (d.old != NULL)
		sandbox_bs_fail(ex, 500, "InternalServerError", "Internal Server Error");
	else
		post_commit(ex, &d);
}

void sandbox_bs_delete_record(struct exchange *ex)
{
	struct draft d = { .account = NULL };
	struct object *o;

	if (!draft_begin(ex, &d))
		return;
	o = d.rkey != NULL ? object_at(ex, uri_of(ex->arena, d.account->id, d.rkey)) : NULL;
	if (o != NULL)
		sandbox_world_delete(ex, o);
	sandbox_exchange_json(ex, 200, json_object());
}

static json_t *record_json(struct exchange *ex, const struct object *o)
{
	return json_pack("{s:s,s:s,s:o}", "uri", o->id, "cid", cid_of(ex->arena, o->options),
			 "value", json_loads(o->options, 0, NULL));
}

void sandbox_bs_get_record(struct exchange *ex)
{
	const char *repo = sandbox_exchange_param(ex, "repo");
	const char *rkey = sandbox_exchange_param(ex, "rkey");
	const char *collection = sandbox_exchange_param(ex, "collection");
	const struct account *a = repo != NULL ? sandbox_bs_account(ex->world, repo) : NULL;
	const struct object *o;

	if (repo == NULL || rkey == NULL || collection == NULL) {
		sandbox_bs_fail(
			ex, 400, "InvalidRequest",
			"Params must have the properties \"repo\", \"collection\", \"rkey\"");
		return;
	}
	if (a == NULL) {
		sandbox_bs_fail(ex, 400, "InvalidRequest", "Could not locate record");
		return;
	}
	o = strcmp(collection, BS_POST) == 0 ? object_at(ex, uri_of(ex->arena, a->id, rkey)) : NULL;
	if (o == NULL)
		sandbox_bs_fail(ex, 400, "RecordNotFound", "Could not locate record: at://%s/%s/%s",
				a->id, collection, rkey);
	else
		sandbox_exchange_json(ex, 200, record_json(ex, o));
}

static int by_key(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;

	return strcmp(y->code, x->code);
}

/* Newest key first; the cursor is the last key shown. */
void sandbox_bs_list_records(struct exchange *ex)
{
	const char *repo = sandbox_exchange_param(ex, "repo");
	const char *limit = sandbox_exchange_param(ex, "limit");
	const char *cursor = sandbox_exchange_param(ex, "cursor");
	const struct account *a = repo != NULL ? sandbox_bs_account(ex->world, repo) : NULL;
	const size_t most = limit != NULL ? strtoul(limit, NULL, 10) : LIST_USUAL;
	struct list shown = sandbox_list_new(ex->arena);
	json_t *records, *out;

	if (a == NULL || most < 1 || most > LIST_MOST) {
		sandbox_bs_fail(ex, 400, "InvalidRequest", "Could not find repo");
		return;
	}
	for (size_t i = 0; i < a->objects.n; i++) {
		const struct object *o = a->objects.v[i];

		if (!o->is_deleted && (cursor == NULL || strcmp(o->code, cursor) < 0))
			sandbox_list_add(&shown, a->objects.v[i]);
	}
	if (shown.n > 0)
		qsort(shown.v, shown.n, sizeof(*shown.v), by_key);
	records = json_array();
	for (size_t i = 0; i < shown.n && i < most; i++)
		json_array_append_new(records, record_json(ex, shown.v[i]));
	out = json_pack("{s:o}", "records", records);
	if (shown.n > most)
		json_object_set_new(out, "cursor",
				    json_string(((struct object *)shown.v[most - 1])->code));
	sandbox_exchange_json(ex, 200, out);
}

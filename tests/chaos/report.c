/* SPDX-License-Identifier: Apache-2.0 */
/* What a campaign came to, as Markdown. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "chaos.h"
#include "sandbox/faults.h"

static int smaller(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t at(const int64_t *sorted, size_t n, size_t per_mille)
{
	return n == 0 ? 0 : sorted[(n - 1) * per_mille / 1000];
}

int64_t chaos_violations(const struct campaign *c)
{
	int64_t n = 0;

	for (int i = 0; i < VIOLATIONS; i++)
		n += c->tally.violations[i];
	return n;
}

static void report_verdict(const struct campaign *c, FILE *out)
{
	const struct chaos_tally *t = &c->tally;

	fprintf(out, "| invariant | broken |\n|---|---|\n");
	for (int i = 0; i < VIOLATIONS; i++)
		fprintf(out, "| %s | %lld |\n", chaos_violation_names[i],
			(long long)t->violations[i]);
	fprintf(out, "\n| end of a post | posts |\n|---|---|\n");
	for (int i = 0; i < POST_STATES; i++) {
		if (t->states[i] > 0 || (RIG_OVER & 1u << i) != 0)
			fprintf(out, "| %s | %lld |\n", post_state_name((enum post_state)i),
				(long long)t->states[i]);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Its names, sorted; the caller frees the array. */
static const char **names_of(json_t *object, size_t *ret_n)
{
	const char **names = alloc_array(json_object_size(object) + 1, sizeof(*names));
	const char *name;
	json_t *value;

	*ret_n = 0;
	json_object_foreach(object, name, value)
		names[(*ret_n)++] = name;
	qsort(names, *ret_n, sizeof(*names), by_text);
	return names;
}

static void report_unconfirmed(const struct chaos_tally *t, FILE *out)
{
	size_t n;
	const char **names = names_of(t->unconfirmed, &n);

	fprintf(out, "\n| unconfirmed, and why | there | not there | others alike: untold |\n"
		     "|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_object_get(t->unconfirmed, names[i]);

		fprintf(out, "| %s |", names[i]);
		for (size_t k = 0; k < json_array_size(row); k++)
			fprintf(out, " %lld |",
				(long long)json_integer_value(json_array_get(row, k)));
		fputc('\n', out);
	}
	free(names);
}

static const int64_t bars_ms[] = { 100, 1000, 5000, 10000, 20000, 40000, 60000, 90000, INT64_MAX };

/* Rows of what took less than that, and not less than the row before. */
static void report_spread(const char *what, const int64_t *sorted, size_t n, FILE *out)
{
	size_t i = 0;

	fprintf(out, "\n| %s | posts |\n|---|---|\n", what);
	for (size_t bar = 0; bar < ARRAY_LEN(bars_ms); bar++) {
		const size_t from = i;

		while (i < n && sorted[i] < bars_ms[bar])
			i++;
		if (bars_ms[bar] == INT64_MAX)
			fprintf(out, "| longer | %zu |\n", i - from);
		else
			fprintf(out, "| below %g s | %zu |\n", (double)bars_ms[bar] / 1000,
				i - from);
	}
}

static void report_deeds(const struct chaos_tally *t, FILE *out)
{
	static const char *const acts[] = { NULL, "cancelled", "moved", "edited", "published now" };
	static const char *const blows[BLOWS] = {
		"runner killed",       "runner stopped",          "database killed",
		"database stopped",    "access tokens ended",     "all platforms out of reach",
		"disk of a host full", "clock of a host stepped",
	};

	fprintf(out, "\n| what was done to them | times |\n|---|---|\n");
	for (size_t i = 1; i < ARRAY_LEN(acts); i++)
		fprintf(out, "| post %s around its time | %lld |\n", acts[i],
			(long long)t->acts[i]);
	for (int i = 0; i < BLOWS; i++)
		fprintf(out, "| %s | %lld |\n", blows[i], (long long)t->blows[i]);
	fprintf(out, "| runners started | %lld |\n| runners that died of a signal | %lld |\n",
		(long long)t->starts, (long long)t->runner_deaths);
}

static int64_t met(const struct chaos_tally *t, const char *platform, const char *point)
{
	char name[120];

	(void)snprintf(name, sizeof(name), "%s %s", platform, point);
	return json_integer_value(json_object_get(t->faults, name));
}

/* Those that every endpoint may draw: a row each, a column a platform. */
static void report_common_faults(const struct chaos_tally *t, const char *const *platforms,
				 size_t n, FILE *out)
{
	fprintf(out, "\n| fault met, of any call |");
	for (size_t i = 0; i < n; i++)
		fprintf(out, " %s |", platforms[i]);
	fprintf(out, "\n|---|");
	for (size_t i = 0; i < n; i++)
		fprintf(out, "---|");
	for (const struct fault_kind *k = sandbox_faults_kinds; k->point; k++) {
		if (!k->is_planned)
			continue;
		fprintf(out, "\n| %s |", k->point);
		for (size_t i = 0; i < n; i++)
			fprintf(out, " %lld |", (long long)met(t, platforms[i], k->point));
	}
	fputc('\n', out);
}

static bool is_common(const char *point)
{
	for (const struct fault_kind *k = sandbox_faults_kinds; k->point; k++) {
		if (k->is_planned && strcmp(k->point, point) == 0)
			return true;
	}
	return false;
}

/* A platform's own: a row a platform, "point times, point times". */
static void report_own_faults(const struct chaos_tally *t, const char *const *platforms, size_t n,
			      FILE *out)
{
	size_t names_n;
	const char **names = names_of(t->faults, &names_n);

	fprintf(out, "\n| faults met, of the platform's own | times |\n|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		const size_t len = strlen(platforms[i]);
		const char *between = "";

		fprintf(out, "| %s | ", platforms[i]);
		for (size_t k = 0; k < names_n; k++) {
			if (strncmp(names[k], platforms[i], len) != 0 || names[k][len] != ' ' ||
			    is_common(names[k] + len + 1))
				continue;
			fprintf(out, "%s%s %lld", between, names[k] + len + 1,
				(long long)json_integer_value(
					json_object_get(t->faults, names[k])));
			between = ", ";
		}
		fprintf(out, " |\n");
	}
	free(names);
}

static void report_faults(const struct campaign *c, FILE *out)
{
	const char *platforms[RIG_PLATFORMS];
	const size_t n = (size_t)c->rig.platforms_n;

	for (size_t i = 0; i < n; i++)
		platforms[i] = c->rig.platforms[i].name;
	qsort(platforms, n, sizeof(*platforms), by_text);
	report_common_faults(&c->tally, platforms, n, out);
	report_own_faults(&c->tally, platforms, n, out);
}

void chaos_report(struct campaign *c, FILE *out)
{
	struct chaos_tally *t = &c->tally;
	struct utsname host;
	const time_t now = time(NULL);
	struct tm day;
	char date[16] = "";

	if (gmtime_r(&now, &day))
		(void)strftime(date, sizeof(date), "%Y-%m-%d", &day);
	(void)uname(&host);
	if (t->doubt_n > 0)
		qsort(t->doubt_ms, t->doubt_n, sizeof(*t->doubt_ms), smaller);
	if (t->late_n > 0)
		qsort(t->late_ms, t->late_n, sizeof(*t->late_ms), smaller);
	fprintf(out, "seed %llu, %lld posts in rounds of %d, %d a second, %s, %s %s\n\n",
		(unsigned long long)c->seed, (long long)t->posts, c->round_posts, c->rate, date,
		host.sysname, host.release);
	report_verdict(c, out);
	report_unconfirmed(t, out);
	fprintf(out,
		"\n%lld attempts, %lld of them in doubt and read up on; a doubt was settled after "
		"%lld ms (median), %lld ms (p99) with waits scaled down to a quarantine of 3 s.\n"
		"Fires of posts that needed one attempt left %lld ms (median), %lld ms (p99) after "
		"their due time, what the faults cost before them included.\n",
		(long long)t->attempts, (long long)t->doubts,
		(long long)at(t->doubt_ms, t->doubt_n, 500),
		(long long)at(t->doubt_ms, t->doubt_n, 990),
		(long long)at(t->late_ms, t->late_n, 500),
		(long long)at(t->late_ms, t->late_n, 990));
	report_spread("a doubt was settled after", t->doubt_ms, t->doubt_n, out);
	report_spread("the fire of a post with one attempt left after its due time by", t->late_ms,
		      t->late_n, out);
	report_deeds(t, out);
	report_faults(c, out);
}

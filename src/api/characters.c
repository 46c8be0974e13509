/* SPDX-License-Identifier: Apache-2.0 */
#include "store/characters.h"

#include <string.h>

#include "api/api.h"
#include "api/overrides.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/tz.h"
#include "domain/timetable.h"
#include "http/paging.h"
#include "platform/platform.h"
#include "store/accounts.h"

struct character_body {
	uint64_t present;
	const char *name, *handle, *niche, *timezone;
	json_t *schedule, *default_accounts;
};

enum { ROW_NAME, ROW_HANDLE, ROW_NICHE, ROW_TIMEZONE, ROW_SCHEDULE, ROW_DEFAULT_ACCOUNTS };

struct window_body {
	uint64_t present;
	struct field_texts days;
	const char *from, *to;
};
struct plan_body {
	uint64_t present;
	int64_t posts_per_day, min_gap_minutes;
	struct field_objects windows;
};

/* clang-format off */
#define CHARACTER_ROWS(need)                                                                                                \
	{ .name = "name",             .kind = FIELD_TEXT, .offset = offsetof(struct character_body, name), .flags = (need) | FIELD_NONEMPTY, .most = 200 }, \
	{ .name = "handle",           .kind = FIELD_TEXT, .offset = offsetof(struct character_body, handle), .flags = FIELD_NULLABLE, .most = 100 },        \
	{ .name = "niche",            .kind = FIELD_TEXT, .offset = offsetof(struct character_body, niche), .flags = FIELD_NULLABLE, .most = 200 },         \
	{ .name = "timezone",         .kind = FIELD_TZ,   .offset = offsetof(struct character_body, timezone), .flags = FIELD_NULLABLE },                   \
	{ .name = "schedule",         .kind = FIELD_JSON, .offset = offsetof(struct character_body, schedule), .flags = FIELD_NULLABLE,                     \
	  .sentence = "Per platform: posts_per_day, windows [{days, from, to}], min_gap_minutes." },                                                       \
	{ .name = "default_accounts", .kind = FIELD_JSON, .offset = offsetof(struct character_body, default_accounts), .flags = FIELD_NULLABLE,             \
	  .sentence = "Per platform: the account that its name means for this character." },                                                               \
	{ .name = NULL }

static const struct field create_fields[] = { CHARACTER_ROWS(FIELD_REQUIRED) };
static const struct field patch_fields[] = { CHARACTER_ROWS(0) };
static const struct schema create_schema = { "CharacterCreate", sizeof(struct character_body), create_fields };
static const struct schema patch_schema = { "CharacterPatch", sizeof(struct character_body), patch_fields };

static const struct field window_fields[] = {
	{ .name = "days", .kind = FIELD_TEXTS, .offset = offsetof(struct window_body, days), .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = 7, .item_most = 3 },
	{ .name = "from", .kind = FIELD_TEXT, .offset = offsetof(struct window_body, from), .flags = FIELD_REQUIRED, .most = 5 },
	{ .name = "to",   .kind = FIELD_TEXT, .offset = offsetof(struct window_body, to),   .flags = FIELD_REQUIRED, .most = 5 },
	{ .name = NULL },
};
static const struct schema window_schema = { "ScheduleWindow", sizeof(struct window_body), window_fields };
static const struct field plan_fields[] = {
	{ .name = "posts_per_day",   .kind = FIELD_INT, .offset = offsetof(struct plan_body, posts_per_day), .least = 1, .most = 50 },
	{ .name = "min_gap_minutes", .kind = FIELD_INT, .offset = offsetof(struct plan_body, min_gap_minutes), .least = 1, .most = 10080 },
	{ .name = "windows",         .kind = FIELD_OBJECTS, .offset = offsetof(struct plan_body, windows), .most = 50, .nested = &window_schema },
	{ .name = NULL },
};
static const struct schema plan_schema = { "PlatformPlan", sizeof(struct plan_body), plan_fields };

static const struct field view_fields[] = {
	{ .name = "id",               .kind = FIELD_ID },
	{ .name = "name",             .kind = FIELD_TEXT },
	{ .name = "handle",           .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "niche",            .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "timezone",         .kind = FIELD_TZ,   .flags = FIELD_NULLABLE },
	{ .name = "schedule",         .kind = FIELD_JSON, .flags = FIELD_NULLABLE },
	{ .name = "default_accounts", .kind = FIELD_JSON, .flags = FIELD_NULLABLE },
	{ .name = "paused_at",        .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE, .sentence = "Since when nothing of it goes out; null: it does." },
	{ .name = "created_at",       .kind = FIELD_INSTANT },
	{ .name = "updated_at",       .kind = FIELD_INSTANT },
	{ .name = NULL },
};
static const struct schema view_schema = { "Character", 0, view_fields };
static const struct field list_fields[] = {
	{ .name = "characters",  .kind = FIELD_OBJECTS, .nested = &view_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "CharacterList", 0, list_fields };
/* clang-format on */

static void emit_character(struct emit *e, const struct character *c)
{
	emit_open(e, NULL);
	emit_text(e, "id", c->id);
	emit_text(e, "name", c->name);
	emit_text(e, "handle", c->handle);
	emit_text(e, "niche", c->niche);
	emit_text(e, "timezone", c->timezone);
	emit_raw(e, "schedule", c->schedule);
	emit_raw(e, "default_accounts", c->default_accounts);
	emit_instant(e, "paused_at", c->paused_us);
	emit_instant(e, "created_at", c->created_us);
	emit_instant(e, "updated_at", c->updated_us);
	emit_close(e);
}

static int reply_character(struct reply *ret, const struct character *c)
{
	emit_character(&ret->emit, c);
	ret->version = c->version;
	return 0;
}

static void check_zone(const char *zone, struct problem *reterr)
{
	CLEANUP(tz_free) struct tz *tz = NULL;

	if (zone && tz_load(zone, &tz) < 0)
		problem_add(reterr, "/timezone", "unknown_timezone",
			    "\"%s\" is not an IANA time zone", zone);
}

static void check_window(const char *at, const struct window_body *w, struct problem *reterr)
{
	int from = w->from ? timetable_minutes(w->from) : -1;
	int to = w->to ? timetable_minutes(w->to) : -1;

	for (size_t i = 0; i < w->days.n; i++)
		if (timetable_weekday(w->days.v[i]) < 0)
			problem_add(reterr, at, "out_of_range",
				    "\"%s\" is not one of mon, tue, wed, thu, fri, sat, sun",
				    w->days.v[i]);
	if (from < 0 || to < 0)
		problem_add(reterr, at, "out_of_range",
			    "from and to are times of day such as 09:00");
	else if (from >= to)
		problem_add(reterr, at, "out_of_range", "from must be earlier than to");
}

static void check_plan(struct request *req, const char *platform, const json_t *value,
		       struct problem *reterr)
{
	const char *at = arena_printf(req->arena, "/schedule/%s", platform);
	void *bound = NULL;
	const struct plan_body *plan;
	const struct window_body *windows;

	if (!platform_find(platform)) {
		problem_add(reterr, at, "unknown_member", "\"%s\" is not a platform", platform);
		return;
	}
	if (schema_bind_value(&plan_schema, value, at, req->arena, &bound, reterr) < 0)
		return;
	plan = bound;
	windows = plan->windows.v;
	for (size_t i = 0; i < plan->windows.n; i++)
		check_window(arena_printf(req->arena, "%s/windows/%zu", at, i), &windows[i],
			     reterr);
}

static void check_default_account(struct request *req, const char *platform, const json_t *value,
				  struct problem *reterr)
{
	const char *at = arena_printf(req->arena, "/default_accounts/%s", platform);
	const char *id = json_string_value(value);
	struct problem absent;
	struct account account;

	problem_clear(&absent);
	if (!id)
		problem_add(reterr, at, "wrong_type", "must be an account id");
	else if (store_accounts_get(req->app->db, req->principal->workspace, id, req->arena,
				    &account, &absent) < 0 ||
		 strcmp(account.platform, platform) != 0)
		problem_add(reterr, at, "unknown_account", "no such account on %s", platform);
}

static int check_body(struct request *req, const struct character_body *in, struct problem *reterr)
{
	const char *key;
	json_t *value;

	check_zone(in->timezone, reterr);
	json_object_foreach(in->schedule, key, value)
		check_plan(req, key, value, reterr);
	json_object_foreach(in->default_accounts, key, value)
		check_default_account(req, key, value, reterr);
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

static struct character_patch patch_of(struct request *req, const struct character_body *in)
{
	struct character_patch p = {
		.name = in->name,
		.handle = in->handle,
		.niche = in->niche,
		.timezone = in->timezone,
		.schedule = overrides_text(req->arena, in->schedule),
		.default_accounts = overrides_text(req->arena, in->default_accounts),
	};

	p.given = (unsigned)in->present; /* rows and enum character_member run alike */
	return p;
}

static int create(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct character_body *in = req->in;
	struct character_patch patch;
	struct character c;

	if (check_body(req, in, reterr) < 0)
		return -1;
	patch = patch_of(req, in);
	if (store_characters_insert(req->app->db, req->principal->workspace, &patch, req->arena, &c,
				    reterr) < 0)
		return -1;
	reply_header(ret, req->arena, "Location", "/api/v1/characters/%s", c.id);
	return reply_character(ret, &c);
}

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct character c;

	if (store_characters_get(req->app->db, req->principal->workspace, req->params[0],
				 req->arena, &c, reterr) < 0)
		return -1;
	return reply_character(ret, &c);
}

static int update(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct character_body *in = req->in;
	struct character_patch patch;
	int64_t version;

	if (request_if_match(req, &version, reterr) < 0 || check_body(req, in, reterr) < 0)
		return -1;
	patch = patch_of(req, in);
	if (store_characters_update(req->app->db, req->principal->workspace, req->params[0], &patch,
				    version, reterr) < 0)
		return -1;
	return get(req, ret, reterr);
}

static int drop(struct request *req, struct reply *ret, struct problem *reterr)
{
	int64_t version;

	(void)ret;
	if (request_if_match(req, &version, reterr) < 0)
		return -1;
	return store_characters_delete(req->app->db, req->principal->workspace, req->params[0],
				       version, reterr);
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct paging at;
	struct page page;
	struct characters found;

	if (paging_read(req, "characters", &at, reterr) < 0)
		return -1;
	page = (struct page){ .limit = at.limit, .after_us = at.after_us, .after_id = at.after_id };
	if (store_characters_list(req->app->db, req->principal->workspace, &page, req->arena,
				  &found, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "characters");
	for (size_t i = 0; i < found.n; i++)
		emit_character(&ret->emit, &found.v[i]);
	emit_close_array(&ret->emit);
	paging_close(req, ret, "characters", found.has_more,
		     found.n ? found.v[found.n - 1].created_us : INSTANT_NONE,
		     found.n ? found.v[found.n - 1].id : NULL);
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
static const struct query_param list_query[] = {
	{ .name = "limit",  .kind = QUERY_INT, .least = 1, .most = 100, .sentence = "Rows a page." },
	{ .name = "cursor", .kind = QUERY_CURSOR, .sentence = "next_cursor of the page before." },
	{ .name = NULL },
};

#define READ  .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_CHARACTERS_READ),  .rate = RATE_READ
#define WRITE .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_CHARACTERS_WRITE), .rate = RATE_WRITE
const struct route api_characters_routes[] = {
	{ HTTP_GET,    "/api/v1/characters",      READ,  .ok = 200, .query = list_query, .reply = &list_schema, .handler = list, .operation = "listCharacters", .summary = "List characters" },
	{ HTTP_POST,   "/api/v1/characters",      WRITE, .ok = 201, .body = &create_schema, .reply = &view_schema, .handler = create, .operation = "createCharacter", .summary = "Create a character" },
	{ HTTP_GET,    "/api/v1/characters/{id}", READ,  .ok = 200, .has_version = true, .reply = &view_schema, .handler = get, .operation = "getCharacter", .summary = "Read a character" },
	{ HTTP_PATCH,  "/api/v1/characters/{id}", WRITE, .ok = 200, .body = &patch_schema, .reply = &view_schema, .handler = update, .operation = "updateCharacter", .summary = "Change a character" },
	{ HTTP_DELETE, "/api/v1/characters/{id}", WRITE, .ok = 204, .body_max = -1, .handler = drop, .operation = "deleteCharacter", .summary = "Delete a character without content" },
	{ .pattern = NULL },
};
/* clang-format on */

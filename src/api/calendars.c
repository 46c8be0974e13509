/* SPDX-License-Identifier: Apache-2.0 */
/* Calendars to subscribe to: made, rotated and revoked by members, read by whoever has the address. */
#include <string.h>

#include "api/api.h"
#include "api/mode.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "domain/ical.h"
#include "platform/platform.h"
#include "store/calendars.h"
#include "store/characters.h"

#define SECRET_BYTES  32
#define SECRET_PREFIX "cal_"
#define SECRET_MAX    (sizeof(SECRET_PREFIX) + TOKEN_TEXT_MAX(SECRET_BYTES))
#define FEED_PATH     "/api/v1/schedule/calendar.ics"

struct calendar_body {
	uint64_t present;
	const char *name, *character_id;
};

/* clang-format off */
static const struct field create_fields[] = {
	{ .name = "name",         .kind = FIELD_TEXT, .offset = offsetof(struct calendar_body, name), .flags = FIELD_NONEMPTY, .most = 200 },
	{ .name = "character_id", .kind = FIELD_ID,   .offset = offsetof(struct calendar_body, character_id), .sentence = "Only this character's posts." },
	{ .name = NULL },
};
static const struct schema create_schema = { "CalendarCreate", sizeof(struct calendar_body), create_fields };
static const struct field no_fields[] = { { .name = NULL } };
struct empty_body {
	uint64_t present;
};
static const struct schema empty_schema = { "Empty", sizeof(struct empty_body), no_fields };

#define VIEW_ROWS \
	{ .name = "id",           .kind = FIELD_ID }, \
	{ .name = "name",         .kind = FIELD_TEXT }, \
	{ .name = "character_id", .kind = FIELD_ID, .flags = FIELD_NULLABLE }, \
	{ .name = "created_by",   .kind = FIELD_ID, .flags = FIELD_NULLABLE }, \
	{ .name = "created_at",   .kind = FIELD_INSTANT }
static const struct field view_fields[] = { VIEW_ROWS, { .name = NULL } };
static const struct schema view_schema = { "Calendar", 0, view_fields };
static const struct field secret_fields[] = {
	VIEW_ROWS,
	{ .name = "url", .kind = FIELD_TEXT, .sentence = "Shown once; whoever has it can read the calendar." },
	{ .name = NULL },
};
static const struct schema secret_schema = { "CalendarWithUrl", 0, secret_fields };
static const struct field list_fields[] = {
	{ .name = "calendars",   .kind = FIELD_OBJECTS, .nested = &view_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "CalendarList", 0, list_fields };
/* clang-format on */

static void emit_calendar(struct emit *e, const struct calendar *c, const char *url)
{
	emit_open(e, NULL);
	emit_text(e, "id", c->id);
	emit_text(e, "name", c->name);
	emit_text(e, "character_id", c->character_id);
	emit_text(e, "created_by", c->created_by);
	emit_instant(e, "created_at", c->created_us);
	if (url)
		emit_text(e, "url", url);
	emit_close(e);
}

/* A new address, and what of it is kept. */
static const char *make_address(struct request *req, uint8_t ret_hash[static SHA256_BYTES])
{
	char secret[SECRET_MAX] = SECRET_PREFIX;

	random_token(secret + strlen(SECRET_PREFIX), SECRET_BYTES);
	digest_sha256(secret, strlen(secret), ret_hash);
	return arena_printf(req->arena, "%s" FEED_PATH "?token=%s",
			    req->app->config->server_public_url, secret);
}

static int reply_secret(struct request *req, struct reply *ret, const char *id, const char *url,
			struct problem *reterr)
{
	struct calendar c;

	if (store_calendars_get(req->app->db, req->principal->workspace, id, req->arena, &c,
				reterr) < 0)
		return -1;
	emit_calendar(&ret->emit, &c, url);
	return 0;
}

static int create(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct calendar_body *in = req->in;
	const struct calendar new = {
		.name = in && in->name ? in->name : "Carillon",
		.character_id = in ? in->character_id : NULL,
		.livemode = mode_of(req),
		.account_ids = mode_accounts(req),
		.created_by = req->principal->id,
	};
	uint8_t hash[SHA256_BYTES];
	const char *url = make_address(req, hash);
	struct character character;
	char id[ID_MAX];

	if (new.character_id &&
	    store_characters_get(req->app->db, req->principal->workspace, new.character_id,
				 req->arena, &character, reterr) < 0)
		return -1;
	if (store_calendars_insert(req->app->db, req->principal->workspace, &new, hash, id,
				   reterr) < 0)
		return -1;
	return reply_secret(req, ret, id, url, reterr);
}

/* A user sees the whole workspace; of a key it is only what it made, which shows what it may see. */
static bool is_seen(const struct principal *p, const struct calendar *c)
{
	return p->kind == PRINCIPAL_USER || (c->created_by && strcmp(c->created_by, p->id) == 0);
}

static int find(struct request *req, struct problem *reterr)
{
	struct calendar c;

	if (store_calendars_get(req->app->db, req->principal->workspace, req->params[0], req->arena,
				&c, reterr) < 0)
		return -1;
	if (!is_seen(req->principal, &c))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "calendar %s does not exist",
				   req->params[0]);
	return 0;
}

static int rotate(struct request *req, struct reply *ret, struct problem *reterr)
{
	uint8_t hash[SHA256_BYTES];
	const char *url = make_address(req, hash);

	if (find(req, reterr) < 0 || store_calendars_rotate(req->app->db, req->principal->workspace,
							    req->params[0], hash, reterr) < 0)
		return -1;
	return reply_secret(req, ret, req->params[0], url, reterr);
}

static int drop(struct request *req, struct reply *ret, struct problem *reterr)
{
	(void)ret;
	if (find(req, reterr) < 0)
		return -1;
	return store_calendars_delete(req->app->db, req->principal->workspace, req->params[0],
				      reterr);
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct calendars found;

	if (store_calendars_list(req->app->db, req->principal->workspace, req->arena, &found,
				 reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "calendars");
	for (size_t i = 0; i < found.n; i++) {
		if (is_seen(req->principal, &found.v[i]))
			emit_calendar(&ret->emit, &found.v[i], NULL);
	}
	emit_close_array(&ret->emit);
	emit_null(&ret->emit, "next_cursor");
	emit_close(&ret->emit);
	return 0;
}

static const char *title_of(const char *platform)
{
	const struct platform *p = platform_find(platform);

	return p ? p->title : platform;
}

static void print_event(struct request *req, struct buf *b, const struct calendar_event *ev)
{
	ical_raw(b, "BEGIN", "VEVENT");
	ical_text(b, "UID", ev->post_id);
	ical_instant(b, "DTSTAMP", ev->updated_us);
	ical_instant(b, "DTSTART", ev->due_us);
	ical_raw(b, "DURATION", "PT5M");
	ical_raw(b, "SEQUENCE", arena_printf(req->arena, "%lld", (long long)ev->version));
	ical_text(b, "SUMMARY",
		  arena_printf(req->arena, "%s (%s): %s", title_of(ev->platform), ev->username,
			       ev->words ? ev->words : "without words"));
	ical_text(b, "DESCRIPTION",
		  arena_printf(req->arena, "State: %s\n\n%s", ev->state,
			       ev->caption ? ev->caption : ""));
	ical_raw(b, "URL", ev->remote_url);
	ical_raw(b, "TRANSP", "TRANSPARENT");
	ical_raw(b, "END", "VEVENT");
}

static int feed(struct request *req, struct reply *ret, struct problem *reterr)
{
	const char *secret = request_query(req, "token");
	uint8_t hash[SHA256_BYTES];
	struct calendar c;
	struct calendar_events events;

	digest_sha256(secret ? secret : "", secret ? strlen(secret) : 0, hash);
	if (store_calendars_open(req->app->db, hash, req->arena, &c, reterr) < 0 ||
	    store_calendars_events(req->app->db, &c, req->arena, &events, reterr) < 0)
		return -1;
	ret->content_type = "text/calendar; charset=utf-8";
	ical_raw(&ret->body, "BEGIN", "VCALENDAR");
	ical_raw(&ret->body, "VERSION", "2.0");
	ical_raw(&ret->body, "PRODID", "-//Carillon//Schedule//EN");
	ical_raw(&ret->body, "CALSCALE", "GREGORIAN");
	ical_raw(&ret->body, "METHOD", "PUBLISH");
	ical_text(&ret->body, "X-WR-CALNAME", c.name);
	ical_raw(&ret->body, "REFRESH-INTERVAL;VALUE=DURATION", "PT15M");
	for (size_t i = 0; i < events.n; i++)
		print_event(req, &ret->body, &events.v[i]);
	ical_raw(&ret->body, "END", "VCALENDAR");
	return 0;
}

/* clang-format off */
static const struct query_param feed_query[] = {
	{ .name = "token", .kind = QUERY_TEXT, .most = 128, .sentence = "The secret of the address." },
	{ .name = NULL },
};

#define READ  .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_READ),  .rate = RATE_READ
#define WRITE .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_WRITE), .rate = RATE_WRITE
const struct route api_calendars_routes[] = {
	{ HTTP_GET,    "/api/v1/schedule/calendar.ics",          .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_READ, .query = feed_query, .ok = 200, .type = "text/calendar", .handler = feed, .operation = "readCalendar", .summary = "A calendar of posts for whoever has its secret address" },
	{ HTTP_GET,    "/api/v1/schedule/calendars",             READ,  .ok = 200, .reply = &list_schema, .handler = list, .operation = "listCalendars", .summary = "List calendars" },
	{ HTTP_POST,   "/api/v1/schedule/calendars",             WRITE, .ok = 201, .body = &create_schema, .is_body_optional = true, .reply = &secret_schema, .handler = create, .operation = "createCalendar", .summary = "Make a calendar to subscribe to; its address is shown once" },
	{ HTTP_POST,   "/api/v1/schedule/calendars/{id}/rotate", WRITE, .ok = 200, .body = &empty_schema, .is_body_optional = true, .reply = &secret_schema, .handler = rotate, .operation = "rotateCalendar", .summary = "Give a calendar a new address; the old one ends at once" },
	{ HTTP_DELETE, "/api/v1/schedule/calendars/{id}",        WRITE, .ok = 204, .body_max = -1, .handler = drop, .operation = "deleteCalendar", .summary = "Revoke a calendar's address" },
	{ .pattern = NULL },
};
/* clang-format on */

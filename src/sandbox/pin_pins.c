/* SPDX-License-Identifier: Apache-2.0 */
/* Pins: created at once and never deduplicated, listed after a while, saved, deleted. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "sandbox/pin.h"
#include "sandbox/reaction.h"

#define HANG_MS 200000

struct limit {
	const char *name;
	size_t most; /* characters; 0: digits */
};
static const struct limit limits[] = {
	{ "title", 100 },          { "description", 800 },  { "alt_text", 500 },
	{ "link", 2048 },          { "board_id", 0 },       { "parent_pin_id", 0 },
	{ "board_section_id", 0 }, { "dominant_color", 7 }, { "media_source", 0 },
};

static bool value_fits(struct exchange *ex, const char *name, const json_t *value)
{
	const char *text = json_string_value(value);

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		if (strcmp(limits[i].name, name) != 0)
			continue;
		if (json_is_null(value) || json_is_object(value))
			return true;
		if (text == NULL)
			break;
		if (limits[i].most == 0 &&
		    (*text == '\0' || text[strspn(text, "0123456789")] != '\0'))
			return sandbox_pin_fail(
				ex, 400, 1,
				arena_printf(ex->arena, "'%s' does not match '^\\d+$'", name));
		if (limits[i].most > 0 && utf8_points(text) > limits[i].most)
			return sandbox_pin_fail(ex, 400, 1,
						arena_printf(ex->arena, "%s is too long", name));
		return true;
	}
	return sandbox_pin_fail(ex, 400, 1,
				arena_printf(ex->arena, "Invalid request: property %s", name));
}

static bool body_fits(struct exchange *ex, const json_t *in)
{
	const char *name;
	json_t *value;

	if (!json_is_object(in))
		return sandbox_pin_fail(ex, 400, 1,
					"Invalid request: the body must be a JSON object.");
	json_object_foreach((json_t *)(uintptr_t)in, name, value) {
		if (!value_fits(ex, name, value))
			return false;
	}
	return true;
}

static const char *kept(struct world *w, const json_t *in, const char *name)
{
	const char *text = json_string_value(json_object_get(in, name));

	return text != NULL ? arena_strdup(w->arena, text) : NULL;
}

static bool place_find(struct exchange *ex, const struct account *a, const json_t *in,
		       struct pin_extra *ret)
{
	const char *board = json_string_value(json_object_get(in, "board_id"));
	const char *section = json_string_value(json_object_get(in, "board_section_id"));

	ret->board = sandbox_pin_board(ex, a, board != NULL ? board : "");
	if (ret->board == NULL)
		return false;
	if (section == NULL)
		return true;
	ret->section = sandbox_pin_section(ex, ret->board, section);
	return ret->section != NULL;
}

static const char *options_text(struct exchange *ex, const json_t *in)
{
	const json_t *source = json_object_get(in, "media_source");
	json_t *out = json_object();
	char *text;
	const char *kept_text;

	for (size_t i = 0; i + 1 < ARRAY_LEN(limits); i++)
		if (json_is_string(json_object_get(in, limits[i].name)))
			json_object_set(out, limits[i].name, json_object_get(in, limits[i].name));
	json_object_set(out, "source_type", json_object_get(source, "source_type"));
	if (json_object_get(source, "cover_image_key_frame_time") != NULL)
		json_object_set(out, "cover_image_key_frame_time",
				json_object_get(source, "cover_image_key_frame_time"));
	text = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
	kept_text = arena_strdup(ex->world->arena, text);
	free(text);
	json_decref(out);
	return kept_text;
}

static struct object *object_new(struct exchange *ex, struct account *a)
{
	struct world *w = ex->world;
	const json_t *lag = sandbox_faults_hit(ex, "list.lag");
	struct object *o = arena_alloc(w->arena, sizeof(*o));

	o->platform = &sandbox_pinterest;
	o->account = a;
	o->id = sandbox_world_id(w, "8137", 18);
	o->code = o->id;
	o->media = sandbox_list_new(w->arena);
	o->comments = sandbox_list_new(w->arena);
	o->created_us = sandbox_world_now(w);
	o->listed_us = o->created_us +
		       sandbox_faults_int(lag, "ms", w->settings.listing_lag_ms) * US_PER_MS;
	o->ends_us = INSTANT_NONE;
	o->extra = arena_alloc(w->arena, sizeof(struct pin_extra));
	return o;
}

/* Reactions and comments are counted over the whole life alone. */
static json_t *metrics_json(const struct object *o)
{
	const struct reaction r = sandbox_reaction(o);
	json_t *recent = json_pack("{s:I,s:I,s:I,s:I}", "impression", (json_int_t)r.views, "save",
				   (json_int_t)r.saves, "pin_click", (json_int_t)(r.views / 20),
				   "outbound_click", (json_int_t)(r.views / 50));
	json_t *all = json_deep_copy(recent);

	json_object_set_new(all, "reaction", json_integer((json_int_t)r.likes));
	json_object_set_new(all, "comment", json_integer((json_int_t)r.comments));
	return json_pack("{s:o,s:o}", "90d", recent, "lifetime_metrics", all);
}

static json_t *pin_json(struct exchange *ex, const struct object *o)
{
	const char *with_metrics = sandbox_exchange_param(ex, "pin_metrics");
	const struct pin_extra *x = o->extra;
	char at[32];
	json_t *out;

	sandbox_pin_zoneless(o->created_us, at, sizeof(at));
	out = json_pack(
		"{s:s,s:s,s:s?,s:s?,s:s?,s:s?,s:s,s:s?,s:{s:s},s:s?,s:s,s:b,s:b,s:b,s:{s:s}}", "id",
		o->id, "created_at", at, "title", x->title, "description", x->description, "link",
		x->link, "alt_text", x->alt_text, "board_id", x->board->id, "board_section_id",
		x->section != NULL ? x->section->id : NULL, "board_owner", "username",
		o->account->username, "parent_pin_id", x->parent, "creative_type",
		strcmp(o->kind, "video") == 0 ? "VIDEO" : "REGULAR", "is_owner", 1, "is_standard",
		0, "has_been_promoted", 0, "media", "media_type", x->media_type);
	if (with_metrics != NULL && strcmp(with_metrics, "true") == 0)
		json_object_set_new(out, "pin_metrics", metrics_json(o));
	return out;
}

/* What is read of pins: a truth value, if it is given. */
static bool metrics_fit(struct exchange *ex)
{
	const char *given = sandbox_exchange_param(ex, "pin_metrics");

	if (given == NULL || strcmp(given, "true") == 0 || strcmp(given, "false") == 0)
		return true;
	return sandbox_pin_fail(ex, 400, 1, "'pin_metrics' is not of type 'boolean'");
}

static bool faults_before(struct exchange *ex)
{
	const json_t *params;

	if (sandbox_faults_hit(ex, "pin.drop_before_commit") != NULL) {
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
		return false;
	}
	if (sandbox_faults_hit(ex, "tier.trial_403") != NULL)
		return sandbox_pin_fail(
			ex, 403, 29,
			"Apps with Trial access may not create Pins in production. Use "
			"the API Sandbox instead.");
	if (sandbox_faults_hit(ex, "pin.fetch_image_400") != NULL)
		return sandbox_pin_fail(ex, 400, 1, "Sorry we could not fetch the image.");
	if (sandbox_faults_hit(ex, "pin.ratio_400") != NULL)
		return sandbox_pin_fail(ex, 400, 400,
					"Pinterest Images must have the same width/height ratios.");
	if (sandbox_faults_hit(ex, "pin.spam_429") != NULL)
		return sandbox_pin_fail(ex, 429, 9, "This action was blocked as spam.");
	if (sandbox_faults_hit(ex, "pin.5xx_before") != NULL)
		return sandbox_pin_fail(ex, 500, 500, "Something went wrong on our end.");
	params = sandbox_faults_hit(ex, "pin.error");
	if (params != NULL)
		return sandbox_pin_fail(
			ex, (int)sandbox_faults_int(params, "status", 400),
			(int)sandbox_faults_int(params, "code", 1),
			sandbox_faults_text(params, "message", "Invalid parameters."));
	params = sandbox_faults_hit(ex, "pin.rate_429");
	if (params == NULL)
		return true;
	sandbox_exchange_add_header(ex, "Retry-After", sandbox_faults_text(params, "reset", "1"));
	return sandbox_pin_fail(ex, 429, 8, "You have exceeded your rate limit. Try again later.");
}

/* Drawn before the commit, so that the truth line names the fault. */
struct fate {
	const json_t *broken, *drop, *hang;
};

static void pin_commit(struct exchange *ex, struct object *o)
{
	struct fate fate = { sandbox_faults_hit(ex, "pin.5xx_after_commit"), NULL, NULL };
	struct pin_media *m =
		o->container != NULL
			? sandbox_map_get(&sandbox_pin_state(ex->world)->media, o->container)
			: NULL;

	fate.drop = sandbox_faults_hit(ex, "pin.commit_then_drop_connection");
	fate.hang = sandbox_faults_hit(ex, "pin.commit_then_hang");
	if (!sandbox_world_publish(ex, o)) {
		sandbox_pin_fail(ex, 500, 500, "Something went wrong on our end.");
		return;
	}
	if (m != NULL) {
		m->is_used = true;
		sandbox_state_touch(ex->world, &m->record);
	}
	sandbox_exchange_json(ex, 201, pin_json(ex, o));
	if (fate.broken != NULL)
		sandbox_pin_fail(ex, 500, 500, "Something went wrong on our end.");
	if (fate.drop != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
	if (fate.hang != NULL)
		sandbox_exchange_wire(ex, WIRE_HANG, sandbox_faults_int(fate.hang, "ms", HANG_MS));
}

static void pin_make(struct exchange *ex, struct account *a, const json_t *in)
{
	struct object *o = object_new(ex, a);
	struct pin_extra *x = o->extra;

	if (!place_find(ex, a, in, x))
		return;
	x->title = kept(ex->world, in, "title");
	x->description = kept(ex->world, in, "description");
	x->link = kept(ex->world, in, "link");
	x->alt_text = kept(ex->world, in, "alt_text");
	o->caption = x->description;
	o->options = options_text(ex, in);
	if (sandbox_pin_source(ex, o, json_object_get(in, "media_source")))
		pin_commit(ex, o);
}

void sandbox_pin_create(struct exchange *ex)
{
	struct account *a = sandbox_pin_account(ex, PIN_WRITE, sandbox_pin_scopes_pins);
	json_t *in;

	if (a == NULL || !faults_before(ex))
		return;
	in = json_loadb(buf_str(&ex->body), ex->body.len, JSON_REJECT_DUPLICATES, NULL);
	if (body_fits(ex, in))
		pin_make(ex, a, in);
	json_decref(in);
}

static void list_reverse(struct list *l)
{
	for (size_t i = 0; i < l->n / 2; i++) {
		void *was = l->v[i];

		l->v[i] = l->v[l->n - 1 - i];
		l->v[l->n - 1 - i] = was;
	}
}

/* board NULL: of all boards. */
static void pins_answer(struct exchange *ex, const struct account *a, const struct pin_board *board,
			const struct pin_section *section)
{
	int64_t now_us = sandbox_world_now(ex->world);
	struct list shown = sandbox_list_new(ex->arena);
	struct pin_page page;
	json_t *items;

	if (!metrics_fit(ex) || !sandbox_pin_page(ex, &page))
		return;
	for (size_t i = a->objects.n; i-- > 0;) { /* newest first */
		struct object *o = a->objects.v[i];
		const struct pin_extra *x = o->extra;

		if (o->is_deleted || o->listed_us > now_us ||
		    (board != NULL && x->board != board) ||
		    (section != NULL && x->section != section))
			continue;
		sandbox_list_add(&shown, o);
	}
	if (sandbox_faults_hit(ex, "list.reversed") != NULL)
		list_reverse(&shown);
	items = json_array();
	for (size_t i = page.from; i < shown.n && i < page.from + page.size; i++)
		json_array_append_new(items, pin_json(ex, shown.v[i]));
	sandbox_pin_page_end(ex, &page, shown.n, items);
}

void sandbox_pin_board_pins(struct exchange *ex)
{
	const struct account *a = sandbox_pin_account(ex, PIN_READ, sandbox_pin_scopes_boards);
	const struct pin_board *b = a != NULL ? sandbox_pin_board(ex, a, ex->captures[0]) : NULL;
	const struct pin_section *s = NULL;

	if (b == NULL)
		return;
	if (ex->captures[1] != NULL) {
		s = sandbox_pin_section(ex, b, ex->captures[1]);
		if (s == NULL)
			return;
	}
	pins_answer(ex, a, b, s);
}

void sandbox_pin_pins(struct exchange *ex)
{
	const struct account *a = sandbox_pin_account(ex, PIN_READ, sandbox_pin_scopes_boards);

	if (a != NULL)
		pins_answer(ex, a, NULL, NULL);
}

static struct object *pin_of(struct exchange *ex, const struct account *a)
{
	struct object *o = sandbox_world_object(ex->world, &sandbox_pinterest, ex->captures[0]);

	if (o != NULL && o->account == a && !o->is_deleted)
		return o;
	sandbox_pin_fail(ex, 404, 50, "Pin not found.");
	return NULL;
}

void sandbox_pin_get(struct exchange *ex)
{
	const struct account *a = sandbox_pin_account(ex, PIN_READ, sandbox_pin_scopes_read);
	const struct object *o = a != NULL && metrics_fit(ex) ? pin_of(ex, a) : NULL;

	if (o != NULL)
		sandbox_exchange_json(ex, 200, pin_json(ex, o));
}

void sandbox_pin_delete(struct exchange *ex)
{
	const struct account *a = sandbox_pin_account(ex, PIN_WRITE, sandbox_pin_scopes_pins);
	struct object *o = a != NULL ? pin_of(ex, a) : NULL;

	if (o == NULL)
		return;
	sandbox_world_delete(ex, o);
	sandbox_exchange_html(ex, 204, "");
}

/* What was sent for the first pin, on another board. */
static const char *saved_options(struct exchange *ex, const struct object *from,
				 const struct pin_extra *x)
{
	json_t *out = json_loads(from->options, 0, NULL);
	const char *kept_text;
	char *text;

	json_object_set_new(out, "board_id", json_string(x->board->id));
	json_object_set_new(out, "parent_pin_id", json_string(x->parent));
	json_object_del(out, "board_section_id");
	text = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
	kept_text = arena_strdup(ex->world->arena, text);
	free(text);
	json_decref(out);
	return kept_text;
}

/* A copy on another board: a pin of its own that names the one it was made of. */
void sandbox_pin_save(struct exchange *ex)
{
	struct account *a = sandbox_pin_account(ex, PIN_WRITE, sandbox_pin_scopes_pins);
	const struct object *from = a != NULL ? pin_of(ex, a) : NULL;
	const char *board = sandbox_exchange_param(ex, "board_id");
	struct pin_extra *x;
	struct object *o;

	if (from == NULL)
		return;
	o = object_new(ex, a);
	x = o->extra;
	*x = *(const struct pin_extra *)from->extra;
	x->parent = from->id;
	x->section = NULL;
	x->board = sandbox_pin_board(ex, a, board != NULL ? board : "");
	if (x->board == NULL)
		return;
	o->kind = from->kind;
	o->caption = from->caption;
	o->options = saved_options(ex, from, x);
	o->media = from->media;
	if (sandbox_world_publish(ex, o))
		sandbox_exchange_json(ex, 201, pin_json(ex, o));
}

void sandbox_pin_web_page(struct exchange *ex)
{
	const struct object *o =
		sandbox_world_object(ex->world, &sandbox_pinterest, ex->captures[0]);
	const struct pin_extra *x = o != NULL ? o->extra : NULL;

	if (o == NULL || o->is_deleted) {
		sandbox_exchange_html(ex, 404,
				      "<!DOCTYPE html><title>Pinterest</title><h1>Not found</h1>");
		return;
	}
	sandbox_exchange_html(
		ex, 200,
		arena_printf(ex->arena,
			     "<!DOCTYPE html><html><head><meta "
			     "charset=\"utf-8\"><title>%s</title></head>"
			     "<body><h1>%s on %s</h1><p "
			     "style=\"white-space:pre-wrap\">%s</p></body></html>",
			     o->account->username,
			     sandbox_params_escape_html(ex->arena,
							x->title != NULL ? x->title : o->kind),
			     sandbox_params_escape_html(ex->arena, x->board->name),
			     sandbox_params_escape_html(
				     ex->arena, x->description != NULL ? x->description : "")));
}

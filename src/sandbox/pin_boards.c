/* SPDX-License-Identifier: Apache-2.0 */
/* People, their boards and sections, and how lists are paged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/pin.h"

#define PAGE_DEFAULT   25
#define PAGE_MAX       250
#define NAME_MAX_CHARS 180

struct pin_board *sandbox_pin_board_add(struct world *w, struct account *a, const char *id,
					const char *name, const char *privacy)
{
	struct pin_board *b = arena_alloc(w->arena, sizeof(*b));

	b->id = arena_strdup(w->arena, id);
	b->name = arena_strdup(w->arena, name);
	b->privacy = arena_strdup(w->arena, privacy);
	b->account = a;
	b->sections = sandbox_list_new(w->arena);
	b->created_us = sandbox_world_now(w);
	sandbox_list_add(&((struct pin_account *)a->extra)->boards, b);
	sandbox_map_put(&sandbox_pin_state(w)->boards, b->id, b);
	return b;
}

static void section_add(struct world *w, struct pin_board *b, const char *id, const char *name)
{
	struct pin_section *s = arena_alloc(w->arena, sizeof(*s));

	s->id = arena_strdup(w->arena, id);
	s->name = arena_strdup(w->arena, name);
	sandbox_list_add(&b->sections, s);
}

static struct account *user_add(struct world *w, const char *id, const char *username,
				const char *business)
{
	struct account *a = sandbox_world_account(w, &sandbox_pinterest, id);
	struct pin_account *extra;

	if (a != NULL)
		return a;
	sandbox_world_add_person(w, &sandbox_pinterest, PIN_REALM, id, username);
	a = sandbox_world_add_account(w, &sandbox_pinterest, id, username, username);
	extra = arena_alloc(w->arena, sizeof(*extra));
	extra->business_name = business != NULL ? arena_strdup(w->arena, business) : NULL;
	extra->type = business != NULL ? "BUSINESS" : "PINNER";
	extra->boards = sandbox_list_new(w->arena);
	a->extra = extra;
	return a;
}

void sandbox_pin_open(struct world *w)
{
	struct pin_state *state = arena_alloc(w->arena, sizeof(*state));
	struct account *bakery, *studio;

	state->boards = sandbox_map_new(w->arena);
	state->media = sandbox_map_new(w->arena);
	state->media_list = sandbox_list_new(w->arena);
	w->extra[sandbox_platform_index(&sandbox_pinterest)] = state;
	sandbox_world_add_app(w, &sandbox_pinterest, "1234567890", "sandbox-secret");
	bakery = user_add(w, "2783136121146311751", "acmebakery", "Acme Bakery");
	section_add(w, sandbox_pin_board_add(w, bakery, "549755885175", "Summer recipes", "PUBLIC"),
		    "549755885901", "Sourdough");
	sandbox_pin_board_add(w, bakery, "549755885176", "Bread", "PUBLIC");
	sandbox_pin_board_add(w, bakery, "549755885177", "Ideas", "SECRET");
	sandbox_pin_board_add(w, bakery, "549755885178", "Campaign", "PUBLIC")->is_ads_only = true;
	studio = user_add(w, "2783136121146311752", "acmestudio", NULL);
	sandbox_pin_board_add(w, studio, "549755885185", "Studio", "PUBLIC");
}

static const char *member(const json_t *o, const char *key, const char *fallback)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? text : fallback;
}

static bool boards_seed(struct world *w, struct account *a, const json_t *in, const char **ret_why)
{
	const json_t *board;
	size_t i;

	json_array_foreach(in, i, board) {
		const char *id = member(board, "id", NULL);

		if (id == NULL) {
			*ret_why = "a board needs an id";
			return false;
		}
		sandbox_pin_board_add(w, a, id, member(board, "name", "Board"),
				      member(board, "privacy", "PUBLIC"));
	}
	return true;
}

/* {users: [{id, username, business_name, boards: [{id, name, privacy}]}]} */
bool sandbox_pin_seed(struct world *w, const json_t *in, const char **ret_why)
{
	const json_t *user;
	size_t i;

	json_array_foreach(json_object_get(in, "users"), i, user) {
		const char *id = member(user, "id", NULL);
		struct account *a;

		if (id == NULL) {
			*ret_why = "a user needs an id";
			return false;
		}
		a = user_add(w, id, member(user, "username", id),
			     member(user, "business_name", NULL));
		if (!boards_seed(w, a, json_object_get(user, "boards"), ret_why))
			return false;
	}
	return true;
}

struct pin_board *sandbox_pin_board(struct exchange *ex, const struct account *a, const char *id)
{
	struct pin_board *b = sandbox_map_get(&sandbox_pin_state(ex->world)->boards, id);

	if (b != NULL && b->account == a)
		return b;
	sandbox_pin_fail(ex, 404, 40, "Board not found.");
	return NULL;
}

const struct pin_section *sandbox_pin_section(struct exchange *ex, const struct pin_board *b,
					      const char *id)
{
	for (size_t i = 0; i < b->sections.n; i++) {
		const struct pin_section *s = b->sections.v[i];

		if (strcmp(s->id, id) == 0)
			return s;
	}
	sandbox_pin_fail(ex, 404, 2031, "Board section not found.");
	return NULL;
}

/* A bookmark reads "=<from>|<path>+": what it says is nobody's business, but it must come back. */
bool sandbox_pin_page(struct exchange *ex, struct pin_page *ret)
{
	const char *size = sandbox_exchange_param(ex, "page_size");
	const char *bookmark = sandbox_exchange_param(ex, "bookmark");
	char *end;

	*ret = (struct pin_page){ 0, PAGE_DEFAULT };
	if (size != NULL) {
		ret->size = strtoul(size, &end, 10);
		if (*end != '\0' || ret->size < 1 || ret->size > PAGE_MAX)
			return sandbox_pin_fail(ex, 400, 1, "page_size must be between 1 and 250.");
	}
	if (bookmark == NULL)
		return true;
	ret->from = *bookmark == '=' ? strtoul(bookmark + 1, &end, 10) : 0;
	if (*bookmark != '=' || strcmp(end, arena_printf(ex->arena, "|%s+", ex->path)) != 0)
		return sandbox_pin_fail(ex, 400, 1, "The bookmark is invalid.");
	return true;
}

void sandbox_pin_page_end(struct exchange *ex, const struct pin_page *p, size_t total,
			  json_t *items)
{
	size_t next = p->from + json_array_size(items);

	sandbox_exchange_json(
		ex, 200,
		json_pack("{s:o,s:s?}", "items", items, "bookmark",
			  next < total ? arena_printf(ex->arena, "=%zu|%s+", next, ex->path)
				       : NULL));
}

static json_t *board_json(const struct pin_board *b)
{
	char at[32];

	sandbox_pin_zoneless(b->created_us, at, sizeof(at));
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:i,s:s,s:{s:s},s:{s:n,s:[]}}", "id", b->id, "name",
			 b->name, "description", "", "privacy", b->privacy, "is_ads_only",
			 b->is_ads_only, "pin_count", 0, "created_at", at, "owner", "username",
			 b->account->username, "media", "image_cover_url", "pin_thumbnail_urls");
}

void sandbox_pin_boards(struct exchange *ex)
{
	const struct account *a = sandbox_pin_account(ex, PIN_READ, sandbox_pin_scopes_boards);
	const struct list *boards;
	struct pin_page page;
	json_t *items;

	if (a == NULL || !sandbox_pin_page(ex, &page))
		return;
	boards = &((const struct pin_account *)a->extra)->boards;
	items = json_array();
	if (sandbox_faults_hit(ex, "boards.empty_page") != NULL) {
		/* the same place again, under a bookmark that is no repetition */
		sandbox_pin_page_end(ex, &page, boards->n + 1, items);
		return;
	}
	for (size_t i = page.from; i < boards->n && i < page.from + page.size; i++)
		json_array_append_new(items, board_json(boards->v[i]));
	sandbox_pin_page_end(ex, &page, boards->n, items);
}

void sandbox_pin_board_get(struct exchange *ex)
{
	const struct account *a = sandbox_pin_account(ex, PIN_READ, sandbox_pin_scopes_boards);
	const struct pin_board *b = a != NULL ? sandbox_pin_board(ex, a, ex->captures[0]) : NULL;

	if (b != NULL)
		sandbox_exchange_json(ex, 200, board_json(b));
}

void sandbox_pin_board_create(struct exchange *ex)
{
	struct account *a = sandbox_pin_account(ex, PIN_WRITE, sandbox_pin_scopes_board_write);
	const char *name = sandbox_exchange_param(ex, "name");
	const char *privacy = sandbox_exchange_param(ex, "privacy");
	struct pin_board *b;

	if (a == NULL)
		return;
	if (name == NULL || *name == '\0' || strlen(name) > NAME_MAX_CHARS) {
		sandbox_pin_fail(ex, 400, 1, "Invalid request: name is required.");
		return;
	}
	b = sandbox_pin_board_add(ex->world, a, sandbox_world_id(ex->world, "5497", 12), name,
				  privacy != NULL ? privacy : "PUBLIC");
	b->record.kind = sandbox_pin_board_kind;
	sandbox_state_touch(ex->world, &b->record);
	sandbox_exchange_json(ex, 201, board_json(b));
}

void sandbox_pin_sections(struct exchange *ex)
{
	const struct account *a = sandbox_pin_account(ex, PIN_READ, sandbox_pin_scopes_boards);
	const struct pin_board *b = a != NULL ? sandbox_pin_board(ex, a, ex->captures[0]) : NULL;
	struct pin_page page;
	json_t *items;

	if (b == NULL || !sandbox_pin_page(ex, &page))
		return;
	items = json_array();
	for (size_t i = page.from; i < b->sections.n && i < page.from + page.size; i++) {
		const struct pin_section *s = b->sections.v[i];

		json_array_append_new(items, json_pack("{s:s,s:s}", "id", s->id, "name", s->name));
	}
	sandbox_pin_page_end(ex, &page, b->sections.n, items);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who is there: people, pages, businesses and professional accounts, and how the API shows them. */
#include <stdlib.h>
#include <string.h>

#include "sandbox/ig.h"

static json_t *picture_of(struct exchange *ex, const char *id)
{
	return json_string(arena_printf(ex->arena, "%s/sandbox/avatar/%s.png", ex->base_url, id));
}

static json_t *person_id(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct person *)node)->id);
}

static json_t *person_name(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct person *)node)->name);
}

static json_t *person_picture(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)sub;
	return json_pack("{s:{s:i,s:b,s:o,s:i}}", "data", "height", 50, "is_silhouette", 0, "url",
			 picture_of(ex, ((const struct person *)node)->id), "width", 50);
}

static const struct ig_field person_fields[] = {
	{ "id", person_id, NULL },
	{ "name", person_name, NULL },
	{ "picture", person_picture, NULL },
	{ NULL, NULL, NULL },
};
const struct ig_type sandbox_ig_person_type = { "User", person_fields, "id,name" };

static json_t *page_id(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct ig_page *)node)->id);
}

static json_t *page_name(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct ig_page *)node)->name);
}

static json_t *page_category(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub, (void)node;
	return json_string("Local business");
}

static json_t *page_token(struct exchange *ex, const void *node, const json_t *sub)
{
	struct token *t = sandbox_ig_auth(ex);

	(void)sub;
	return t == NULL ? NULL : json_string(sandbox_ig_page_token(ex, t, node));
}

static json_t *page_tasks(struct exchange *ex, const void *node, const json_t *sub)
{
	const struct list *tasks = &((const struct ig_page *)node)->tasks;
	json_t *out = json_array();

	(void)ex, (void)sub;
	for (size_t i = 0; i < tasks->n; i++)
		json_array_append_new(out, json_string(tasks->v[i]));
	return out;
}

static json_t *page_account(struct exchange *ex, const void *node, const json_t *sub)
{
	const struct ig_page *page = node;
	json_t *id_only, *out;

	if (page->account == NULL || sandbox_faults_hit(ex, "accounts.no_ig") != NULL)
		return NULL;
	id_only = json_pack("{s:n}", "id");
	out = sandbox_ig_render(ex, &sandbox_ig_user_type, page->account,
				json_is_object(sub) ? sub : id_only);
	json_decref(id_only);
	return out;
}

static const struct ig_field page_fields[] = {
	{ "id", page_id, NULL },
	{ "name", page_name, NULL },
	{ "category", page_category, NULL },
	{ "access_token", page_token, NULL },
	{ "tasks", page_tasks, NULL },
	{ "instagram_business_account", page_account, &sandbox_ig_user_type },
	{ "connected_instagram_account", page_account, &sandbox_ig_user_type },
	{ NULL, NULL, NULL },
};
const struct ig_type sandbox_ig_page_type = { "Page", page_fields, "id,name,access_token,tasks" };

static json_t *business_id(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct ig_business *)node)->id);
}

static json_t *business_name(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct ig_business *)node)->name);
}

static const struct ig_field business_fields[] = {
	{ "id", business_id, NULL },
	{ "name", business_name, NULL },
	{ NULL, NULL, NULL },
};
const struct ig_type sandbox_ig_business_type = { "Business", business_fields, "id,name" };

static bool user_is_own(struct exchange *ex)
{
	const char *auth = sandbox_exchange_header(ex, "Authorization");
	const char *text = auth != NULL && strchr(auth, ' ') != NULL
				   ? strchr(auth, ' ') + 1
				   : sandbox_exchange_param(ex, "access_token");
	const struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;

	return t != NULL && sandbox_ig_is_ig_token(t);
}

static json_t *user_id(struct exchange *ex, const void *node, const json_t *sub)
{
	const char *id = ((const struct account *)node)->id;

	(void)sub;
	/* With the Instagram login `id` is scoped to the app and useless for publishing. */
	return json_string(user_is_own(ex) ? arena_printf(ex->arena, "2%.*s7", 15, id + 1) : id);
}

static json_t *user_user_id(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)sub;
	return user_is_own(ex) ? json_string(((const struct account *)node)->id) : NULL;
}

static json_t *user_username(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct account *)node)->username);
}

static json_t *user_name(struct exchange *ex, const void *node, const json_t *sub)
{
	const char *name = ((const struct account *)node)->name;

	(void)ex, (void)sub;
	return name != NULL && *name != '\0' ? json_string(name) : NULL;
}

static json_t *user_picture(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)sub;
	return picture_of(ex, ((const struct account *)node)->id);
}

static json_t *user_type(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)node, (void)sub;
	return user_is_own(ex) ? json_string("BUSINESS") : NULL;
}

static json_t *user_followers(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub, (void)node;
	return json_integer(1234);
}

static json_t *user_media_count(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_integer((json_int_t)((const struct account *)node)->objects.n);
}

static const struct ig_field user_fields[] = {
	{ "id", user_id, NULL },
	{ "user_id", user_user_id, NULL },
	{ "username", user_username, NULL },
	{ "name", user_name, NULL },
	{ "profile_picture_url", user_picture, NULL },
	{ "account_type", user_type, NULL },
	{ "followers_count", user_followers, NULL },
	{ "follows_count", user_followers, NULL },
	{ "media_count", user_media_count, NULL },
	{ NULL, NULL, NULL },
};
const struct ig_type sandbox_ig_user_type = { "IGUser", user_fields, "id" };

static const char *json_text(const json_t *in, const char *name, const char *fallback)
{
	const json_t *v = json_object_get(in, name);

	return json_is_string(v) ? json_string_value(v) : fallback;
}

static const char *json_id(struct world *w, const json_t *in, const char *prefix, int digits)
{
	const char *id = json_text(in, "id", NULL);

	return id != NULL ? arena_strdup(w->arena, id) : sandbox_world_id(w, prefix, digits);
}

static struct account *seed_account(struct world *w, const json_t *in)
{
	const char *id = json_id(w, in, "17841400", 17);
	struct account *a =
		sandbox_world_add_account(w, &sandbox_instagram, id, json_text(in, "username", id),
					  json_text(in, "name", ""));

	sandbox_ig_node_add(w, a->id, &sandbox_ig_user_type, a);
	/* The same account can log in at Instagram itself. */
	if (sandbox_world_person(w, &sandbox_instagram, IG_REALM_INSTAGRAM, a->id) == NULL)
		sandbox_world_add_person(w, &sandbox_instagram, IG_REALM_INSTAGRAM, a->id,
					 a->username);
	return a;
}

static struct ig_page *seed_page(struct world *w, struct person *person, const json_t *in)
{
	struct ig_page *page = arena_alloc(w->arena, sizeof(*page));
	struct choice *choice = arena_alloc(w->arena, sizeof(*choice));
	const json_t *tasks = json_object_get(in, "tasks"), *ig = json_object_get(in, "instagram");

	page->id = json_id(w, in, "1029", 15);
	page->name = arena_strdup(w->arena, json_text(in, "name", page->id));
	page->tasks = sandbox_list_new(w->arena);
	for (size_t i = 0; i < json_array_size(tasks); i++)
		sandbox_list_add_text(&page->tasks, json_string_value(json_array_get(tasks, i)));
	if (tasks == NULL)
		sandbox_list_split(&page->tasks,
				   "ADVERTISE,ANALYZE,CREATE_CONTENT,MESSAGING,MODERATE,MANAGE",
				   ",");
	if (json_is_object(ig))
		page->account = seed_account(w, ig);
	choice->id = page->id;
	choice->label = page->name;
	choice->note = page->account != NULL
			       ? arena_printf(w->arena, "Instagram: @%s", page->account->username)
			       : "No Instagram account is linked to this Page";
	sandbox_list_add(&person->choices, choice);
	sandbox_list_add(&((struct ig_person *)person->extra)->pages, page);
	sandbox_ig_node_add(w, page->id, &sandbox_ig_page_type, page);
	return page;
}

static void seed_business(struct world *w, struct person *person, const json_t *in)
{
	struct ig_business *b = arena_alloc(w->arena, sizeof(*b));
	const json_t *owned = json_object_get(in, "owned_pages");
	const json_t *client = json_object_get(in, "client_pages");

	b->id = json_id(w, in, "7700", 15);
	b->name = arena_strdup(w->arena, json_text(in, "name", b->id));
	b->owned = sandbox_list_new(w->arena);
	b->client = sandbox_list_new(w->arena);
	for (size_t i = 0; i < json_array_size(owned) + json_array_size(client); i++) {
		bool is_owned = i < json_array_size(owned);
		const json_t *row = is_owned ? json_array_get(owned, i)
					     : json_array_get(client, i - json_array_size(owned));
		struct ig_page *page = seed_page(w, person, row);

		page->business = b;
		page->is_direct = json_is_true(json_object_get(row, "has_role"));
		sandbox_list_add(is_owned ? &b->owned : &b->client, page);
	}
	sandbox_list_add(&((struct ig_person *)person->extra)->businesses, b);
	sandbox_ig_node_add(w, b->id, &sandbox_ig_business_type, b);
}

static void seed_user(struct world *w, const json_t *in)
{
	const char *id = json_id(w, in, "1022", 17);
	struct person *person = sandbox_world_person(w, &sandbox_instagram, IG_REALM_FACEBOOK, id);
	const json_t *pages = json_object_get(in, "pages");
	const json_t *businesses = json_object_get(in, "businesses");
	struct ig_person *extra;

	if (person == NULL) {
		person = sandbox_world_add_person(w, &sandbox_instagram, IG_REALM_FACEBOOK, id,
						  json_text(in, "name", id));
		extra = arena_alloc(w->arena, sizeof(*extra));
		extra->pages = sandbox_list_new(w->arena);
		extra->businesses = sandbox_list_new(w->arena);
		person->extra = extra;
		sandbox_ig_node_add(w, person->id, &sandbox_ig_person_type, person);
	}
	for (size_t i = 0; i < json_array_size(pages); i++)
		seed_page(w, person, json_array_get(pages, i))->is_direct = true;
	for (size_t i = 0; i < json_array_size(businesses); i++)
		seed_business(w, person, json_array_get(businesses, i));
}

/* {"users":[{"id","name","pages":[{"id","name","tasks","instagram":{"id","username","name"}}],
 *  "businesses":[{"id","name","owned_pages":[page],"client_pages":[page]}]}],
 *  "accounts":[{"id","username","name"}]}; every id may be left out */
bool sandbox_ig_seed(struct world *w, const json_t *in, const char **ret_why)
{
	const json_t *users = json_object_get(in, "users");
	const json_t *accounts = json_object_get(in, "accounts");

	if (!json_is_array(users) && !json_is_array(accounts)) {
		*ret_why = "users or accounts must be an array";
		return false;
	}
	for (size_t i = 0; i < json_array_size(users); i++)
		seed_user(w, json_array_get(users, i));
	for (size_t i = 0; i < json_array_size(accounts); i++)
		seed_account(w, json_array_get(accounts, i));
	return true;
}

static const char world_default[] =
	"{\"users\":[{\"id\":\"10220000000000001\",\"name\":\"Alex Baker\",\"pages\":["
	"{\"id\":\"102900000000001\",\"name\":\"Acme Bakery\",\"instagram\":"
	"{\"id\":\"17841400008460056\",\"username\":\"acmebakery\",\"name\":\"Acme Bakery\"}},"
	"{\"id\":\"102900000000002\",\"name\":\"Acme Studio\",\"tasks\":[\"ANALYZE\","
	"\"CREATE_CONTENT\"],\"instagram\":"
	"{\"id\":\"17841400008460057\",\"username\":\"acmestudio\"}},"
	"{\"id\":\"102900000000003\",\"name\":\"Page without Instagram\",\"tasks\":[\"ANALYZE\"]}],"
	"\"businesses\":[{\"id\":\"770000000000001\",\"name\":\"Acme Holding\",\"owned_pages\":["
	"{\"id\":\"102900000000004\",\"name\":\"Acme Wholesale\",\"instagram\":"
	"{\"id\":\"17841400008460058\",\"username\":\"acmewholesale\",\"name\":\"Acme "
	"Wholesale\"}}]"
	"}]}]}";

void sandbox_ig_open(struct world *w)
{
	struct ig_state *state = arena_alloc(w->arena, sizeof(*state));
	json_t *in = json_loads(world_default, 0, NULL);
	const char *why;

	state->nodes = sandbox_map_new(w->arena);
	state->pages = sandbox_map_new(w->arena);
	state->containers = sandbox_list_new(w->arena);
	w->extra[sandbox_platform_index(&sandbox_instagram)] = state;
	sandbox_world_add_app(w, &sandbox_instagram, "1234567890", "sandbox-secret");
	sandbox_ig_seed(w, in, &why);
	json_decref(in);
}

static struct token *people_token(struct exchange *ex)
{
	struct token *t = sandbox_ig_auth(ex);
	const char *id = ex->captures[1];

	if (t == NULL)
		return NULL;
	if (sandbox_ig_is_ig_token(t) || t->kind == IG_TOKEN_PAGE ||
	    (strcmp(id, "me") != 0 && strcmp(id, t->grant->person->id) != 0)) {
		sandbox_ig_fail(ex, 100, 33);
		return NULL;
	}
	return t;
}

void sandbox_ig_me(struct exchange *ex)
{
	struct token *t = sandbox_ig_auth(ex);
	const struct ig_node *page;

	if (t == NULL)
		return;
	if (sandbox_ig_is_ig_token(t)) {
		sandbox_ig_answer_node(
			ex, &sandbox_ig_user_type,
			sandbox_world_account(ex->world, &sandbox_instagram, t->grant->person->id));
	} else if (t->subject != NULL) {
		page = sandbox_ig_node(ex->world, t->subject);
		sandbox_ig_answer_node(ex, page->type, page->p);
	} else {
		sandbox_ig_answer_node(ex, &sandbox_ig_person_type, t->grant->person);
	}
}

static void permissions_add(json_t *data, const struct list *scopes, const char *status)
{
	for (size_t i = 0; i < scopes->n; i++)
		json_array_append_new(
			data, json_pack("{s:s,s:s}", "permission", scopes->v[i], "status", status));
}

void sandbox_ig_permissions(struct exchange *ex)
{
	struct token *t = people_token(ex);
	json_t *data;

	if (t == NULL)
		return;
	data = json_array();
	permissions_add(data, &t->grant->granted, "granted");
	permissions_add(data, &t->grant->declined, "declined");
	sandbox_exchange_json(ex, 200, json_pack("{s:o}", "data", data));
}

void sandbox_ig_permissions_delete(struct exchange *ex)
{
	struct token *t = people_token(ex);
	const char *scope = ex->captures[2];
	struct list *granted;
	size_t n = 0;

	if (t == NULL)
		return;
	granted = &t->grant->granted;
	if (scope == NULL)
		t->grant->is_removed = true;
	sandbox_state_touch(ex->world, &t->grant->record);
	for (size_t i = 0; scope != NULL && i < granted->n; i++)
		if (strcmp(granted->v[i], scope) != 0)
			granted->v[n++] = granted->v[i];
	if (scope != NULL)
		granted->n = n;
	sandbox_exchange_json(ex, 200, json_pack("{s:b}", "success", 1));
}

static bool page_is_chosen(const struct token *t, const struct ig_page *page)
{
	return sandbox_list_has_text(&t->grant->chosen, page->id);
}

void sandbox_ig_accounts(struct exchange *ex)
{
	struct token *t = people_token(ex);
	struct list shown = sandbox_list_new(ex->arena);
	const struct ig_person *person;

	if (t == NULL)
		return;
	person = t->grant->person->extra;
	for (size_t i = 0; sandbox_ig_granted(t, "pages_show_list") && i < person->pages.n; i++) {
		struct ig_page *page = person->pages.v[i];

		/* Pages of a business portfolio stay hidden without business_management. */
		if (page->is_direct && page_is_chosen(t, page) &&
		    (page->business == NULL || sandbox_ig_granted(t, "business_management")))
			sandbox_list_add(&shown, page);
	}
	if (sandbox_faults_hit(ex, "accounts.empty") != NULL)
		shown.n = 0;
	sandbox_ig_answer_list(ex, &sandbox_ig_page_type, &shown);
}

static bool people_need(struct exchange *ex, const struct token *t, const char *scope)
{
	return sandbox_ig_granted(t, scope) ||
	       sandbox_ig_fail_text(
		       ex, 200, 0, arena_printf(ex->arena, "(#200) Requires %s permission", scope));
}

void sandbox_ig_businesses(struct exchange *ex)
{
	struct token *t = people_token(ex);

	if (t != NULL && people_need(ex, t, "business_management"))
		sandbox_ig_answer_list(ex, &sandbox_ig_business_type,
				       &((struct ig_person *)t->grant->person->extra)->businesses);
}

static void business_pages(struct exchange *ex, bool is_owned)
{
	struct token *t = sandbox_ig_auth(ex);
	const struct ig_node *node = sandbox_ig_node(ex->world, ex->captures[1]);
	struct list shown = sandbox_list_new(ex->arena);
	const struct ig_business *b;
	const struct list *pages;

	if (t == NULL)
		return;
	if (node == NULL || node->type != &sandbox_ig_business_type || sandbox_ig_is_ig_token(t)) {
		sandbox_ig_fail(ex, 100, 33);
		return;
	}
	if (!people_need(ex, t, "business_management"))
		return;
	b = node->p;
	pages = is_owned ? &b->owned : &b->client;
	for (size_t i = 0; i < pages->n; i++)
		if (page_is_chosen(t, pages->v[i]))
			sandbox_list_add(&shown, pages->v[i]);
	sandbox_ig_answer_list(ex, &sandbox_ig_page_type, &shown);
}

void sandbox_ig_owned_pages(struct exchange *ex)
{
	business_pages(ex, true);
}

void sandbox_ig_client_pages(struct exchange *ex)
{
	business_pages(ex, false);
}

void sandbox_ig_avatar(struct exchange *ex)
{
	static const unsigned char png[] = {
		/* one blue pixel */
		0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,    0,    13,   'I',  'H',
		'D',  'R',  0,    0,    0,    1,    0,    0,    0,    1,    8,    2,    0,    0,
		0,    0x90, 0x77, 0x53, 0xde, 0,    0,    0,    12,   'I',  'D',  'A',  'T',  0x08,
		0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0,    0,    0x03, 0x01, 0x01, 0,    0x18, 0xdd, 0x8d,
		0xb0, 0,    0,    0,    0,    'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82
	};

	buf_clear(&ex->out);
	buf_add(&ex->out, png, sizeof(png));
	ex->status = 200;
	ex->content_type = "image/png";
}

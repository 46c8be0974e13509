/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of the authorization server: http://localhost?.., or the address of a document. */
#include <string.h>
#include <unistd.h>

#include "sandbox/bs_login.h"
#include "sandbox/fetch.h"

#define LOOPBACK     "http://localhost"
#define FETCH_MS     5000
#define DOCUMENT_MAX 65536

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Behind host and port of a loopback address that is a number; NULL: it is none. */
static const char *loopback_path(const char *uri)
{
	static const char *const hosts[] = { "http://127.0.0.1", "http://[::1]" };

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		const char *rest = uri + strlen(hosts[i]);

		if (!begins(uri, hosts[i]))
			continue;
		if (*rest == ':')
			rest += 1 + strspn(rest + 1, "0123456789");
		return *rest == '/' ? rest : NULL;
	}
	return NULL;
}

bool sandbox_bs_client_returns_to(const struct bs_client *client, const char *uri)
{
	const char *path = loopback_path(uri);

	if (!client->is_loopback)
		return sandbox_list_has_text(&client->redirects, uri);
	for (size_t i = 0; path != NULL && i < client->redirects.n; i++)
		if (strcmp(loopback_path(client->redirects.v[i]), path) == 0)
			return true;
	return false;
}

static struct bs_client *client_new(struct exchange *ex)
{
	struct bs_client *client = arena_alloc(ex->world->arena, sizeof(*client));

	client->redirects = sandbox_list_new(ex->world->arena);
	return client;
}

static struct bs_client *loopback_client(struct exchange *ex, const char *id, const char **ret_why)
{
	struct bs_client *client = client_new(ex);
	const char *query = strchr(id, '?');
	struct list params = sandbox_list_new(ex->arena);

	client->is_loopback = true;
	client->scope = "atproto";
	if (query != NULL)
		sandbox_params_query(&params, query + 1, strlen(query + 1));
	for (size_t i = 0; i < params.n; i++) {
		const struct param *p = params.v[i];

		if (strcmp(p->name, "scope") == 0) {
			client->scope = arena_strdup(ex->world->arena, p->value);
		} else if (strcmp(p->name, "redirect_uri") == 0 &&
			   loopback_path(p->value) != NULL) {
			sandbox_list_add_text(&client->redirects, p->value);
		} else {
			*ret_why = "Invalid loopback client ID: redirect_uri and scope only, and "
				   "the former at 127.0.0.1 or [::1] by http";
			return NULL;
		}
	}
	if (client->redirects.n == 0) {
		sandbox_list_add_text(&client->redirects, "http://127.0.0.1/");
		sandbox_list_add_text(&client->redirects, "http://[::1]/");
	}
	return client;
}

/* Reads it as any other server would; the lock is open meanwhile. */
static json_t *document_fetch(struct exchange *ex, const char *id)
{
	const char *path = arena_printf(ex->arena, "%s/client-%llu.json", ex->sandbox->folder,
					(unsigned long long)ex->req_no);
	const struct fetch_ask ask = { id, ex->sandbox->ca_file, path, FETCH_MS, DOCUMENT_MAX };
	struct fetched got = { 0 };
	json_t *doc = NULL;

	sandbox_unlock(ex->sandbox);
	sandbox_fetch(&ask, &got);
	if (got.end == FETCH_OK && begins(got.type, "application/json"))
		doc = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	(void)unlink(path);
	sandbox_lock(ex->sandbox);
	return doc;
}

static bool has_value(const json_t *list, const char *value)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
		if (json_is_string(entry) && strcmp(json_string_value(entry), value) == 0)
			return true;
	return false;
}

static bool member_is(const json_t *doc, const char *name, const char *value)
{
	const char *text = json_string_value(json_object_get(doc, name));

	return text != NULL && strcmp(text, value) == 0;
}

static const char *document_fault(const json_t *doc, const char *id)
{
	const json_t *redirects = json_object_get(doc, "redirect_uris"), *uri;
	size_t i;

	if (!member_is(doc, "client_id", id))
		return "client_id does not match";
	if (!has_value(json_object_get(doc, "grant_types"), "authorization_code") ||
	    !has_value(json_object_get(doc, "grant_types"), "refresh_token") ||
	    !has_value(json_object_get(doc, "response_types"), "code"))
		return "grant_types and response_types must name the code flow";
	if (!json_is_true(json_object_get(doc, "dpop_bound_access_tokens")))
		return "\"dpop_bound_access_tokens\" must be true";
	if (!member_is(doc, "token_endpoint_auth_method", "none") ||
	    !member_is(doc, "application_type", "web"))
		return "only public web clients are known here";
	if (json_array_size(redirects) == 0)
		return "At least one redirect_uri is required";
	json_array_foreach(redirects, i, uri)
		if (!json_is_string(uri) || !begins(json_string_value(uri), "https://"))
			return "Web clients must use HTTPS redirect URIs";
	return NULL;
}

static struct bs_client *document_client(struct exchange *ex, const char *id, const char **ret_why)
{
	struct bs_client *client = client_new(ex);
	json_t *doc = document_fetch(ex, id);
	const char *scope = json_string_value(json_object_get(doc, "scope"));
	const json_t *uri;
	size_t i;

	*ret_why = doc == NULL ? "Failed to fetch client metadata" : document_fault(doc, id);
	if (*ret_why == NULL && scope == NULL)
		*ret_why = "Missing scope property";
	if (*ret_why == NULL) {
		client->scope = arena_strdup(ex->world->arena, scope);
		json_array_foreach(json_object_get(doc, "redirect_uris"), i, uri)
			sandbox_list_add_text(&client->redirects, json_string_value(uri));
	}
	json_decref(doc);
	return *ret_why == NULL ? client : NULL;
}

const struct bs_client *sandbox_bs_client(struct exchange *ex, const char *id, const char **ret_why)
{
	struct map *known = &sandbox_bs_login(ex->world)->clients;
	struct bs_client *client = id != NULL ? sandbox_map_get(known, id) : NULL;
	const char *rest = id != NULL && begins(id, LOOPBACK) ? id + strlen(LOOPBACK) : NULL;

	if (client != NULL)
		return client;
	*ret_why = "client_id is required";
	if (id == NULL)
		return NULL;
	*ret_why = "client_id must be an https address with a path, or http://localhost";
	if (rest != NULL && (*rest == '\0' || *rest == '?' || begins(rest, "/?")))
		client = loopback_client(ex, id, ret_why);
	else if (begins(id, "https://") && strchr(id + 8, '/') != NULL)
		client = document_client(ex, id, ret_why);
	if (client == NULL)
		return NULL;
	client->app = sandbox_world_add_app(ex->world, ex->platform, id, "");
	sandbox_map_put(known, client->app->client_id, client);
	return client;
}

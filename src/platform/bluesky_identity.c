/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a handle to the account and its server, in both directions: whoever is asked for a handle's
 * DID may lie, but only the owner of a DID writes its document. Handles that a DNS record alone
 * confirms are known to the resolver; libcurl reads no TXT records.
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "platform/bluesky_login.h"

#define DID_MAX       128
#define DID_PLC       "did:plc:"
#define DID_WEB       "did:web:"
#define PLC_CHARS     24
#define HANDLE_MAX    253
#define LABEL_MAX     63
#define AT_SCHEME     "at://"
#define PDS_ID        "#atproto_pds"
#define PDS_TYPE      "AtprotoPersonalDataServer"
#define ANSWER_MAX    4096
#define DOCUMENT_MAX  131072
#define LOOKUP_MS     10000
#define LETTERS       "abcdefghijklmnopqrstuvwxyz"
#define DIGITS        "0123456789"
#define BASE32_LETTER LETTERS "234567"

static const struct script find_script;

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool label_is_good(const char *label, size_t n)
{
	return n > 0 && n <= LABEL_MAX && label[0] != '-' && label[n - 1] != '-' &&
	       strspn(label, LETTERS DIGITS "-") >= n;
}

/* At least two labels, the last of which begins with a letter. */
static bool name_is_good(const char *name)
{
	const char *last = strrchr(name, '.');

	if (!last || isdigit((unsigned char)last[1]) || strlen(name) > HANDLE_MAX)
		return false;
	for (const char *at = name;; at += strcspn(at, ".") + 1) {
		const size_t n = strcspn(at, ".");

		if (!label_is_good(at, n))
			return false;
		if (!at[n])
			return true;
	}
}

const char *bluesky_handle(struct arena *a, const char *text)
{
	static const char *const never[] = { ".alt",     ".arpa",  ".example",   ".internal",
					     ".invalid", ".local", ".localhost", ".onion" };
	char *handle;
	size_t n;

	text += strspn(text, " \t\r\n");
	text += *text == '@';
	n = strcspn(text, " \t\r\n");
	if (n > HANDLE_MAX || text[n + strspn(text + n, " \t\r\n")])
		return NULL;
	handle = arena_strndup(a, text, n);
	for (char *c = handle; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		const size_t tail = strlen(never[i]);

		if (n > tail && strcmp(handle + n - tail, never[i]) == 0)
			return NULL;
	}
	return name_is_good(handle) ? handle : NULL;
}

bool bluesky_did_is_valid(const char *did)
{
	if (strlen(did) > DID_MAX)
		return false;
	if (begins(did, DID_WEB))
		return name_is_good(did + strlen(DID_WEB));
	if (!begins(did, DID_PLC))
		return false;
	did += strlen(DID_PLC);
	return strlen(did) == PLC_CHARS && strspn(did, BASE32_LETTER) == PLC_CHARS;
}

bool bluesky_server_is_valid(const struct platform_app *app, const char *server)
{
	const char *sandbox = platform_text(app, "sandbox_base");
	const char *host;

	if (*sandbox && strcmp(server, sandbox) == 0)
		return true;
	if (!app->livemode || (!begins(server, "https://") && !begins(server, "http://")))
		return false;
	host = strstr(server, "://") + 3;
	return *host && strlen(host) <= HANDLE_MAX &&
	       !host[strspn(host, LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS ".-:[]")];
}

bool bluesky_address_is_valid(const struct platform_app *app, const char *url)
{
	const char *sandbox = platform_text(app, "sandbox_base");
	const size_t n = strlen(sandbox);

	if (n > 0 && strncmp(url, sandbox, n) == 0 && url[n] == '/')
		return true;
	return app->livemode && (begins(url, "https://") || begins(url, "http://")) &&
	       !url[strcspn(url, "# \\@")];
}

const char *bluesky_base(const struct platform_app *app, const char *setting)
{
	return platform_text(app, app->livemode ? setting : "sandbox_base");
}

struct http_request *bluesky_users_request(struct arena *a, enum http_verb verb, const char *label,
					   const char *url)
{
	struct http_request *r = http_request_new(a, verb, label);

	http_request_url(r, url, "%s", "");
	r->is_to_users_host = true;
	r->reply_max_bytes = DOCUMENT_MAX;
	r->timeout_ms = LOOKUP_MS;
	return r;
}

/* The account cannot be found, for a reason that a person can do something about. */
__attribute__((format(printf, 3, 4))) static enum script_move
find_refuse(const struct bluesky_find *f, struct step_result *ret, const char *fmt, ...)
{
	const struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU,
					    0, "identity" };
	const char *words;
	va_list ap;

	va_start(ap, fmt);
	words = arena_vprintf(f->arena, fmt, ap);
	va_end(ap);
	return script_refuse(f->arena, &why, ret, "%s", words);
}

static enum script_move ask_resolver(void *ctx, struct step_result *ret)
{
	const struct bluesky_find *f = ctx;
	const char *base = bluesky_base(f->app, "resolver_base");

	if (f->did) {
		memo_set_text(f->memo, "did", f->did);
		return script_go(f->memo, &find_script, "document");
	}
	if (!*base)
		return script_go(f->memo, &find_script, "host");
	ret->request = http_request_new(f->arena, VERB_GET, "bsky.resolve");
	http_request_url(ret->request, base, "/xrpc/com.atproto.identity.resolveHandle");
	http_request_query(ret->request, "handle", f->handle);
	ret->request->reply_max_bytes = ANSWER_MAX;
	ret->request->timeout_ms = LOOKUP_MS;
	return SCRIPT_SEND;
}

static enum script_move did_found(const struct bluesky_find *f, const char *did)
{
	memo_set_text(f->memo, "did", did);
	return script_go(f->memo, &find_script, "document");
}

static enum script_move read_resolver(void *ctx, const struct http_reply *last,
				      struct step_result *ret)
{
	const struct bluesky_find *f = ctx;
	const char *did = memo_text(script_reply_json(f->arena, last), "did");

	(void)ret;
	if (last->status == 200 && did && bluesky_did_is_valid(did))
		return did_found(f, did);
	return script_go(f->memo, &find_script, "host");
}

static enum script_move ask_host(void *ctx, struct step_result *ret)
{
	const struct bluesky_find *f = ctx;

	if (!f->app->livemode)
		return find_refuse(f, ret, "The sandbox has no account called %s.", f->handle);
	ret->request = bluesky_users_request(
		f->arena, VERB_GET, "bsky.handle",
		arena_printf(f->arena, "https://%s/.well-known/atproto-did", f->handle));
	ret->request->reply_max_bytes = ANSWER_MAX;
	return SCRIPT_SEND;
}

static enum script_move read_host(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	const struct bluesky_find *f = ctx;
	const char *text = last->transfer == TRANSFER_REPLIED && last->status == 200
				   ? buf_str(&last->body)
				   : "";
	const char *did;

	text += strspn(text, " \t\r\n");
	did = arena_strndup(f->arena, text, strcspn(text, " \t\r\n"));
	if (bluesky_did_is_valid(did))
		return did_found(f, did);
	return find_refuse(f, ret, "No account is called %s; see whether it is spelled right.",
			   f->handle);
}

static enum script_move ask_document(void *ctx, struct step_result *ret)
{
	const struct bluesky_find *f = ctx;
	const char *did = memo_text(f->memo, "did"), *plc = bluesky_base(f->app, "plc_base");

	if (begins(did, DID_PLC) && *plc) {
		ret->request = http_request_new(f->arena, VERB_GET, "bsky.plc");
		http_request_url(ret->request, plc, "/%s", did);
		ret->request->reply_max_bytes = DOCUMENT_MAX;
		ret->request->timeout_ms = LOOKUP_MS;
		return SCRIPT_SEND;
	}
	if (!begins(did, DID_WEB) || !f->app->livemode)
		return find_refuse(f, ret, "There is no directory to look %s up in.", did);
	ret->request = bluesky_users_request(
		f->arena, VERB_GET, "bsky.did_web",
		arena_printf(f->arena, "https://%s/.well-known/did.json", did + strlen(DID_WEB)));
	return SCRIPT_SEND;
}

static bool is_named(const json_t *document, const char *handle)
{
	const json_t *names = json_object_get(document, "alsoKnownAs"), *name;
	size_t i;

	json_array_foreach(names, i, name) {
		const char *text = json_string_value(name);

		if (text && begins(text, AT_SCHEME) &&
		    strcasecmp(text + strlen(AT_SCHEME), handle) == 0)
			return true;
	}
	return false;
}

/* The service's id may be written whole or as a fragment. */
static const char *pds_of(const json_t *document, const char *did)
{
	const json_t *services = json_object_get(document, "service"), *service;
	size_t i;

	json_array_foreach(services, i, service) {
		const char *id = memo_text(service, "id"), *type = memo_text(service, "type");
		const char *end = id ? strchr(id, '#') : NULL;

		if (!end || !type || strcmp(end, PDS_ID) != 0 || strcmp(type, PDS_TYPE) != 0)
			continue;
		if (end == id || ((size_t)(end - id) == strlen(did) && begins(id, did)))
			return memo_text(service, "serviceEndpoint");
	}
	return NULL;
}

static enum script_move read_document(void *ctx, const struct http_reply *last,
				      struct step_result *ret)
{
	const struct bluesky_find *f = ctx;
	const json_t *document = script_reply_json(f->arena, last);
	const char *did = memo_text(f->memo, "did"), *id = memo_text(document, "id"), *pds;
	size_t n;

	if (last->transfer != TRANSFER_REPLIED || last->status != 200)
		return bluesky_login_fail(f->arena, last, "The directory of accounts", ret);
	if (!id || strcmp(id, did) != 0)
		return find_refuse(f, ret, "The document of %s is one of another account.", did);
	if (f->handle && is_named(document, f->handle))
		memo_set_text(f->memo, "handle", f->handle);
	else if (f->handle && !f->did)
		return find_refuse(f, ret,
				   "The account does not say itself that it is called %s; "
				   "its owner must confirm the handle.",
				   f->handle);
	pds = pds_of(document, did);
	n = pds ? strlen(pds) : 0;
	pds = n > 0 ? arena_strndup(f->arena, pds, n - (pds[n - 1] == '/')) : "";
	if (!bluesky_server_is_valid(f->app, pds))
		return find_refuse(f, ret, "The document of %s names no server that can be used.",
				   did);
	memo_set_text(f->memo, "pds", pds);
	return script_succeed(ret);
}

static const struct script_row find_rows[] = {
	{ "resolver", ask_resolver, read_resolver },
	{ "host", ask_host, read_host },
	{ "document", ask_document, read_document },
	{ NULL, NULL, NULL },
};
static const struct script find_script = { "find", find_rows };

enum step bluesky_find(const struct bluesky_find *f, const struct http_reply *last,
		       struct step_result *ret)
{
	struct bluesky_find copy = *f;

	return script_run(&find_script, f->memo, &copy, last, ret);
}

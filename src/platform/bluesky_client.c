/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who Carillon is to an authorization server. There is no registration: a client's id is the
 * address of a document about it, which the server reads. For one that nobody can reach from
 * outside the protocol has a fixed meaning: http://localhost, with what would be in the document.
 */
#include <string.h>
#include <strings.h>

#include "platform/bluesky_login.h"

#define BASE     "/api/v1/integrations/bluesky"
#define CALLBACK BASE "/callback"
#define DOCUMENT BASE "/client-metadata.json"

struct place { /* of public_url */
	bool is_https, is_loopback;
	const char *port; /* ":8443" or "" */
};

static bool host_is(const char *host, size_t n, const char *name)
{
	return strlen(name) == n && strncasecmp(host, name, n) == 0;
}

static void place_read(struct arena *a, const char *url, struct place *ret)
{
	const char *host = strstr(url, "://");
	size_t n;

	*ret = (struct place){ .is_https = strncmp(url, "https://", 8) == 0, .port = "" };
	if (!host)
		return;
	host += 3;
	n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	ret->is_loopback = host_is(host, n, "localhost") || host_is(host, n, "127.0.0.1") ||
			   host_is(host, n, "[::1]");
	if (host[n] == ':')
		ret->port = arena_strndup(a, host + n, strcspn(host + n, "/"));
	else if (ret->is_https)
		ret->port = ":443";
}

bool bluesky_client_of(struct arena *a, const struct platform_app *app, struct bluesky_client *ret)
{
	const char *base = app->config->server_public_url;
	struct place place;

	place_read(a, base, &place);
	if (place.is_loopback) {
		/* Loopback clients come back to the number, and without TLS. */
		ret->redirect_uri = arena_printf(a, "http://127.0.0.1%s" CALLBACK, place.port);
		ret->id = arena_printf(a, "http://localhost?redirect_uri=%s&scope=%s",
				       url_encode(a, ret->redirect_uri),
				       url_encode(a, platform_text(app, "scopes")));
		return true;
	}
	ret->redirect_uri = app->redirect_uri;
	ret->id = arena_printf(a, "%s" DOCUMENT, base);
	return place.is_https;
}

json_t *bluesky_client_metadata(struct arena *a, const struct platform_app *app)
{
	const char *base = app->config->server_public_url;

	return json_pack("{s:s, s:s, s:s, s:s, s:[s, s], s:[s], s:[s], s:s, s:s, s:b}", "client_id",
			 arena_printf(a, "%s" DOCUMENT, base), "client_name", "Carillon",
			 "client_uri", base, "application_type", "web", "grant_types",
			 "authorization_code", "refresh_token", "response_types", "code",
			 "redirect_uris", app->redirect_uri, "scope", platform_text(app, "scopes"),
			 "token_endpoint_auth_method", "none", "dpop_bound_access_tokens", 1);
}

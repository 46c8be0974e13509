/* SPDX-License-Identifier: Apache-2.0 */
#include "api/redirect.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "net/message.h"

#define REDIRECT_MAX 1500 /* what is added later must fit the column too */

/* Length of scheme://authority; 0: not an http(s) address. */
static size_t origin_len(const char *url)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]);

		if (strncmp(url, schemes[i], n) == 0)
			return n + strcspn(url + n, "/?#");
	}
	return 0;
}

static bool origin_is(const char *url, size_t len, const char *allowed)
{
	return len > 0 && len == origin_len(allowed) && strncasecmp(url, allowed, len) == 0;
}

static bool origin_is_listed(const char *url, size_t len, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ,");

		if (n > 0 && n == len && strncasecmp(url, list, n) == 0)
			return true;
		list += n;
		list += strspn(list, " ,");
	}
	return false;
}

static bool is_allowed_origin(const struct config *cfg, const char *url)
{
	size_t len = origin_len(url);

	return len > 0 && (origin_is(url, len, cfg->server_app_url) ||
			   origin_is(url, len, cfg->server_public_url) ||
			   origin_is_listed(url, len, cfg->server_redirect_origins));
}

/* Bytes that some reader takes for something else: controls, blanks, backslashes, not ASCII. */
static bool has_odd_bytes(const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '<' || c == '>' || c == '"')
			return true;
	}
	return false;
}

/* Escapes in the path that decode to a separator or a control: %2f, %5c, %00..%1f, %7f, %25. */
static bool has_odd_escapes(const char *path)
{
	static const char *const bad[] = { "%2f", "%5c", "%0", "%1", "%7f", "%25" };
	size_t len = strcspn(path, "?#");

	for (size_t at = 0; at < len; at++) {
		for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
			if (strncasecmp(path + at, bad[i], strlen(bad[i])) == 0)
				return true;
		}
	}
	return false;
}

static bool is_local_path(const char *s)
{
	return s[0] == '/' && s[1] != '/';
}

int redirect_resolve(struct arena *a, const struct config *cfg, const char *wish, const char **ret,
		     struct problem *reterr)
{
	const char *base = *cfg->server_app_url ? cfg->server_app_url : cfg->server_public_url;
	size_t base_len = strlen(base);

	if (!wish || !*wish)
		wish = "/";
	if (strlen(wish) > REDIRECT_MAX || has_odd_bytes(wish) || has_odd_escapes(wish) ||
	    !(is_local_path(wish) || is_allowed_origin(cfg, wish)))
		return problem_set(
			reterr, PROBLEM_REDIRECT,
			"redirect must be a path like /settings or an address at one of this "
			"server's allowed origins");
	if (base_len > 0 && base[base_len - 1] == '/')
		base_len--;
	*ret = is_local_path(wish) ? arena_printf(a, "%.*s%s", (int)base_len, base, wish)
				   : arena_strdup(a, wish);
	return 0;
}

const char *redirect_with(struct arena *a, const char *url, const char *name, const char *value)
{
	size_t len = strcspn(url, "#");
	bool has_query = memchr(url, '?', len) != NULL;

	return arena_printf(a, "%.*s%c%s=%s%s", (int)len, url, has_query ? '&' : '?',
			    url_encode(a, name), url_encode(a, value), url + len);
}

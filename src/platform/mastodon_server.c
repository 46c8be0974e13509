/* SPDX-License-Identifier: Apache-2.0 */
/* The server that a person means: "mastodon.social", "@me@mastodon.social", "https://host/@me". */
#include <stdlib.h>
#include <string.h>

#include "platform/mastodon.h"

static const char name_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
static const char user_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";

static char *lower(struct arena *a, const char *text)
{
	size_t n = strlen(text);
	char *out;

	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\n'))
		n--;
	out = arena_strndup(a, text, n);
	for (char *c = out; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return out + strspn(out, " \t\n");
}

static char *after(char *text, const char *prefix)
{
	const size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* Of an address within a server only a profile's is taken for the server: people paste that. */
static const char *path_cut(char *text)
{
	char *path = strchr(text, '/');

	if (!path)
		return NULL;
	*path = '\0';
	if (path[1] && path[1] != '@')
		return "is an address within a server; give the server's name alone";
	return NULL;
}

/* "@me@host" and "me@host"; the host begins behind the last @. */
static const char *user_cut(char **text)
{
	char *user = **text == '@' ? *text + 1 : *text;
	char *at = strrchr(user, '@');

	if (!at)
		return user == *text ? NULL : "names an account without its server (@me@server)";
	*at = '\0';
	if (!*user || user[strspn(user, user_letters)])
		return "is no account's name (@me@server)";
	*text = at + 1;
	return NULL;
}

/* Written as four plain decimal numbers, or not at all. */
static bool is_plain_v4(const char *host)
{
	int groups = 0;

	for (const char *at = host; *at; groups++) {
		const size_t n = strspn(at, "0123456789");

		if (n == 0 || n > 3 || (n > 1 && *at == '0') || strtol(at, NULL, 10) > 255)
			return false;
		at += n;
		if (*at && (*at++ != '.' || !*at))
			return false;
	}
	return groups == 4;
}

static bool is_name(const char *host)
{
	const size_t n = strlen(host);
	const char *last = strrchr(host, '.');

	if (n == 0 || n > MASTODON_HOST_MAX || host[strspn(host, name_letters)] ||
	    strchr(".-", host[0]) || strchr(".-", host[n - 1]) || strstr(host, ".."))
		return false;
	if (!last)
		return strcmp(host, "localhost") == 0;
	return last[1] >= '0' && last[1] <= '9' ? is_plain_v4(host) : true;
}

/* The scheme's own port is left out, so that a server has one spelling. */
static bool port_fits(char *host, const char *scheme)
{
	char *colon = strchr(host, ':');
	const char *own = strcmp(scheme, "https") == 0 ? "443" : "80";
	long port;

	if (!colon)
		return true;
	port = strtol(colon + 1, NULL, 10);
	if (strlen(colon + 1) > 5 || colon[1 + strspn(colon + 1, "0123456789")] ||
	    colon[1] == '0' || port < 1 || port > 65535)
		return false;
	if (strcmp(colon + 1, own) == 0)
		*colon = '\0';
	return true;
}

static bool host_fits(struct arena *a, char *host, const char *scheme)
{
	return port_fits(host, scheme) && is_name(arena_strndup(a, host, strcspn(host, ":")));
}

const char *mastodon_named_server(struct arena *a, const struct platform_app *app, const char *text,
				  const char **ret_why)
{
	char *rest = lower(a, text ? text : ""), *https = after(rest, "https://"),
	     *http = after(rest, "http://");
	const char *scheme = http ? "http" : "https", *why;

	rest = https ? https : http ? http : rest;
	why = path_cut(rest);
	if (!why && !https && !http)
		why = user_cut(&rest);
	if (!why && !host_fits(a, rest, scheme))
		why = "is no server's name; international names are written in their xn-- form";
	if (why) {
		*ret_why = why;
		return NULL;
	}
	if (!app->livemode) {
		const char *base = platform_text(app, "sandbox_base");
		size_t n = strlen(base);

		return arena_strndup(a, base, n > 0 && base[n - 1] == '/' ? n - 1 : n);
	}
	return arena_printf(a, "%s://%s", scheme, rest);
}

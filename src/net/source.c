/* SPDX-License-Identifier: Apache-2.0 */
#include "net/source.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/config.h"

#define HOST_MAX           253
#define FILENAME_MAX_BYTES 200

/* One parser for the check and for the connection: the client hands libcurl's parse to libcurl. */
struct parts {
	CURLU *url;
	char *scheme, *host, *port, *zone;
};

static void parts_done(struct parts *p)
{
	curl_free(p->scheme);
	curl_free(p->host);
	curl_free(p->port);
	curl_free(p->zone);
	curl_url_cleanup(p->url);
}

DEFINE_CLEANUP_VALUE(struct parts, parts_done);

static bool parse(const char *url, struct parts *ret)
{
	ret->url = curl_url();
	if (!ret->url || curl_url_set(ret->url, CURLUPART_URL, url, CURLU_DISALLOW_USER))
		return false;
	(void)curl_url_get(ret->url, CURLUPART_ZONEID, &ret->zone, 0);
	return !curl_url_get(ret->url, CURLUPART_SCHEME, &ret->scheme, 0) &&
	       !curl_url_get(ret->url, CURLUPART_HOST, &ret->host, 0) &&
	       !curl_url_get(ret->url, CURLUPART_PORT, &ret->port, CURLU_DEFAULT_PORT);
}

int source_policy_read(const struct config *cfg, struct source_policy *ret, struct problem *reterr)
{
	ret->is_http_allowed = cfg->fetch_http;
	if (address_rules_parse(cfg->fetch_allow, &ret->allow) < 0)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				   "[fetch] allow is not a list of CIDR[:port]");
	return 0;
}

/* Printable ASCII alone: no look-alike of a dot or a digit, nothing that a parser may skip. */
static bool is_plain(const char *url)
{
	for (const char *p = url; *p; p++) {
		if (*p <= ' ' || *p > '~' || strchr("\\\"<>^`{|}", *p))
			return false;
	}
	return true;
}

/* What follows the scheme and its two slashes; NULL: it has none. */
static const char *after_scheme(const char *url)
{
	const char *colon = url + strcspn(url, ":/?#");

	return colon > url && strncmp(colon, "://", 3) == 0 ? colon + 3 : NULL;
}

/* As it stands in the URL, before a parser makes anything of it; [*ret_n] bytes. */
static const char *raw_host(const char *url, size_t *ret_n)
{
	const char *at = after_scheme(url);
	const char *end = at + strcspn(at, "/?#");

	if (*at == '[') {
		const char *close = memchr(at, ']', (size_t)(end - at));

		*ret_n = close ? (size_t)(close - at) + 1 : (size_t)(end - at);
		return at;
	}
	*ret_n = strcspn(at, ":/?#");
	return at;
}

static bool has_name_letters(const char *host, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";

	return n > 0 && strspn(host, letters) >= n;
}

/* No top-level domain begins with a digit: such a last label makes an address of the whole. */
static bool is_number(const char *host, size_t n)
{
	const char *last = host;

	for (size_t i = 0; i < n; i++) {
		if (host[i] == '.')
			last = host + i + 1;
	}
	return last < host + n && *last >= '0' && *last <= '9';
}

static const char *name_fault(const char *raw, size_t n)
{
	if (!has_name_letters(raw, n))
		return "its host name has other characters than letters, digits, '-', '_' and '.'; "
		       "international names are written in their xn-- form";
	if (n > HOST_MAX)
		return "its host name is too long";
	if (raw[0] == '.' || raw[n - 1] == '.' || memmem(raw, n, "..", 2))
		return "its host name begins or ends with a dot, or has an empty label";
	return NULL;
}

/* Written as four plain decimal numbers, or not at all. */
static const char *v4_fault(const struct source_policy *policy, const char *raw, size_t n,
			    unsigned port)
{
	char text[INET_ADDRSTRLEN] = "", plain[INET_ADDRSTRLEN];
	struct in_addr in;

	if (n < sizeof(text))
		memcpy(text, raw, n);
	if (inet_pton(AF_INET, text, &in) != 1 || !inet_ntop(AF_INET, &in, plain, sizeof(plain)) ||
	    strcmp(text, plain) != 0)
		return "its host is neither a name nor an address in plain form";
	if (!address_text_is_allowed(text, port, &policy->allow))
		return "its address is not one of the public internet";
	return NULL;
}

static const char *v6_fault(const struct source_policy *policy, const char *raw, size_t n,
			    unsigned port)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr in;

	if (n < 2 || raw[n - 1] != ']' || n - 2 >= sizeof(text))
		return "its host is neither a name nor an address in plain form";
	memcpy(text, raw + 1, n - 2);
	if (inet_pton(AF_INET6, text, &in) != 1)
		return "its host is neither a name nor an address in plain form";
	if (!address_text_is_allowed(text, port, &policy->allow))
		return "its address is not one of the public internet";
	return NULL;
}

/* Which addresses a name leads to is not known yet: any rule may open the port. */
static bool is_port_open(const struct source_policy *policy, unsigned port)
{
	for (size_t i = 0; i < policy->allow.n; i++) {
		if (policy->allow.v[i].port == 0 || policy->allow.v[i].port == port)
			return true;
	}
	return port == 80 || port == 443;
}

static const char *host_fault(const struct source_policy *policy, const char *url, unsigned port)
{
	size_t n;
	const char *raw = raw_host(url, &n);
	const char *fault;

	if (n > 0 && *raw == '[')
		return v6_fault(policy, raw, n, port);
	fault = name_fault(raw, n);
	if (fault)
		return fault;
	return is_number(raw, n) ? v4_fault(policy, raw, n, port) : NULL;
}

static const char *scheme_fault(const struct source_policy *policy, const char *scheme)
{
	if (strcmp(scheme, "https") == 0 ||
	    (policy->is_http_allowed && strcmp(scheme, "http") == 0))
		return NULL;
	return policy->is_http_allowed ? "its scheme is neither https nor http"
				       : "its scheme is not https";
}

const char *source_fault(const struct source_policy *policy, const char *url)
{
	CLEANUP(parts_done) struct parts p = { .url = NULL };
	const char *fault;
	unsigned port;

	if (strlen(url) > SOURCE_URL_MAX)
		return "is longer than 2048 characters";
	if (!is_plain(url))
		return "has characters that must be percent-encoded";
	if (!after_scheme(url))
		return "is not an absolute URL";
	if (!parse(url, &p))
		return "cannot be read as a URL, or has a user name";
	fault = scheme_fault(policy, p.scheme);
	if (fault)
		return fault;
	if (p.zone)
		return "its address has a zone";
	port = (unsigned)strtoul(p.port, NULL, 10);
	if (!is_port_open(policy, port))
		return "its port is not open to fetching";
	return host_fault(policy, url, port);
}

int source_check(const struct source_policy *policy, const char *pointer, const char *url,
		 struct problem *reterr)
{
	const char *fault = source_fault(policy, url);

	return fault ? problem_add(reterr, pointer, "invalid_url", "%s", fault) : 0;
}

const char *source_host(struct arena *a, const char *url)
{
	CLEANUP(parts_done) struct parts p = { .url = NULL };

	return arena_strdup(a, parse(url, &p) ? p.host : "");
}

static bool is_name_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("-_.", c);
}

const char *source_filename(struct arena *a, const char *url)
{
	const char *host = after_scheme(url);
	const char *path = host ? host + strcspn(host, "/?#") : NULL;
	const char *end = path ? path + strcspn(path, "?#") : NULL;
	const char *at;
	char *name;

	for (at = end; at && at > path && at[-1] != '/'; at--)
		;
	if (!at || at == end || end - at > FILENAME_MAX_BYTES)
		return NULL;
	name = arena_strndup(a, at, (size_t)(end - at));
	for (char *c = name; *c; c++)
		*c = is_name_letter(*c) ? *c : '_';
	return name;
}

const char *source_follow(struct arena *a, const char *url, const char *location)
{
	CLEANUP(parts_done) struct parts p = { .url = NULL };
	const char *whole = NULL;
	char *text = NULL;

	/* libcurl joins what is relative to the URL that the handle has. */
	if (parse(url, &p) && !curl_url_set(p.url, CURLUPART_URL, location, CURLU_DISALLOW_USER) &&
	    !curl_url_get(p.url, CURLUPART_URL, &text, 0))
		whole = arena_strdup(a, text);
	curl_free(text);
	return whole;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/address.h"

#include <string.h>

/* scheme://authority of an URL; its length, 0: not an absolute http(s) URL without userinfo. */
static size_t origin_len(const char *url, const char **ret_host, size_t *ret_host_len)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]), authority;

		if (strncmp(url, schemes[i], n) != 0)
			continue;
		authority = strcspn(url + n, "/?#\\");
		*ret_host = url + n;
		*ret_host_len = strcspn(url + n, ":/?#\\");
		return memchr(url + n, '@', authority) ? 0 : n + authority;
	}
	return 0;
}

static bool host_is_below(const char *host, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	if (n == 0 || len < n || strncmp(host + len - n, suffix, n) != 0)
		return false;
	return len == n || host[len - n - 1] == '.';
}

/* What is no character of an URL has no place in a request, whatever a platform says. */
static bool is_printable(const char *url)
{
	for (const char *p = url; *p; p++) {
		if (*p <= ' ' || *p > '~')
			return false;
	}
	return true;
}

bool address_is_trusted(const struct platform_app *app, const char *url, const char *base_setting,
			const char *suffix_setting)
{
	const char *base = platform_text(app, base_setting), *host = "", *base_host = "";
	size_t host_len = 0, base_host_len = 0;
	size_t len = origin_len(url, &host, &host_len);
	size_t base_len = origin_len(base, &base_host, &base_host_len);

	if (len == 0 || !is_printable(url))
		return false;
	if (len == base_len && strncmp(url, base, len) == 0)
		return true;
	return strncmp(url, "https://", 8) == 0 && host + host_len == url + len &&
	       host_is_below(host, host_len, platform_text(app, suffix_setting));
}

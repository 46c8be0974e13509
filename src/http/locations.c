/* SPDX-License-Identifier: Apache-2.0 */
#include "http/locations.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct route_list {
	const struct route **v;
	size_t n;
};

/* Length of "/api/v1/content" in "/api/v1/content/{id}", of "/v1/posts" in "/v1/posts/{id}". */
static size_t resource_len(const char *pattern)
{
	int segments = strncmp(pattern, "/api/", 5) == 0 ? 3 : 2;
	size_t len = 0;

	while (pattern[len] && segments-- > 0)
		len += 1 + strcspn(pattern + len + 1, "/");
	return len;
}

static bool resource_is_same(const char *a, const char *b)
{
	size_t len = resource_len(a);

	return len == resource_len(b) && strncmp(a, b, len) == 0;
}

static void routes_collect(const struct route_table *t, struct route_list *ret)
{
	const struct route *const *family;
	const struct route *row;

	for (family = t->families; *family; family++) {
		for (row = *family; row->pattern; row++) {
			ret->v = alloc_resize(ret->v, (ret->n + 1) * sizeof(const struct route *));
			ret->v[ret->n++] = row;
		}
	}
}

static bool resource_is_all_platform(const struct route_list *l, const char *pattern)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (resource_is_same(l->v[i]->pattern, pattern) && l->v[i]->pool == POOL_API)
			return false;
	}
	return true;
}

/* Whether an earlier platform row made the same location already. */
static bool is_printed(const struct route_list *l, size_t at, bool is_prefix)
{
	size_t i;

	for (i = 0; i < at; i++) {
		if (l->v[i]->pool != POOL_PLATFORM)
			continue;
		if (is_prefix ? resource_is_same(l->v[i]->pattern, l->v[at]->pattern)
			      : strcmp(l->v[i]->pattern, l->v[at]->pattern) == 0)
			return true;
	}
	return false;
}

static void print_prefix(const char *path, size_t len, const char *pool, struct buf *out)
{
	buf_printf(out, "location = %.*s { include carillon/%s.conf; }\n", (int)len, path, pool);
	buf_printf(out, "location %.*s/ { include carillon/%s.conf; }\n", (int)len, path, pool);
}

static void print_single(const char *pattern, struct buf *out)
{
	const char *p = pattern;

	if (!strchr(pattern, '{')) {
		buf_printf(out, "location = %s { include carillon/platform.conf; }\n", pattern);
		return;
	}
	buf_adds(out, "location ~ ^");
	while (*p) {
		size_t len = strcspn(p, "{");

		buf_add(out, p, len);
		p += len;
		if (!*p)
			break;
		buf_adds(out, "[0-9A-Za-z_]+");
		p += strcspn(p, "}") + 1;
	}
	buf_adds(out, "$ { include carillon/platform.conf; }\n");
}

void locations_print(const struct route_table *t, struct buf *out)
{
	struct route_list l = { NULL, 0 };
	size_t i;

	routes_collect(t, &l);
	buf_adds(out, "# Which pool serves which path, from the route table: "
		      "carillon-responder --print-locations\n");
	for (i = 0; i < l.n; i++) {
		const char *pattern = l.v[i]->pattern;
		bool is_prefix;

		if (l.v[i]->pool != POOL_PLATFORM)
			continue;
		is_prefix = resource_is_all_platform(&l, pattern);
		if (is_printed(&l, i, is_prefix))
			continue;
		if (is_prefix)
			print_prefix(pattern, resource_len(pattern), "platform", out);
		else
			print_single(pattern, out);
	}
	print_prefix("/api/v1", 7, "api", out);
	print_prefix("/v1", 3, "api", out);
	free(l.v);
}

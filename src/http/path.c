/* SPDX-License-Identifier: Apache-2.0 */
#include "http/path.h"

#include <stdbool.h>
#include <string.h>

#define PATH_BYTES_MAX 1024

static bool path_byte_is_plain(unsigned char c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return true;
	return c == '.' || c == '_' || c == '~' || c == '/' || c == '-';
}

/* "/a/b" but not "a", "/a//b", "/a/./b", "/a/..", "/a/"; "/" alone is fine. */
static bool path_segments_are_sound(const char *path)
{
	const char *p = path;

	if (*p != '/')
		return false;
	if (!p[1])
		return true;
	while (*p) {
		size_t len = strcspn(++p, "/");

		if (!len || (len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += len;
	}
	return true;
}

/*
 * nginx decodes and merges before it matches a location, so what was matched and what was sent can
 * differ. Only requests for which both are the same text are served: every encoded separator,
 * dot segment or control byte fails that comparison already, and needs no decoder of ours.
 */
int path_canonical(struct arena *a, const char *document_uri, const char *request_uri,
		   const char **ret, struct problem *reterr)
{
	size_t len, i;

	if (!document_uri || !request_uri)
		return problem_set(reterr, PROBLEM_BAD_PATH, "The request has no path.");
	len = strcspn(request_uri, "?");
	if (len > PATH_BYTES_MAX)
		return problem_set(reterr, PROBLEM_BAD_PATH, "The path is longer than %d bytes.",
				   PATH_BYTES_MAX);
	for (i = 0; i < len; i++) {
		if (!path_byte_is_plain((unsigned char)request_uri[i]))
			return problem_set(reterr, PROBLEM_BAD_PATH,
					   "Paths are made of A-Z a-z 0-9 . _ ~ - and / only; "
					   "nothing in them needs to be percent-encoded.");
	}
	if (strlen(document_uri) != len || strncmp(document_uri, request_uri, len) != 0)
		return problem_set(reterr, PROBLEM_BAD_PATH, "The path has empty or dot segments.");
	if (!path_segments_are_sound(document_uri))
		return problem_set(reterr, PROBLEM_BAD_PATH,
				   "The path has empty or dot segments, or ends with a slash.");
	*ret = arena_strndup(a, document_uri, len);
	return 0;
}

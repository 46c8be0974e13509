/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path - the one canonical path
 * Layer http. document_uri is nginx's decoded path, request_uri the raw one. Refused
 * (PROBLEM_BAD_PATH): encoded slash, backslash, NUL, CR, LF, empty or dot segments, bytes outside
 * [A-Za-z0-9._~/-], a raw path that differs from the decoded one, more than 1024 bytes.
 */
#ifndef CARILLON_HTTP_PATH_H
#define CARILLON_HTTP_PATH_H

#include "base/arena.h"
#include "base/problem.h"

int path_canonical(struct arena *a, const char *document_uri, const char *request_uri,
		   const char **ret, struct problem *reterr);

#endif

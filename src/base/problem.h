/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem - the error value that a caller may have to explain
 * Layer base. Fixed size and caller-owned, so reporting an error cannot fail. Functions from db
 * upward return 0 or -1 and fill `struct problem *reterr` exactly when negative. `detail` is safe
 * to show to a client: no secrets, no internals; the cause goes to the log.
 */
#ifndef CARILLON_BASE_PROBLEM_H
#define CARILLON_BASE_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

enum problem_kind {
	PROBLEM_NONE,
#define PROBLEM(kind, status, code, who, title) PROBLEM_##kind,
#include "base/problem.def"
#undef PROBLEM
	PROBLEM_KINDS
};

#define PROBLEM_ITEMS_MAX 32

struct problem_item {      /* one wrong member; collected so that all are reported at once */
	char pointer[128]; /* JSON Pointer, or the name of a query parameter */
	char code[32];     /* required, unknown_member, wrong_type, too_long, out_of_range, ... */
	char detail[192];
};

struct problem {
	enum problem_kind kind;
	int retry_after_s; /* 0: none */
	char detail[384];
	size_t items_n; /* may exceed PROBLEM_ITEMS_MAX: the rest is only counted */
	struct problem_item items[PROBLEM_ITEMS_MAX];
	char extra[1024];   /* further members as JSON text without braces, or "" */
	bool has_own_error; /* extra brings the member `error` itself */
};

struct problem_row {
	int status;
	const char *code, *who, *title;
};

const struct problem_row *problem_row(enum problem_kind kind);

/* Sets kind and detail, keeps nothing of before; always -1, so: return problem_set(...). */
int problem_set(struct problem *reterr, enum problem_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds one wrong member; kind becomes PROBLEM_INVALID if none is set yet. Always -1. */
int problem_add(struct problem *reterr, const char *pointer, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

void problem_clear(struct problem *p);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct problem_row rows[] = {
	[PROBLEM_NONE] = { 500, "internal_error", "operator", "Something broke on our side" },
#define PROBLEM(kind, status, code, who, title) [PROBLEM_##kind] = { status, code, who, title },
#include "base/problem.def"
#undef PROBLEM
};

const struct problem_row *problem_row(enum problem_kind kind)
{
	return &rows[(unsigned)kind < PROBLEM_KINDS ? kind : PROBLEM_NONE];
}

/* Cuts where a character begins, so that a shortened text is still UTF-8. */
static void problem_copy(char *to, size_t cap, const char *from)
{
	size_t len = strnlen(from, cap);

	if (len == cap) {
		len--;
		while (len && ((unsigned char)from[len] & 0xc0) == 0x80)
			len--;
	}
	memmove(to, from, len);
	to[len] = '\0';
}

/* Room for one byte more than the widest text, so that problem_copy() sees what was cut. */
struct wide {
	char text[512];
};

__attribute__((format(printf, 1, 0))) static struct wide problem_format(const char *fmt, va_list ap)
{
	struct wide w;

	if (vsnprintf(w.text, sizeof(w.text), fmt, ap) < 0)
		w.text[0] = '\0';
	return w;
}

void problem_clear(struct problem *p)
{
	p->kind = PROBLEM_NONE;
	p->retry_after_s = 0;
	p->detail[0] = '\0';
	p->items_n = 0;
	p->extra[0] = '\0';
	p->has_own_error = false;
}

int problem_set(struct problem *reterr, enum problem_kind kind, const char *fmt, ...)
{
	struct wide w;
	va_list ap;

	/* Formatted before anything is cleared: arguments may point into *reterr. */
	va_start(ap, fmt);
	w = problem_format(fmt, ap);
	va_end(ap);
	problem_clear(reterr);
	reterr->kind = kind;
	problem_copy(reterr->detail, sizeof(reterr->detail), w.text);
	return -1;
}

int problem_add(struct problem *reterr, const char *pointer, const char *code, const char *fmt, ...)
{
	struct problem_item *item;
	struct wide w;
	va_list ap;

	if (reterr->kind == PROBLEM_NONE)
		reterr->kind = PROBLEM_INVALID;
	if (reterr->items_n++ >= PROBLEM_ITEMS_MAX)
		return -1;
	item = &reterr->items[reterr->items_n - 1];
	va_start(ap, fmt);
	w = problem_format(fmt, ap);
	va_end(ap);
	problem_copy(item->pointer, sizeof(item->pointer), pointer);
	problem_copy(item->code, sizeof(item->code), code);
	problem_copy(item->detail, sizeof(item->detail), w.text);
	return -1;
}

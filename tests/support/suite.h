/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suite - what the main() of a libcheck program does
 * Tests only. Cases run in their order.
 */
#ifndef CARILLON_TESTS_SUITE_H
#define CARILLON_TESTS_SUITE_H

#include <check.h>
#include <stddef.h>

struct suite_case {
	const TTest *test; /* NULL ends the list */
	int loops;         /* 0: once; else _i runs from 0 to loops - 1 */
};

struct suite_of {
	const char *name;
	const char *const *needs; /* variables of `./carillon env`, NULL-terminated; NULL: none */
	void (*before)(void), (*after)(void);   /* around the program; NULL: nothing */
	void (*open)(void), (*close)(void);     /* around each case's loops; may assert */
	void (*setup)(void), (*teardown)(void); /* around each case; NULL: nothing */
	int timeout_s;                          /* 0: a minute */
	const char *not_sanitized;              /* why a build with sanitizers skips it; NULL */
	const struct suite_case *cases;
	const struct suite_of *also; /* cases that start otherwise, in the same run; NULL: none */
};
#define SUITE_NEEDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The program's exit status; 77, said aloud, when a variable is missing or the build is a wrong one. */
int suite_run(const struct suite_of *s);

#endif

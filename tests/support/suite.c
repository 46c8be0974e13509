/* SPDX-License-Identifier: Apache-2.0 */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"

#define CASE_TIMEOUT_S 60

/* A case of libcheck each, so that CK_RUN_CASE can name it. */
static void add(Suite *suite, const struct suite_of *s, const struct suite_case *c)
{
	TCase *t = tcase_create(c->test->name);

	tcase_set_timeout(t, s->timeout_s ? s->timeout_s : CASE_TIMEOUT_S);
	if (s->open || s->close)
		tcase_add_unchecked_fixture(t, s->open, s->close);
	if (s->setup || s->teardown)
		tcase_add_checked_fixture(t, s->setup, s->teardown);
	suite_add_tcase(suite, t);
	if (c->loops > 0)
		tcase_add_loop_test(t, c->test, 0, c->loops);
	else
		tcase_add_test(t, c->test);
}

/* 0, or the status of a program that cannot be run here. */
static int skip(const struct suite_of *s)
{
#ifdef ENABLE_SANITIZERS
	if (s->not_sanitized) {
		fprintf(stderr, "SKIPPED: %s\n", s->not_sanitized);
		return CLIENT_SKIP;
	}
#endif
	return s->needs ? client_need(s->needs) : 0;
}

int suite_run(const struct suite_of *s)
{
	Suite *suite = suite_create(s->name);
	SRunner *runner = srunner_create(suite);
	int failed = skip(s);

	for (const struct suite_of *of = s; of; of = of->also) {
		for (const struct suite_case *c = of->cases; c->test; c++)
			add(suite, of, c);
	}
	if (failed == 0) {
		if (s->before)
			s->before();
		srunner_run_all(runner, CK_ENV);
		failed = srunner_ntests_failed(runner) ? EXIT_FAILURE : EXIT_SUCCESS;
		if (s->after)
			s->after();
	}
	srunner_free(runner);
	return failed;
}

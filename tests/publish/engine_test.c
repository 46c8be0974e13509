/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rig.h"

#define SETTLED (1u << POST_PUBLISHED | 1u << POST_FAILED | 1u << POST_MISSED | 1u << POST_PAUSED)

static struct rig rig;

static void setup(void)
{
	rig_reset(&rig);
}

static int64_t of_post(const char *id, const char *expression)
{
	char sql[400];

	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM posts WHERE id = '%s'", expression, id);
	return rig_number(&rig, sql);
}

static int64_t of_attempt(const char *id, const char *expression)
{
	char sql[400];

	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM attempts WHERE post_id = '%s'", expression, id);
	return rig_number(&rig, sql);
}

START_TEST(due_post_is_published_once_with_its_address)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "first light", -1000, id);
	ck_assert_int_eq(rig_until(&rig, id, SETTLED, 15000), POST_PUBLISHED);
	ck_assert_int_eq(rig_effects(&rig, "first light"), 1);
	ck_assert_int_eq(of_post(id, "remote_id IS NOT NULL AND remote_url IS NOT NULL"), 1);
	ck_assert_int_eq(of_post(id, "published_at IS NOT NULL AND wake_at IS NULL"), 1);
	ck_assert_int_eq(of_post(id, "owner IS NULL AND attempts = 1 AND error_code IS NULL"), 1);
	ck_assert_int_eq(of_attempt(id, "state = 'effect' AND settled_at IS NOT NULL"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM events WHERE type = 'post.published'"),
			 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM contents WHERE state = 'published'"),
			 1);
}
END_TEST

START_TEST(post_leaves_on_its_instant)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "on the second", 3000, id);
	ck_assert_int_eq(rig_until(&rig, id, SETTLED, 15000), POST_PUBLISHED);
	ck_assert_int_ge(of_attempt(id, "fired_late_us"), 0);
	ck_assert_int_lt(of_attempt(id, "fired_late_us"), 50000);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("engine");
	TCase *t = tcase_create("engine");
	SRunner *r = srunner_create(s);
	int failed;

	(void)argc, (void)argv;
	rig_start(&rig);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, due_post_is_published_once_with_its_address);
	tcase_add_test(t, post_leaves_on_its_instant);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	rig_stop(&rig);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

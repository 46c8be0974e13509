/* SPDX-License-Identifier: Apache-2.0 */
/* The job that reads how published posts were received. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "publish/rig.h"

static struct rig rig;

static void set_up(void)
{
	rig_reset(&rig);
}

static void make_due(void)
{
	database_run(&rig.database, "UPDATE post_results SET next_at = UTC_TIMESTAMP(3)");
}

static void publish(const char *caption)
{
	char id[ID_MAX];

	rig_post(&rig, 0, caption, 0, id);
	ck_assert_int_eq(rig_until(&rig, id, 1U << POST_PUBLISHED, 60000), POST_PUBLISHED);
}

START_TEST(reaction_is_read_and_kept)
{
	publish("well received");
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM post_results WHERE readings = 0 "
					  "AND next_at > UTC_TIMESTAMP(3) + INTERVAL 50 MINUTE"),
			 1);
	make_due();
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_gt(rig_number(&rig, "SELECT likes FROM post_results"), 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT readings FROM post_results"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT score > 0 FROM post_results"), 1);
	/* Again a day after publication, and never more after the last time. */
	ck_assert_int_eq(rig_number(&rig, "SELECT next_at = published_at + INTERVAL 1 DAY FROM "
					  "post_results"),
			 1);
	database_run(&rig.database, "UPDATE post_results SET published_at = UTC_TIMESTAMP(3) - "
				    "INTERVAL 8 DAY");
	make_due();
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT next_at IS NULL AND readings = 2 FROM "
					  "post_results"),
			 1);
}
END_TEST

/* The post stays published whatever the reading comes to; it is asked for again, later. */
START_TEST(failed_reading_is_tried_later)
{
	publish("hard to read");
	database_run(&rig.database, "UPDATE accounts SET status = 'expired'");
	make_due();
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	database_run(&rig.database, "UPDATE accounts SET status = 'connected'");
	ck_assert_int_eq(rig_number(&rig, "SELECT failures = 1 AND score IS NULL AND next_at > "
					  "UTC_TIMESTAMP(3) FROM post_results"),
			 1);
	make_due();
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT failures = 0 AND score > 0 FROM post_results"),
			 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'published'"),
			 1);
}
END_TEST

/* What was deleted there says so, with an error that is worth asking again; in the end nobody does. */
START_TEST(post_that_is_gone_is_given_up)
{
	publish("gone");
	database_run(&rig.database, "UPDATE posts SET remote_id = '17999999999999999'");
	for (int i = 0; i < 8; i++) {
		database_run(&rig.database, "UPDATE post_results SET next_at = UTC_TIMESTAMP(3) "
					    "WHERE next_at IS NOT NULL");
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	}
	ck_assert_int_eq(rig_number(&rig, "SELECT next_at IS NULL AND score IS NULL FROM "
					  "post_results"),
			 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("results");
	TCase *c = tcase_create("results");
	SRunner *r;
	int failed;

	rig_start(&rig);
	tcase_set_timeout(c, 180);
	tcase_add_checked_fixture(c, set_up, NULL);
	tcase_add_test(c, reaction_is_read_and_kept);
	tcase_add_test(c, failed_reading_is_tried_later);
	tcase_add_test(c, post_that_is_gone_is_given_up);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	rig_stop(&rig);
	return failed != 0;
}

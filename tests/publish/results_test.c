/* SPDX-License-Identifier: Apache-2.0 */
/* The job that reads how published posts were received. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "publish/rig.h"
#include "support/suite.h"

static struct rig rig;

static void setup(void)
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
	rig_expect(&rig, id, POST_PUBLISHED, 60000);
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

static void open_rig(void)
{
	rig_start(&rig);
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ reaction_is_read_and_kept, 0 },
		{ failed_reading_is_tried_later, 0 },
		{ post_that_is_gone_is_given_up, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "results",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 180,
					.cases = cases };

	return suite_run(&suite);
}

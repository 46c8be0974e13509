/* SPDX-License-Identifier: Apache-2.0 */
#include "media/url.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "support/suite.h"

static const struct keys keys = { .url = { 1, 2, 3 } };

struct split {
	char id[64], expiry[32], file[64];
};

static void split(const char *url, struct split *ret)
{
	ck_assert_int_eq(sscanf(url, "https://h.example/m/%63[^/]/%31[^/]/%63s", ret->id,
				ret->expiry, ret->file),
			 3);
}

static int check(const struct split *p, int64_t now_us)
{
	struct problem err = { 0 };
	int rc = media_url_check(&keys, p->id, p->expiry, p->file, now_us, &err);

	ck_assert_int_eq(err.kind, rc < 0 ? PROBLEM_NOT_FOUND : PROBLEM_NONE);
	return rc;
}

START_TEST(signed_address_holds_until_it_expires)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct split p;

	split(media_url_sign(a, &keys, "https://h.example", "med_1", "jpg", 1000 * US_PER_S), &p);
	ck_assert_str_eq(p.id, "med_1");
	ck_assert_str_eq(p.expiry, "1000");
	ck_assert_int_eq(check(&p, 999 * US_PER_S), 0);
	ck_assert_int_eq(check(&p, 1000 * US_PER_S), 0);
	ck_assert_int_eq(check(&p, 1001 * US_PER_S), -1);
}
END_TEST

START_TEST(any_change_breaks_it)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct split good, p;

	split(media_url_sign(a, &keys, "https://h.example", "med_1", "jpg", 1000 * US_PER_S),
	      &good);
	for (size_t i = 0; good.file[i]; i++) {
		p = good;
		p.file[i] = (char)(p.file[i] == 'x' ? 'y' : 'x');
		ck_assert_int_eq(check(&p, 0), -1);
	}
	p = good;
	memcpy(p.id, "med_2", 6);
	ck_assert_int_eq(check(&p, 0), -1);
	p = good;
	memcpy(p.expiry, "2000", 5);
	ck_assert_int_eq(check(&p, 0), -1);
	p = good;
	memcpy(strchr(p.file, '.'), ".svg", 5);
	ck_assert_int_eq(check(&p, 0), -1);
	memcpy(p.file, "x", 2);
	ck_assert_int_eq(check(&p, 0), -1);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ signed_address_holds_until_it_expires, 0 },
		{ any_change_breaks_it, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "media_url",
		.cases = cases,
	});
}

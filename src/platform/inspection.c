/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/platform.h"

#define DAY_S 86400

void inspection_cap(struct inspection *i, const struct cap *cap)
{
	if (i->caps_n < ARRAY_LEN(i->caps))
		i->caps[i->caps_n++] = *cap;
}

void inspection_count(struct inspection *i)
{
	const struct cap cap = { "posts", platform_int(i->app, "posts_per_day"), i->posted_today,
				 DAY_S };

	if (cap.most <= 0)
		return;
	inspection_cap(i, &cap);
	if (cap.used >= cap.most)
		findings_add(i->findings, true, "account", "quota_exhausted",
			     "%s was given %lld posts in the last 24 hours; %s may take no more.",
			     i->account->username, (long long)cap.used, i->app->platform->title);
}

struct delivery inspection_delivery(const struct inspection *i)
{
	return (struct delivery){ .arena = i->arena,
				  .app = i->app,
				  .account = i->account,
				  .post = i->post,
				  .memo = i->memo,
				  .now_us = i->now_us };
}

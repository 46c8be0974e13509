/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/engagement.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * Public studies of posting times contradict one another in the details and agree in the shape:
 * people look at their phones at breakfast, at noon and most of all in the evening; text follows
 * the working day; long video and things to plan (Pinterest) belong to evenings and weekends; the
 * middle of the working week beats its edges. So the numbers below are deliberately flat: within
 * waking hours the best is about twice the worst, and a few dozen results of one's own outweigh
 * them. Hours are local and in hundredths of the platform's best; days are factors in hundredths.
 */
struct rhythm {
	const char *platform; /* NULL: of any other */
	int per_day; /* YouTube: its quota of uploads; Pinterest: more looks like spam; 0: not named */
	unsigned char days[ENGAGEMENT_DAYS];
	unsigned char hours[ENGAGEMENT_HOURS];
};

/* clang-format off */
static const struct rhythm rhythms[] = {
	{ "instagram", 0, { 92, 98, 100, 98, 94, 84, 86 },
	  { 30, 20, 15, 15, 20, 32, 48, 62, 74, 84, 92, 98, 100, 94, 86, 82, 84, 90, 97, 99, 96, 86, 68, 46 } },
	{ "tiktok",    0, { 88, 96, 97, 100, 98, 92, 90 },
	  { 40, 28, 20, 18, 20, 30, 46, 58, 62, 66, 70, 75, 78, 78, 80, 84, 90, 95, 98, 100, 100, 97, 86, 62 } },
	{ "twitter",   0, { 94, 100, 100, 98, 92, 72, 70 },
	  { 22, 16, 14, 14, 20, 36, 58, 80, 94, 100, 98, 96, 97, 92, 86, 82, 82, 84, 80, 74, 70, 62, 48, 34 } },
	{ "youtube",   6, { 82, 84, 88, 93, 98, 100, 98 },
	  { 32, 22, 16, 14, 16, 22, 32, 44, 54, 62, 68, 74, 80, 84, 90, 96, 100, 100, 98, 96, 92, 82, 66, 46 } },
	{ "pinterest", 12, { 84, 86, 86, 88, 92, 100, 99 },
	  { 36, 24, 18, 16, 18, 24, 34, 44, 52, 58, 62, 66, 70, 74, 78, 80, 80, 82, 88, 96, 100, 98, 84, 58 } },
	{ NULL,        0, { 92, 96, 97, 97, 95, 92, 90 },
	  { 32, 22, 17, 16, 19, 29, 44, 58, 67, 74, 78, 82, 85, 84, 84, 85, 87, 90, 92, 93, 92, 85, 70, 49 } },
};
static const char *const weekday_names[ENGAGEMENT_DAYS] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
};
/* clang-format on */

static const struct rhythm *rhythm_of(const char *platform)
{
	const size_t last = ARRAY_LEN(rhythms) - 1;

	for (size_t i = 0; i < last; i++) {
		if (strcmp(rhythms[i].platform, platform) == 0)
			return &rhythms[i];
	}
	return &rhythms[last];
}

const char *engagement_weekday_name(int weekday)
{
	return weekday_names[weekday];
}

double engagement_share(int64_t weight)
{
	return round((double)weight / 1000) / 1000;
}

int engagement_per_day(const char *platform)
{
	return rhythm_of(platform)->per_day;
}

int64_t engagement_prior(const char *platform, int weekday, int hour)
{
	const struct rhythm *r = rhythm_of(platform);

	return (int64_t)r->days[weekday] * r->hours[hour] * (ENGAGEMENT_WHOLE / 10000);
}

static double known(int64_t count)
{
	return count > 0 ? (double)count : 0.0;
}

double engagement_score(const struct engagement_counts *c)
{
	return log1p(known(c->likes) + 2 * known(c->comments) + 3 * known(c->shares) +
		     2 * known(c->saves) + known(c->views) / 10);
}

struct totals {
	double score, assumed;
};

/* What the account's posts earned, and what their hours were assumed to earn. */
static struct totals add_up(const char *platform, const struct engagement_results *r)
{
	struct totals t = { 0 };

	for (int d = 0; d < ENGAGEMENT_DAYS; d++) {
		for (int h = 0; h < ENGAGEMENT_HOURS; h++) {
			t.score += r->sum[d][h];
			t.assumed +=
				(double)r->posts[d][h] * (double)engagement_prior(platform, d, h);
		}
	}
	return t;
}

/*
 * Scores are told in units of weight: the account's mean post is as good as the hours it was
 * published at were assumed to be. Where nothing was ever earned, nothing is learned.
 */
int64_t engagement_weight(const char *platform, const struct engagement_results *results,
			  int weekday, int hour)
{
	const int64_t prior = engagement_prior(platform, weekday, hour);
	struct totals t;
	double unit, weight;

	if (!results || results->posts[weekday][hour] == 0)
		return prior;
	t = add_up(platform, results);
	if (t.score <= 0)
		return prior;
	unit = t.assumed / t.score;
	weight = ((double)prior * ENGAGEMENT_STRENGTH + results->sum[weekday][hour] * unit) /
		 (double)(ENGAGEMENT_STRENGTH + results->posts[weekday][hour]);
	return (int64_t)weight;
}

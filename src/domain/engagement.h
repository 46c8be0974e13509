/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engagement - what an hour of the week is worth on a platform; pure
 * Layer domain. A weight is what is assumed beforehand (built-in, by platform), drawn towards what
 * the account's own posts earned: the mean of ENGAGEMENT_STRENGTH assumed posts and the real ones,
 * so one lucky post moves it little and twenty rule it. Units: millionths; 1000000 is the best hour
 * that is assumed of any platform.
 */
#ifndef CARILLON_DOMAIN_ENGAGEMENT_H
#define CARILLON_DOMAIN_ENGAGEMENT_H

#include <stdint.h>

#define ENGAGEMENT_DAYS     7
#define ENGAGEMENT_HOURS    24
#define ENGAGEMENT_STRENGTH 8
#define ENGAGEMENT_WHOLE    1000000

struct engagement_results { /* of one account, by local weekday and hour of publication */
	int64_t posts[ENGAGEMENT_DAYS][ENGAGEMENT_HOURS];
	double sum[ENGAGEMENT_DAYS][ENGAGEMENT_HOURS]; /* of engagement_score() */
};

struct engagement_counts { /* what a platform tells of a post; -1: it does not */
	int64_t views, likes, comments, shares, saves;
};

/*
 * One number a post: logarithmic, so that ten times the reaction counts as one step more. Words
 * weigh more than taps, and passing it on most; a view is the tenth part of a tap.
 */
double engagement_score(const struct engagement_counts *c);

/* The assumed weight; an unknown platform has the mean of all. weekday 0 = Monday. */
int64_t engagement_prior(const char *platform, int weekday, int hour);
/* Posts a day that are sensible on it at most; 0: it names none. */
int engagement_per_day(const char *platform);
/* results NULL: the prior alone. */
int64_t engagement_weight(const char *platform, const struct engagement_results *results,
			  int weekday, int hour);
/* As a share of the whole, in thousandths: 0.934. */
double engagement_share(int64_t weight);
const char *engagement_weekday_name(int weekday); /* "Monday" */

#endif

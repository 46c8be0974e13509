/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conversion - media as a platform will get them
 * Layer api. Whatever a platform does not take is made into what it takes (platform/fit.h), ahead
 * of the due time; so the checks are asked about the product, and the difference is a warning.
 */
#ifndef CARILLON_API_CONVERSION_H
#define CARILLON_API_CONVERSION_H

#include "domain/content.h"
#include "http/message.h"
#include "platform/platform.h"
#include "store/accounts.h"

/*
 * Puts the cover and what will become of each medium into *p, with a warning will_be_converted
 * each; a cover that cannot be one is a problem in *ret. -1: the database.
 */
int conversion_foresee(const struct request *req, const struct platform_app *app,
		       struct publication *p, struct findings *ret, struct problem *reterr);
/*
 * Has everything made that this content needs on this account. Best effort: staging asks again
 * for what is missing.
 */
void conversion_ask(const struct request *req, const struct content *c, const struct account *acc,
		    int64_t due_us);
/*
 * How far the conversions of these media are for that platform, in percent; the least of them. -1:
 * nothing is converted, or nobody has asked for it yet.
 */
struct conversion_of {
	const struct content *content;
	const char *platform, *overrides; /* overrides: the post's own; NULL none */
	bool livemode;
};
int conversion_progress(const struct request *req, const struct conversion_of *of, int64_t *ret,
			struct problem *reterr);

#endif

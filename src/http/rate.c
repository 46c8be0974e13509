/* SPDX-License-Identifier: Apache-2.0 */
#include "http/rate.h"

int rate_cost(enum rate_class class)
{
	static const int costs[] = {
		[RATE_READ] = 1,  [RATE_WRITE] = 2,   [RATE_AUTH] = 4, [RATE_CONNECT] = 5,
		[RATE_MEDIA] = 5, [RATE_PUBLISH] = 5, [RATE_NONE] = 0,
	};

	return costs[class];
}

static const char too_many_requests[] =
	"{\"description\":\"A limit of the caller is used up for now; violated-policies names "
	"it\",\"headers\":{\"Retry-After\":{\"$ref\":\"#/components/headers/RetryAfter\"},"
	"\"RateLimit-Policy\":{\"$ref\":\"#/components/headers/RateLimitPolicy\"},"
	"\"RateLimit\":{\"$ref\":\"#/components/headers/RateLimit\"}},"
	"\"content\":{\"application/problem+json\":"
	"{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}";

void rate_emit_refusal(struct emit *e)
{
	emit_raw(e, "TooManyRequests", too_many_requests);
}

void rate_emit_headers(struct emit *e)
{
	emit_open(e, "headers");
	emit_raw(e, "RateLimitPolicy",
		 "{\"description\":\"The caller's limits: q units in w seconds "
		 "each.\",\"schema\":{\"type\":\"string\"},"
		 "\"example\":\"\\\"key\\\";q=3000;w=60, \\\"workspace\\\";q=6000;w=60\"}");
	emit_raw(e, "RateLimit",
		 "{\"description\":\"How they stand: r units are left; in t seconds the limit is "
		 "whole again or, of one that refused, takes this request.\","
		 "\"schema\":{\"type\":\"string\"},"
		 "\"example\":\"\\\"key\\\";r=2998;t=1, \\\"workspace\\\";r=5998;t=1\"}");
	emit_raw(e, "RetryAfter",
		 "{\"description\":\"Seconds to wait.\",\"schema\":{\"type\":\"integer\","
		 "\"minimum\":1}}");
	emit_close(e);
}

void rate_emit_fields(struct emit *e, const struct route *r)
{
	if (r->rate != RATE_NONE)
		emit_raw(
			e, "headers",
			"{\"RateLimit-Policy\":{\"$ref\":\"#/components/headers/RateLimitPolicy\"},"
			"\"RateLimit\":{\"$ref\":\"#/components/headers/RateLimit\"}}");
}

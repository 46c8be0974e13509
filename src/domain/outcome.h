/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcome - what one step of a delivery came to
 * Layer domain. Texts live in the delivery's arena. How the engine reads a kind depends on the
 * phase it came from; the table stands in domain/delivery.c.
 */
#ifndef CARILLON_DOMAIN_OUTCOME_H
#define CARILLON_DOMAIN_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum outcome_kind {
	OUTCOME_STAGED,    /* stage: nothing is left to do before the fire call */
	OUTCOME_PUBLISHED, /* fire: proof of effect, remote_id set (or "" : live, id not known yet);
	                       doubt: found, and it is ours; confirm: finished; stage, or fire before
	                       its call: an earlier fire had its effect after all, to be looked up */
	OUTCOME_ACCEPTED, /* fire: taken, the platform still works on it; handle set; poll in confirm */
	OUTCOME_DEFER, /* not now: repeat this phase after retry_after_s (stage: a fault that may pass;
	                       fire: PROVEN no effect and worth another attempt) */
	OUTCOME_REFUSED, /* stage, or fire with PROVEN no effect: repeating cannot help */
	OUTCOME_REAUTH,  /* the account must be connected again; proven no effect if from fire */
	OUTCOME_REFRESH, /* the token is stale but can be renewed; proven no effect if from fire */
	OUTCOME_UNKNOWN, /* fire: may or may not have had effect; doubt: this read proves nothing */
	OUTCOME_ABSENT,  /* doubt: a read that covered the whole window did not find it */
	OUTCOME_RESTAGE, /* what was staged is gone or spoilt (expired container): stage anew; from fire
	                       or doubt only with proof of no effect */
	OUTCOME_CONTINUED, /* fire or doubt: proof of effect of this part, further parts follow; made
	                       of PUBLISHED by the engine, no adapter says it */
};

enum post_error_code { /* the words of the API, in this order in post_error_names[] */
		       POST_ERROR_NONE,
		       POST_ERROR_TOKEN_EXPIRED,
		       POST_ERROR_RATE_LIMITED,
		       POST_ERROR_CONTENT_REJECTED,
		       POST_ERROR_MEDIA_REJECTED,
		       POST_ERROR_NETWORK,
		       POST_ERROR_PLATFORM,
		       POST_ERROR_CONFIGURATION,
		       POST_ERROR_MISSED,
		       POST_ERROR_UNKNOWN,
};

enum who { WHO_YOU, WHO_ACCOUNT_OWNER, WHO_OPERATOR, WHO_PLATFORM };

struct post_error {
	enum post_error_code code;
	const char *message; /* one sentence: what, whose side, what helps */
	enum who who;
	const char *platform_code;    /* as the platform wrote it, e.g. "9004/2207052"; NULL none */
	const char *platform_message; /* secrets cut; NULL none */
	bool is_retryable;
};

struct outcome {
	enum outcome_kind kind;
	int64_t retry_after_s; /* DEFER, UNKNOWN: the platform's own wish; 0: ours */
	const char *remote_id, *remote_url, *handle;
	/* PUBLISHED: a word for what fell short of the wish ("kept_private"); NULL nothing */
	const char *remark;
	bool is_app_wide; /* DEFER, rate_limited: every account of the operator's app must wait */
	struct post_error error; /* DEFER, REFUSED, REAUTH, REFRESH, UNKNOWN, RESTAGE */
};

const char *post_error_name(enum post_error_code code); /* "token_expired", ...; NULL for NONE */
const char *who_name(enum who who);

#endif

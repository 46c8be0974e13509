/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consent - the page on which a person allows or denies, and its automatic modes
 * Layer sandbox. A platform's dialog endpoint checks what it must, describes the question and
 * calls sandbox_consent_begin(), which shows the page, or decides at once when the setting
 * `consent` or the query says so:
 *   sandbox_auto=approve|deny   sandbox_user=ID   sandbox_scopes=a,b   sandbox_accounts=ID,ID
 * The form posts to sandbox_consent_submit(), a row of the platform at /sandbox/consent.
 */
#ifndef CARILLON_SANDBOX_CONSENT_H
#define CARILLON_SANDBOX_CONSENT_H

#include "sandbox/world.h"

struct consent_ask {
	const struct sandbox_platform *platform;
	struct app *app;
	const char *realm;                /* whose people may answer */
	const char *redirect_uri, *state; /* state NULL: not sent, not echoed */
	struct list scopes;               /* asked for */
	const char *title,
		*choices_title; /* choices_title NULL: the person has nothing to choose */
	const char *denied;     /* query of the denied callback, without state */
	const char *issuer;     /* `iss` of both callbacks (RFC 9207); NULL: none */
	const char *code_prefix, *fragment; /* fragment: put behind the granted callback, or "" */
	int64_t code_life_s;
	const char *challenge, *challenge_method;
	const char *granted_name; /* query member that lists what was granted; NULL: none does */
	const char *granted_separator; /* NULL: a comma */
	const char *options;           /* what the code carries for the platform, or NULL */
	const char *(*explain)(const char *scope); /* in a person's words; NULL: the scope itself */
	bool is_answered;
};

/* ask: in the world's arena. */
void sandbox_consent_begin(struct exchange *ex, struct consent_ask *ask);
void sandbox_consent_submit(struct exchange *ex);
/* The page itself: the form answers to the question of this id. */
void sandbox_consent_page(struct exchange *ex, const struct consent_ask *ask, const char *id);
/* An error page that stays on the platform: nothing is sent to the redirect URI. */
void sandbox_consent_refuse(struct exchange *ex, const char *title, const char *sentence);

#endif

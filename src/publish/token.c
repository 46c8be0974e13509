/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A refused token: renewed once, while the post waits for it; refused again in spite of that, it
 * takes a person. What the platform said concerns the account, not one post alone.
 *
 * Of the memo, "token" is the engine's: the generation that was refused, and when (seconds).
 */
#include <string.h>

#include "base/bug.h"
#include "base/log.h"
#include "publish/private.h"

/* A new token that is refused so soon after an old one: renewing does not help. */
#define AGAIN_S 3600

static int64_t refused_number(const struct flight *f, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(f->memo, "token"), name));
}

static int64_t now_s(const struct flight *f)
{
	return flight_now_us(f) / US_PER_S;
}

static void note_refused(const struct flight *f, int64_t generation)
{
	if (refused_number(f, "generation") == generation)
		return;
	json_object_set_new(f->memo, "token",
			    json_pack("{s:I, s:I}", "generation", (json_int_t)generation, "at",
				      (json_int_t)now_s(f)));
}

enum outcome_kind flight_token_outcome(struct flight *f, enum outcome_kind kind)
{
	const int64_t generation = tokens_generation(&f->tokens, "access");
	const int64_t before = refused_number(f, "generation");
	const struct platform *p = f->platform_app.platform;

	if (kind != OUTCOME_REFRESH)
		return kind;
	if (!p || !p->renew ||
	    (before != 0 && before != generation && now_s(f) - refused_number(f, "at") < AGAIN_S))
		return OUTCOME_REAUTH;
	note_refused(f, generation);
	return kind;
}

bool flight_token_is_awaited(const struct flight *f)
{
	const int64_t before = refused_number(f, "generation");

	return before != 0 && before == tokens_generation(&f->tokens, "access");
}

void flight_tell_account(struct flight *f)
{
	struct db *db = f->engine->app->db;
	const struct account *a = &f->q.account;
	const char *why = f->change.move.error.message;
	struct problem p = { .kind = PROBLEM_NONE };
	int done = 0;

	if (BUG(token_fault_untold))
		return;
	if (f->token_fault == OUTCOME_REAUTH && a->status == ACCOUNT_CONNECTED)
		done = store_accounts_set_status(
			db, f->key.workspace, a->id, ACCOUNT_EXPIRED,
			why && *why ? why : "The platform refused the token.", &p);
	else if (f->token_fault == OUTCOME_REFRESH)
		done = store_tokens_want(db, f->key.workspace, a->id,
					 tokens_generation(&f->tokens, "access"), &p);
	if (done < 0)
		log_line(LOG_LEVEL_WARN, "account.untold", "account=%s detail=\"%s\"", a->id,
			 p.detail);
	f->token_fault = OUTCOME_STAGED;
}

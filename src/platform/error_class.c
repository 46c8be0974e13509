/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/error_class.h"

static const struct {
	enum outcome_kind kind;
	bool is_retryable;
} classes[] = {
	[CLASS_LATER] = { OUTCOME_DEFER, true },
	[CLASS_RESTAGE] = { OUTCOME_RESTAGE, true },
	[CLASS_TOKEN] = { OUTCOME_REFRESH, true },
	[CLASS_RECONNECT] = { OUTCOME_REAUTH, true },
	[CLASS_USER] = { OUTCOME_REFUSED, true },
	[CLASS_CONTENT] = { OUTCOME_REFUSED, false },
	[CLASS_OPERATOR] = { OUTCOME_REFUSED, true },
	[CLASS_DOUBT] = { OUTCOME_UNKNOWN, true },
	[CLASS_QUOTA] = { OUTCOME_DEFER, true },
	[CLASS_FETCH] = { OUTCOME_DEFER, true },
	[CLASS_GONE] = { OUTCOME_DEFER, true },
	[CLASS_MEDIA] = { OUTCOME_DEFER, true },
	[CLASS_DUPLICATE] = { OUTCOME_REFUSED, false },
};

void error_class_apply(enum error_class class, struct outcome *o)
{
	o->kind = classes[class].kind;
	o->error.is_retryable = classes[class].is_retryable;
}

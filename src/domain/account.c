/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/account.h"

#include <stddef.h>

const char *const account_status_names[ACCOUNT_STATUSES + 1] = {
	[ACCOUNT_CONNECTED] = "connected",
	[ACCOUNT_EXPIRED] = "expired",
	[ACCOUNT_REVOKED] = "revoked",
	[ACCOUNT_DISCONNECTED] = "disconnected",
};
const char *const on_late_names[ON_LATES + 1] = {
	[ON_LATE_PUBLISH] = "publish",
	[ON_LATE_SKIP] = "skip",
	[ON_LATE_ASK] = "ask",
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/mode.h"

#include <string.h>

#include "api/principal.h"

static const enum livemode modes[] = {
	[MODE_TEST] = LIVEMODE_TEST,
	[MODE_LIVE] = LIVEMODE_LIVE,
	[MODE_BOTH] = LIVEMODE_ANY,
};

enum livemode mode_of(const struct request *req)
{
	return modes[req->principal->mode];
}

int mode_read(const struct request *req, enum livemode *ret, struct problem *reterr)
{
	const char *asked = request_query(req, "livemode");
	enum livemode own = mode_of(req);
	enum livemode wanted;

	if (!asked) {
		*ret = own;
		return 0;
	}
	wanted = strcmp(asked, "true") == 0 ? LIVEMODE_LIVE : LIVEMODE_TEST;
	if (own != LIVEMODE_ANY && own != wanted)
		return problem_add(reterr, "livemode", "out_of_range",
				   "this key sees %s accounts only",
				   own == LIVEMODE_LIVE ? "live" : "test");
	*ret = wanted;
	return 0;
}

const char *mode_accounts(const struct request *req)
{
	const char *const *ids = req->principal->account_ids;
	CLEANUP(buf_done) struct buf list = BUF_INIT;

	if (!ids)
		return NULL;
	for (size_t i = 0; ids[i]; i++) {
		if (i > 0)
			buf_addc(&list, ',');
		buf_adds(&list, ids[i]);
	}
	return arena_strdup(req->arena, buf_str(&list));
}

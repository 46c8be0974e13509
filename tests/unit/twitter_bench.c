/* SPDX-License-Identifier: Apache-2.0 */
#include "twitter_bench.h"

#include "support/contract.h"

json_t *twitter_contract;

int twitter_run(const struct suite_of *s)
{
	int status;

	twitter_contract = contract_load("x/openapi-v2-publish.json");
	status = suite_run(s);
	json_decref(twitter_contract);
	return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "mastodon_bench.h"

#include <check.h>

#include "support/contract.h"

struct bench b;
static json_t *contract, *meta;

void mastodon_open(const char *extra)
{
	bench_open_for(&b, "mastodon", extra);
	meta = json_pack("{s:s}", "server", MASTODON_SERVER);
	b.account.remote_id = MASTODON_ID "@mast.example.com";
	b.account.meta = meta;
	b.account.access_token = "TOKEN";
	b.contract = contract;
}

void mastodon_close(void)
{
	json_decref(meta);
	bench_close(&b);
}

void mastodon_options(const char *json)
{
	json_decref(b.post.options);
	b.post.options = json_loads(json, 0, NULL);
	ck_assert_ptr_nonnull(b.post.options);
}

void mastodon_staged(size_t n)
{
	bench_images(&b, n > 1 ? CONTENT_CAROUSEL : CONTENT_IMAGE, n);
	for (size_t i = 0; i < n; i++) {
		memo_set_text(mastodon_item(&b.d, i), "id", arena_printf(b.arena, "%zu", 100 + i));
		memo_set_int(mastodon_item(&b.d, i), "dies", BENCH_NOW_S + 1000);
	}
}

int mastodon_run(const struct suite_of *s)
{
	int status;

	contract = contract_load("mastodon/openapi-publish.json");
	status = suite_run(s);
	json_decref(contract);
	return status;
}

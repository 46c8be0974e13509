/* SPDX-License-Identifier: Apache-2.0 */
/* Id, expiry and file of a media address, an API key, an instant, a place to alter: a line each. */
#include <string.h>

#include "api/keyformat.h"
#include "base/clock.h"
#include "fuzz/fuzz.h"
#include "media/url.h"

static struct keys keys;

static int check(struct arena *a, const char *path, int64_t now_us)
{
	const char *id = path, *expiry = strchr(id, '/'),
		   *file = expiry ? strchr(expiry + 1, '/') : NULL;
	struct problem why = { 0 };

	if (!file)
		return -1;
	return media_url_check(&keys, arena_strndup(a, id, (size_t)(expiry - id)),
			       arena_strndup(a, expiry + 1, (size_t)(file - expiry - 1)), file + 1,
			       now_us, &why);
}

/* An address of ours is good until it expires, and with no character changed. */
static void address_look(struct arena *a, const char *id, int64_t us, size_t at)
{
	const char *path = media_url_sign(a, &keys, "", id, "jpg", us) + strlen("/m/");
	char *altered = arena_strdup(a, path);
	size_t n = strlen(path);

	MUST(check(a, path, us) == 0 && check(a, path, us + 2 * US_PER_S) < 0);
	altered[at % n] = altered[at % n] == '1' ? '2' : '1';
	MUST(strcmp(altered, path) == 0 || check(a, altered, us) < 0);
}

static void key_look(const char *text, size_t at)
{
	char made[KEYFORMAT_LEN + 1];
	struct keyformat parts, again;

	if (keyformat_parse(text, &parts) == 0)
		MUST(strlen(text) == KEYFORMAT_LEN && strlen(parts.public_id) == KEYFORMAT_PUBLIC);
	keyformat_make(at % 2 == 0, made, &parts);
	MUST(keyformat_parse(made, &again) == 0 && again.livemode == parts.livemode);
	MUST(strcmp(again.public_id, parts.public_id) == 0);
	made[at % KEYFORMAT_LEN] = made[at % KEYFORMAT_LEN] == 'x' ? 'y' : 'x';
	MUST(keyformat_parse(made, &again) < 0);
}

void fuzz_signed(struct input *in)
{
	const char *id = input_line(in), *expiry = input_line(in), *file = input_line(in);
	const char *key = input_line(in);
	int64_t us = input_number(in);
	size_t at = (size_t)input_number(in);
	struct problem why = { 0 };

	memset(keys.url, 7, sizeof(keys.url));
	/* Nobody has the key, so nothing that is made up is good. */
	MUST(media_url_check(&keys, id, expiry, file, us, &why) < 0 &&
	     why.kind == PROBLEM_NOT_FOUND);
	if (*id && !strpbrk(id, "/.") && us > 0 && us < INT64_MAX / 2)
		address_look(in->arena, id, us, at);
	key_look(key, at);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "net/oauth2.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"

#define LIFE_MAX_S (100LL * 365 * 86400)

static const char *challenge_s256(struct arena *a, const char *verifier)
{
	uint8_t hash[SHA256_BYTES];
	char *text = arena_alloc(a, 4 * SHA256_BYTES / 3 + 4);

	digest_sha256(verifier, strlen(verifier), hash);
	digest_base64url(hash, sizeof(hash), text);
	return text;
}

static const char *challenge_s256_hex(struct arena *a, const char *verifier)
{
	uint8_t hash[SHA256_BYTES];
	char *text = arena_alloc(a, SHA256_HEX_MAX);

	digest_sha256(verifier, strlen(verifier), hash);
	digest_hex(hash, sizeof(hash), text);
	return text;
}

const char *oauth2_challenge(struct arena *a, enum pkce how, const char *verifier)
{
	switch (how) {
	case PKCE_S256:
		return challenge_s256(a, verifier);
	case PKCE_S256_HEX:
		return challenge_s256_hex(a, verifier);
	case PKCE_NONE:
		break;
	}
	return NULL;
}

/* A member that is a text and not empty; an empty token must never replace a good one. */
static const char *member_text(struct arena *a, const json_t *obj, const char *name)
{
	const char *s = json_string_value(json_object_get(obj, name));

	return s && *s ? arena_strdup(a, s) : NULL;
}

/* Tokens go into header lines: RFC 6749 A.12 knows no controls and no non-ASCII in them. */
static const char *member_token(struct arena *a, const json_t *obj, const char *name)
{
	const char *s = member_text(a, obj, name);

	for (const char *p = s; p && *p; p++) {
		if (*p < 0x20 || *p > 0x7e)
			return NULL;
	}
	return s;
}

static int64_t text_seconds(const char *s)
{
	char *end = NULL;
	long long value;

	errno = 0;
	value = strtoll(s, &end, 10);
	if (end == s || *end || errno)
		return -1;
	return value;
}

/* Seconds as number or, as some servers have it, as text. */
static int64_t member_seconds(const json_t *obj, const char *name)
{
	const json_t *v = json_object_get(obj, name);
	int64_t s = -1;

	if (json_is_integer(v))
		s = json_integer_value(v);
	else if (json_is_real(v) && fabs(json_real_value(v)) < (double)INT64_MAX)
		s = (int64_t)json_real_value(v);
	else if (json_is_string(v))
		s = text_seconds(json_string_value(v));
	if (s < 0)
		return -1;
	return s < LIFE_MAX_S ? s : LIFE_MAX_S;
}

int oauth2_read_tokens(struct arena *a, const json_t *reply, struct oauth2_tokens *ret,
		       struct oauth2_error *reterr)
{
	struct oauth2_tokens t = { .raw = reply };

	t.access_token = member_token(a, reply, "access_token");
	/* a reply with both members is a failure: some servers answer errors with 200 */
	if (!t.access_token || member_text(a, reply, "error")) {
		reterr->code = member_text(a, reply, "error");
		reterr->description = member_text(a, reply, "error_description");
		return -1;
	}
	t.refresh_token = member_token(a, reply, "refresh_token");
	t.scope = member_text(a, reply, "scope");
	t.expires_in_s = member_seconds(reply, "expires_in");
	t.refresh_expires_in_s = member_seconds(reply, "refresh_expires_in");
	if (t.refresh_expires_in_s < 0)
		t.refresh_expires_in_s = member_seconds(reply, "refresh_token_expires_in");
	*ret = t;
	return 0;
}

bool oauth2_has_scope(const char *granted, const char *scope)
{
	static const char gaps[] = " ,";
	size_t want = strlen(scope);

	if (!granted || want == 0)
		return false;
	for (const char *p = granted; *p;) {
		size_t len = strcspn(p, gaps);

		if (len == want && memcmp(p, scope, len) == 0)
			return true;
		p += len;
		p += strspn(p, gaps);
	}
	return false;
}

const char *oauth2_missing_scopes(struct arena *a, const char *required, const char *granted)
{
	const char *missing = "";

	while (*required) {
		size_t len = strcspn(required, " ,");
		const char *scope = arena_strndup(a, required, len);

		if (len > 0 && !oauth2_has_scope(granted, scope))
			missing = arena_printf(a, "%s%s%s", missing, *missing ? " " : "", scope);
		required += len + strspn(required + len, " ,");
	}
	return missing;
}

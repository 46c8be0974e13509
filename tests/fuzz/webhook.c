/* SPDX-License-Identifier: Apache-2.0 */
/* An id, a time, a list of events, how many tries failed, what the peer asks for, a place to alter,
 * on a line each; then the body. The signature is verified as a receiver does it. */
#include "domain/webhook.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/websign.h"
#include "fuzz/fuzz.h"

/* Standard Webhooks 1.0 in the words of a receiver: any of the signatures may be the one. */
static bool verifies(struct arena *a, const struct websign_message *m,
		     const struct websign_secret *secret, const char *signatures)
{
	const char *head = arena_printf(a, "%s.%lld.", m->id, (long long)m->timestamp_s);
	size_t n = strlen(head) + m->body_n;
	char *text = arena_alloc(a, n + 1), want[64] = "v1,";
	uint8_t mac[SHA256_BYTES];

	memcpy(text, head, strlen(head));
	if (m->body_n)
		memcpy(text + strlen(head), m->body, m->body_n);
	digest_hmac(secret->bytes, secret->n, text, n, mac);
	digest_base64(mac, sizeof(mac), want + 3);
	for (const char *p = signatures; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (len == strlen(want) && memcmp(p, want, len) == 0)
			return true;
		p += len;
	}
	return false;
}

static void sign_look(struct arena *a, const struct websign_message *m, size_t at)
{
	struct websign_secret secrets[WEBSIGN_SECRETS_MAX + 1];
	char signatures[WEBSIGN_SECRETS_MAX * WEBSIGN_SIGNATURE_MAX];
	struct websign_message other = *m;
	char *body;

	for (size_t i = 0; i < WEBSIGN_SECRETS_MAX + 1; i++) {
		secrets[i] = (struct websign_secret){ .n = WEBSIGN_SECRET_BYTES };
		memset(secrets[i].bytes, (int)i + 1, WEBSIGN_SECRET_BYTES);
	}
	websign_print(m, secrets, WEBSIGN_SECRETS_MAX, signatures);
	MUST(strlen(signatures) < sizeof(signatures));
	MUST(verifies(a, m, &secrets[0], signatures) && verifies(a, m, &secrets[1], signatures));
	MUST(!verifies(a, m, &secrets[2], signatures));
	other.timestamp_s = m->timestamp_s ^ 1;
	MUST(!verifies(a, &other, &secrets[0], signatures));
	if (m->body_n == 0)
		return;
	other = *m;
	body = arena_memdup(a, m->body, m->body_n);
	body[at % m->body_n] ^= 1;
	other.body = body;
	MUST(!verifies(a, &other, &secrets[0], signatures));
}

static void wait_look(int64_t failed, int64_t asked_s, uint32_t random)
{
	int64_t us = webhook_wait_us(failed, asked_s, random);

	MUST(us == -1 || us > 0);
	MUST(us <= (WEBHOOK_WAIT_MAX_S + WEBHOOK_WAIT_MAX_S / 10) * US_PER_S);
	MUST(us == -1 || asked_s > WEBHOOK_WAIT_MAX_S || us >= asked_s * US_PER_S);
	MUST((us == -1) == (failed >= WEBHOOK_TRIES));
}

void fuzz_webhook(struct input *in)
{
	struct websign_message m = { .id = input_line(in), .timestamp_s = input_number(in) };
	const char *list = input_line(in);
	int64_t failed = input_number(in), asked_s = input_number(in);
	size_t at = (size_t)input_number(in);
	bool is_any = false;

	m.body = input_rest(in, &m.body_n);
	sign_look(in->arena, &m, at);
	for (const char *const *name = webhook_event_names; *name; name++) {
		is_any = is_any || webhook_wants(list, *name);
		MUST(webhook_wants(NULL, *name) && webhook_wants(*name, *name));
		MUST(webhook_event_is_known(*name));
	}
	MUST(!is_any || *list);
	if (failed > 0 && asked_s >= 0)
		wait_look(failed, asked_s, (uint32_t)at);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/hooks.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/mask.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "domain/webhook.h"
#include "net/client.h"
#include "net/source.h"
#include "store/deliveries.h"
#include "store/eventview.h"
#include "store/webhooks.h"

#define EVERY_MS       250
#define EVENTS_A_TURN  200
#define AT_ONCE        64
#define LEASE_MARGIN_S 30      /* beyond the longest wait for an answer */
#define REPLY_MAX      1048576 /* of a good answer, which is thrown away as it comes */
#define KEPT_BYTES     160     /* of a bad one */
#define STATUS_GONE    410

struct sending {
	struct sending *next;
	struct hooks *all;
	struct arena *arena; /* of its claim alone */
	struct claimed claimed;
	struct http_request *request;
	int64_t begun_boot_us;
	bool is_ended;
	struct delivery_settle settle;
};

struct hooks {
	struct app *app;
	char owner[ID_MAX];
	struct source_policy policy;
	struct sending *list;
	size_t n, ended_n;
};

static int64_t lease_s(const struct hooks *h)
{
	return h->app->config->webhooks_timeout_s + LEASE_MARGIN_S;
}

static struct sending *sending_new(struct hooks *h)
{
	struct sending *s = alloc_zero(sizeof(*s));

	s->all = h;
	s->arena = arena_new();
	s->begun_boot_us = clock_boot_us();
	s->next = h->list;
	h->list = s;
	h->n++;
	return s;
}

static void sending_free(struct sending *s)
{
	struct sending **at = &s->all->list;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	s->all->n--;
	s->all->ended_n -= s->is_ended;
	arena_free(s->arena);
	free(s);
}

/* ---- what came of it ---- */

static void end(struct sending *s, const struct delivery_settle *how)
{
	s->settle = *how;
	s->settle.claimed = &s->claimed;
	s->settle.duration_ms = (clock_boot_us() - s->begun_boot_us) / US_PER_MS;
	s->is_ended = true;
	s->all->ended_n++;
}

static void end_again(struct sending *s, struct delivery_settle *how, int64_t asked_s)
{
	uint32_t draw;

	random_bytes(&draw, sizeof(draw));
	how->wait_us = webhook_wait_us(s->claimed.tries, asked_s, draw);
	how->end = how->wait_us < 0 ? DELIVERY_FAILED : DELIVERY_AGAIN;
	end(s, how);
}

/* The beginning of an answer, for whoever has to find the fault: printable, without secrets. */
static const char *excerpt(struct sending *s, const struct http_reply *reply)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(buf_done) struct buf masked = BUF_INIT;

	for (size_t i = 0; i < reply->body.len && i < KEPT_BYTES; i++) {
		const char c = reply->body.p[i];

		buf_addc(&text, c >= ' ' && c <= '~' ? c : ' ');
	}
	mask_add(&masked, buf_str(&text), text.len);
	return masked.len > 0 ? arena_strndup(s->arena, masked.p,
					      masked.len < KEPT_BYTES ? masked.len : KEPT_BYTES)
			      : NULL;
}

static const char *words_of(int status)
{
	if (status / 100 == 3)
		return "answered with a redirect, which is not followed";
	return status == STATUS_GONE ? "answered that it is gone for good" : "refused the event";
}

static void end_answered(struct sending *s, struct http_reply *reply)
{
	struct delivery_settle how = { .status = reply->status };

	if (reply->status / 100 == 2) {
		how.end = DELIVERY_DONE;
		end(s, &how);
		return;
	}
	how.error = words_of(reply->status);
	how.response = excerpt(s, reply);
	if (reply->status == STATUS_GONE) {
		how.end = DELIVERY_GONE;
		how.reason = "it answered 410 Gone";
		end(s, &how);
		return;
	}
	end_again(s, &how, http_reply_retry_after_s(reply, clock_real_us()));
}

static void on_reply(void *arg, struct http_reply *reply)
{
	struct sending *s = arg;
	struct delivery_settle how = { .error = reply->failure };

	/* An answer that is too long has been given all the same. */
	if (reply->transfer == TRANSFER_REPLIED || (reply->is_too_large && reply->status >= 200))
		end_answered(s, reply);
	else
		end_again(s, &how, 0);
	log_line(LOG_LEVEL_INFO, "webhook.sent",
		 "delivery=%s event=%s webhook=%s host=%s status=%d try=%lld ms=%lld error=\"%s\"",
		 s->claimed.id, s->claimed.event.id, s->claimed.webhook_id,
		 source_host(s->arena, s->claimed.url), reply->status, (long long)s->claimed.tries,
		 (long long)s->settle.duration_ms, s->settle.error ? s->settle.error : "");
}

/* ---- writing it down, all at once ---- */

static void drop_late(struct hooks *h)
{
	const int64_t before_us = clock_boot_us() - lease_s(h) * US_PER_S;

	for (struct sending *s = h->list, *next; s; s = next) {
		next = s->next;
		if (s->is_ended && s->begun_boot_us < before_us)
			sending_free(s);
	}
}

static void settle(struct hooks *h)
{
	struct delivery_settle *v;
	struct problem p = { .kind = PROBLEM_NONE };
	size_t n = 0;

	if (h->ended_n == 0)
		return;
	v = alloc_array(h->ended_n, sizeof(*v));
	for (const struct sending *s = h->list; s; s = s->next) {
		if (s->is_ended)
			v[n++] = s->settle;
	}
	if (store_deliveries_settle(h->app->db, v, n, &p) == 0) {
		for (struct sending *s = h->list, *next; s; s = next) {
			next = s->next;
			if (s->is_ended)
				sending_free(s);
		}
	} else {
		/* Tried again next turn; once its lease is over it is sent again anyway. */
		log_line(LOG_LEVEL_WARN, "webhook.unwritten", "deliveries=%zu detail=\"%s\"", n,
			 p.detail);
		drop_late(h);
	}
	free(v);
}

/* ---- sending ---- */

static int sink(void *arg, const void *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n;
	return 0;
}

static void compose(struct sending *s, const struct webhook_secrets *secrets)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	struct emit e = EMIT(&body);
	const int64_t now_s = clock_real_us() / US_PER_S;
	char signatures[WEBSIGN_SECRETS_MAX * WEBSIGN_SIGNATURE_MAX];
	struct http_request *r = http_request_new(s->arena, VERB_POST, "webhook");
	struct websign_message m = { .id = s->claimed.event.id, .timestamp_s = now_s };

	eventview_emit(&e, &s->claimed.event);
	r->url = s->claimed.url;
	r->body = BODY_BYTES;
	r->bytes = arena_strdup(s->arena, buf_str(&body));
	r->bytes_n = body.len;
	m.body = r->bytes;
	m.body_n = r->bytes_n;
	websign_print(&m, secrets->v, secrets->n, signatures);
	http_request_header(r, "Content-Type", "application/json");
	http_request_header(r, "webhook-id", "%s", m.id);
	http_request_header(r, "webhook-timestamp", "%lld", (long long)now_s);
	http_request_header(r, "webhook-signature", "%s", signatures);
	r->timeout_ms = (int)(s->all->app->config->webhooks_timeout_s * 1000);
	r->reply_max_bytes = REPLY_MAX;
	r->sink = sink;
	s->request = r;
}

/* The claim's arena is one for all of a turn; each sending lives as long as it takes. */
static void copy_claimed(struct sending *s, const struct claimed *c)
{
	struct arena *a = s->arena;

	s->claimed = *c;
	s->claimed.workspace = arena_strdup(a, c->workspace);
	s->claimed.id = arena_strdup(a, c->id);
	s->claimed.webhook_id = arena_strdup(a, c->webhook_id);
	s->claimed.url = arena_strdup(a, c->url);
	s->claimed.event.id = arena_strdup(a, c->event.id);
	s->claimed.event.type = arena_strdup(a, c->event.type);
	s->claimed.event.subject_id = arena_strdup(a, c->event.subject_id);
	s->claimed.event.data = arena_strdup(a, c->event.data);
}

struct signing { /* the secrets of the endpoint that is being served */
	const char *webhook_id;
	struct webhook_secrets secrets;
};

static int open_secrets(const struct hooks *h, const struct claimed *c, struct signing *ret,
			struct problem *reterr)
{
	if (ret->webhook_id && strcmp(ret->webhook_id, c->webhook_id) == 0)
		return 0;
	ret->webhook_id = NULL;
	if (store_webhooks_secrets(h->app->db, c->workspace, c->webhook_id, h->app->keys,
				   &ret->secrets, reterr) < 0)
		return -1;
	ret->webhook_id = c->webhook_id;
	return 0;
}

static void begin(struct hooks *h, const struct claimed *c, struct signing *signing)
{
	struct sending *s = sending_new(h);
	struct delivery_settle how = { .error = NULL };
	struct problem p = { .kind = PROBLEM_NONE };
	const char *fault = source_fault(&h->policy, c->url);

	copy_claimed(s, c);
	if (fault) {
		how.error = arena_printf(s->arena, "its URL may not be called: %s", fault);
	} else if (open_secrets(h, c, signing, &p) < 0) {
		log_line(LOG_LEVEL_ERROR, "webhook.unsigned", "webhook=%s detail=\"%s\"",
			 c->webhook_id, p.detail);
		how.error = "it could not be signed: the operator must look";
	} else {
		compose(s, &signing->secrets);
		(void)net_start(h->app->net, NET_USER, s->request, 0, on_reply, s);
		return;
	}
	end_again(s, &how, 0);
}

static void claim(struct hooks *h)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct delivery_claim in = {
		.owner = h->owner,
		.lease_s = lease_s(h),
		.most = (int64_t)(AT_ONCE - h->n),
		.per_hook = h->app->config->webhooks_per_endpoint,
	};
	struct problem p = { .kind = PROBLEM_NONE };
	struct signing signing = { .webhook_id = NULL };
	struct claimed list[AT_ONCE];
	size_t n = 0;

	if (store_deliveries_claim(h->app->db, &in, a, list, &n, &p) < 0)
		log_line(LOG_LEVEL_WARN, "webhook.unclaimed", "detail=\"%s\"", p.detail);
	for (size_t i = 0; i < n; i++)
		begin(h, &list[i], &signing);
	digest_wipe(&signing, sizeof(signing));
}

static void tick(void *arg, int64_t now_us)
{
	struct hooks *h = arg;
	struct problem p = { .kind = PROBLEM_NONE };
	int64_t n = 0;

	(void)now_us;
	settle(h);
	if (store_deliveries_make(h->app->db, EVENTS_A_TURN, &n, &p) < 0)
		log_line(LOG_LEVEL_WARN, "webhook.unmade", "detail=\"%s\"", p.detail);
	if (h->n < AT_ONCE)
		claim(h);
}

/* Asked while the runner drains, when there are no turns any more. */
static bool is_busy(void *arg)
{
	struct hooks *h = arg;

	settle(h);
	return h->n > 0;
}

struct hooks *hooks_new(struct app *app, struct engine *e)
{
	struct hooks *h = alloc_zero(sizeof(*h));
	const struct engine_job job = { "webhooks", EVERY_MS, tick, is_busy, h };
	struct problem p = { .kind = PROBLEM_NONE };

	h->app = app;
	random_id(h->owner, "run");
	if (source_policy_read(app->config, &h->policy, &p) < 0)
		log_line(LOG_LEVEL_WARN, "webhook.policy", "detail=\"%s\"", p.detail);
	engine_add_job(e, &job);
	return h;
}

void hooks_free(struct hooks *h)
{
	if (!h)
		return;
	for (struct sending *s = h->list, *next; s; s = next) {
		next = s->next;
		arena_free(s->arena);
		free(s);
	}
	free(h);
}

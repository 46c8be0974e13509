/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ratelimit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "api/principal.h"
#include "api/slices.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "http/rate.h"

#define LIMITS_MAX 3 /* of one caller */

static const char *caller(const struct request *req)
{
	return req->principal->id;
}

static const char *workspace(const struct request *req)
{
	return req->principal->workspace;
}

const char *ratelimit_address(const struct request *req)
{
	const char *text = req->remote_addr ? req->remote_addr : "";
	char network[INET6_ADDRSTRLEN];
	struct in6_addr at;

	if (inet_pton(AF_INET6, text, &at) != 1 || IN6_IS_ADDR_V4MAPPED(&at))
		return text;
	memset(at.s6_addr + 8, 0, 8);
	(void)inet_ntop(AF_INET6, &at, network, sizeof(network));
	return arena_printf(req->arena, "%s/64", network);
}

struct limit {
	const char *name;
	const char *whose; /* begins a sentence */
	const char *(*subject)(const struct request *req);
	size_t quota; /* offset of the setting */
	int window_s;
	bool is_ahead; /* the api pool draws a second's units at once */
};

#define SETTING_OF(name) offsetof(struct config, limits_##name)

enum { LIMIT_KEY, LIMIT_WORKSPACE, LIMIT_CONNECT, LIMIT_ADDRESS };

static const struct limit limits[] = {
	[LIMIT_KEY] = { "key", "This API key or user has", caller, SETTING_OF(key_per_minute), 60,
			true },
	[LIMIT_WORKSPACE] = { "workspace", "The workspace's keys and users together have",
			      workspace, SETTING_OF(workspace_per_minute), 60, true },
	[LIMIT_CONNECT] = { "connect", "The workspace has, for connecting accounts,", workspace,
			    SETTING_OF(connect_per_hour), 3600, false },
	[LIMIT_ADDRESS] = { "address", "Callers without a token from this address have",
			    ratelimit_address, SETTING_OF(address_per_minute), 60, false },
};

struct charge { /* one limit, for one request */
	const struct limit *limit;
	struct slice_key key;
	struct slice_level level;
	int64_t wait_us; /* > 0: refused */
};

struct bill {
	struct charge charges[LIMITS_MAX];
	int n;
	int64_t cost;
};

static void charge_of(const struct request *req, const struct limit *l, struct charge *ret)
{
	const char *text = arena_printf(req->arena, "%s:%s", l->name, l->subject(req));
	int64_t quota;

	memcpy(&quota, (const char *)req->app->config + l->quota, sizeof(quota));
	*ret = (struct charge){ .limit = l };
	ret->key.rate = (struct rate){ quota, l->window_s * US_PER_S };
	digest_sha256(text, strlen(text), ret->key.hash);
}

static void bill_of(const struct request *req, struct bill *ret)
{
	*ret = (struct bill){ .cost = rate_cost(req->route->rate) };
	if (!req->principal) {
		charge_of(req, &limits[LIMIT_ADDRESS], &ret->charges[ret->n++]);
		return;
	}
	charge_of(req, &limits[LIMIT_KEY], &ret->charges[ret->n++]);
	charge_of(req, &limits[LIMIT_WORKSPACE], &ret->charges[ret->n++]);
	if (req->route->rate == RATE_CONNECT)
		charge_of(req, &limits[LIMIT_CONNECT], &ret->charges[ret->n++]);
}

/* What a second refills, where the pool may keep it; the platform pool leaves it to the others. */
static int64_t units_ahead(const struct request *req, const struct charge *c, int64_t cost)
{
	const int64_t second = c->key.rate.quota / c->limit->window_s;

	return c->limit->is_ahead && !req->app->is_platform && second > cost ? second : cost;
}

static int draw(const struct request *req, struct charge *c, int64_t cost, struct problem *reterr)
{
	const struct rate_ask ask = { c->key.rate, cost, units_ahead(req, c, cost) };
	const int64_t at_us = clock_boot_us();
	struct slices *slices = req->app->slices;
	struct rate_grant grant;

	if (store_ratelimit_draw(req->app->db, c->key.hash, &ask, &grant, reterr) < 0)
		return -1;
	if (!grant.is_unknown) {
		slices_drawn(slices, &c->key, cost, &grant, at_us, &c->level);
		c->wait_us = grant.granted ? 0 : c->level.wait_us + 1;
		return 0;
	}
	log_line(LOG_LEVEL_WARN, "limits.alone", "limit=%s", c->limit->name);
	slices_go_alone(slices, &c->key);
	if (slices_take(slices, &c->key, cost, &c->level) != SLICE_TAKEN)
		c->wait_us = c->level.wait_us + 1;
	return 0;
}

static int take(const struct request *req, struct charge *c, int64_t cost, struct problem *reterr)
{
	switch (slices_take(req->app->slices, &c->key, cost, &c->level)) {
	case SLICE_TAKEN:
		return 0;
	case SLICE_REFUSED:
		c->wait_us = c->level.wait_us;
		return 0;
	case SLICE_DRAW:
		break;
	}
	return draw(req, c, cost, reterr);
}

static int64_t seconds_of(int64_t us)
{
	return (us + US_PER_S - 1) / US_PER_S;
}

/* The first n charges, as lists of the fields RateLimit-Policy and RateLimit. */
static void tell(struct request *req, const struct bill *b, int n)
{
	struct buf policy CLEANUP(buf_done) = BUF_INIT, left CLEANUP(buf_done) = BUF_INIT;

	for (int i = 0; i < n; i++) {
		const struct charge *c = &b->charges[i];
		const char *between = i ? ", " : "";
		const int64_t us = c->wait_us ? c->wait_us : c->level.full_in_us;

		buf_printf(&policy, "%s\"%s\";q=%lld;w=%d", between, c->limit->name,
			   (long long)c->key.rate.quota, c->limit->window_s);
		buf_printf(&left, "%s\"%s\";r=%lld;t=%lld", between, c->limit->name,
			   (long long)c->level.left, (long long)seconds_of(us));
	}
	req->rate_policy = arena_strdup(req->arena, buf_str(&policy));
	req->rate_left = arena_strdup(req->arena, buf_str(&left));
}

static int refused(const struct charge *c, int64_t cost, struct problem *reterr)
{
	problem_set(reterr, PROBLEM_RATE_LIMITED,
		    "%s used up %lld units in %d seconds; this request costs %lld.",
		    c->limit->whose, (long long)c->key.rate.quota, c->limit->window_s,
		    (long long)cost);
	reterr->retry_after_s = (int)seconds_of(c->wait_us);
	(void)snprintf(reterr->extra, sizeof(reterr->extra),
		       "\"who\":\"%s\",\"violated-policies\":[\"%s\"]",
		       problem_row(PROBLEM_RATE_LIMITED)->who, c->limit->name);
	return -1;
}

/* What was taken from the limits before the one that refused. */
static void give_back(const struct request *req, struct bill *b, int n)
{
	for (int i = 0; i < n; i++) {
		slices_give_back(req->app->slices, &b->charges[i].key, b->cost);
		if (b->charges[i].level.left <= b->charges[i].key.rate.quota - b->cost)
			b->charges[i].level.left += b->cost;
	}
}

int ratelimit_admit(struct request *req, struct problem *reterr)
{
	struct bill bill;

	if (!req->app->slices)
		return 0;
	bill_of(req, &bill);
	for (int i = 0; i < bill.n; i++) {
		struct charge *c = &bill.charges[i];
		int rc = take(req, c, bill.cost, reterr);

		if (rc == 0 && !c->wait_us)
			continue;
		give_back(req, &bill, i);
		if (rc == 0) {
			tell(req, &bill, i + 1);
			refused(c, bill.cost, reterr);
		}
		return -1;
	}
	tell(req, &bill, bill.n);
	return 0;
}

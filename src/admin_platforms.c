/* SPDX-License-Identifier: Apache-2.0 */
/* doctor's look at the platforms: whether their hosts can be reached from here, and what helps. */
#include <stdio.h>
#include <string.h>

#include "admin_doctor.h"
#include "net/client.h"
#include "platform/platform.h"

#define CALL_MS   5000
#define HOSTS_MAX 64

struct round {
	struct examination *x;
	struct net *net;
	struct arena *arena;
	const char *seen[HOSTS_MAX];
	size_t seen_n;
};

/* The first part of a failure that fits. */
static const struct {
	const char *words, *cure;
} cures[] = {
	{ "resolved", "its name is not known here: check /etc/resolv.conf and the setting" },
	{ "certificate",
	  "its certificate is not trusted here: check the host's time and net.ca_file" },
	{ "TLS", "TLS fails: look for a proxy or firewall that meddles with it" },
	{ "CA bundle", "net.ca_file cannot be read" },
	{ "connect", "nothing answers there: check firewall and setting; if it is the sandbox, "
		     "start carillon-sandbox" },
	{ "timed out", "no answer in time: check firewall and route" },
};

static const char *cure_of(const char *failure)
{
	for (size_t i = 0; failure && i < ARRAY_LEN(cures); i++) {
		if (strstr(failure, cures[i].words))
			return cures[i].cure;
	}
	return failure ? failure : "it does not answer in HTTP";
}

static bool is_new(struct round *r, const char *base)
{
	for (size_t i = 0; i < r->seen_n; i++) {
		if (strcmp(r->seen[i], base) == 0)
			return false;
	}
	if (r->seen_n < HOSTS_MAX)
		r->seen[r->seen_n++] = base;
	return true;
}

/* Whatever it says to a stranger, it is there. */
static void look_at_host(struct round *r, const char *section, const char *base)
{
	struct http_request *call = http_request_new(r->arena, VERB_GET, "doctor");
	const char *what = arena_printf(r->arena, "[%s] %s", section, base);
	struct http_reply reply = { 0 };
	struct problem why;

	call->timeout_ms = CALL_MS;
	http_request_url(call, base, "%s", "/");
	if (net_perform(r->net, NET_REPEATABLE, call, &reply, &why) < 0)
		doctor_say(r->x, WARNED, what, why.detail);
	else if (reply.transfer == TRANSFER_REPLIED)
		doctor_say(r->x, FINE, what, NULL);
	else
		doctor_say(r->x, WARNED, what, cure_of(reply.failure));
	http_reply_done(&reply);
}

static void look_at_platform(struct round *r, const struct platform *p, bool livemode)
{
	struct platform_app app;

	platform_app_plain(&app, r->arena, r->x->cfg, p, livemode);
	if (!*platform_text(&app, "client_id"))
		return;
	for (const struct setting *s = p->settings; s->name; s++) {
		size_t len = strlen(s->name);
		const char *base = platform_text(&app, s->name);

		if (len > 5 && strcmp(s->name + len - 5, "_base") == 0 && *base && is_new(r, base))
			look_at_host(r, app.section, base);
	}
}

void doctor_look_at_platforms(struct examination *x)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(net_free) struct net *net = NULL;
	struct round r = { .x = x, .arena = a };
	const struct platform *const *all;
	struct problem why;
	size_t n;

	if (net_open(x->cfg, &net, &why) < 0) {
		doctor_say(x, BAD, "calls to platforms", why.detail);
		return;
	}
	r.net = net;
	all = platform_all(&n);
	for (size_t i = 0; i < n * 2; i++)
		look_at_platform(&r, all[i / 2], i % 2 == 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "media/download.h"

#include <stdlib.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/config.h"
#include "net/client.h"
#include "net/source.h"

#define HOPS_MAX 3
#define ANY      0

struct download {
	struct arena *arena;
	struct net *net;
	const struct config *cfg;
	struct source_policy policy;
	const char *url; /* of the hop */
	int hops;
	int64_t bytes; /* of all of them */
	int64_t until_boot_us;
	struct transfer_handle *transfer; /* NULL: over */
	struct media_intake *intake;
	bool is_disk_full;
	download_done_fn *done;
	void *arg;
};

void download_free(struct download *d)
{
	if (!d)
		return;
	if (d->transfer)
		net_cancel(d->net, d->transfer);
	media_intake_free(d->intake);
	arena_free(d->arena);
	free(d);
}

/* ---- verdicts ---- */

static void end(struct download *d, struct download_result *r)
{
	struct media_file *file = r->file;

	r->bytes = d->bytes;
	d->done(d->arg, r); /* d may be gone */
	if (r->file == file)
		media_file_free(file);
}

static void end_with(struct download *d, enum download_verdict verdict, const char *words)
{
	struct download_result r = { .verdict = verdict, .retry_after_s = -1 };

	r.why = arena_printf(d->arena, "%s %s", source_host(d->arena, d->url), words);
	end(d, &r);
}

/* clang-format off */
static const struct refusal {
	int status;
	enum download_verdict verdict;
	const char *words;
} refusals[] = {
	{ 401, DOWNLOAD_NEVER, "does not give the file to everybody: its URL must be readable without signing in" },
	{ 403, DOWNLOAD_NEVER, "does not give the file to everybody: its URL must be readable without signing in" },
	{ 404, DOWNLOAD_NEVER, "says that there is no such file" },
	{ 410, DOWNLOAD_NEVER, "says that the file is there no more" },
	{ 408, DOWNLOAD_AGAIN, "took too long" },
	{ 425, DOWNLOAD_AGAIN, "asks to come later" },
	{ 429, DOWNLOAD_AGAIN, "says that it is asked too often" },
	{ ANY, DOWNLOAD_NEVER, "did not give the file" },
};
/* clang-format on */

static void refused(struct download *d, const struct http_reply *p)
{
	const struct refusal *row = refusals;
	struct download_result r = { .retry_after_s =
					     http_reply_retry_after_s(p, clock_real_us()) };

	while (row->status != ANY && row->status != p->status)
		row++;
	r.verdict = p->status >= 500 ? DOWNLOAD_AGAIN : row->verdict;
	r.why = arena_printf(d->arena, "%s %s (status %d)", source_host(d->arena, d->url),
			     p->status >= 500 ? "is in trouble itself" : row->words, p->status);
	end(d, &r);
}

/* Whether the transfer came to what a status can be told of; if not, it has been told. */
static bool has_come(struct download *d, const struct http_reply *p)
{
	const int64_t most_mb = d->cfg->server_upload_max_bytes >> 20;

	if (d->is_disk_full)
		end_with(d, DOWNLOAD_OURS, "was not at fault: the file could not be written here");
	else if (p->is_forbidden)
		end_with(d, DOWNLOAD_NEVER, "leads to an address that is not fetched from");
	else if (p->is_too_large && p->status == 200)
		end_with(d, DOWNLOAD_NEVER,
			 arena_printf(d->arena, "offers more than %lld MiB, the most that is taken",
				      (long long)most_mb));
	else if (p->timed_out)
		end_with(d, DOWNLOAD_AGAIN, "was too slow");
	else if (p->transfer != TRANSFER_REPLIED && (p->status < 300 || !p->is_too_large))
		end_with(d, DOWNLOAD_AGAIN,
			 arena_printf(d->arena, "could not be read from: %s", p->failure));
	else
		return true;
	return false;
}

/* Asked for as it is; what comes folded all the same would not be the file. */
static bool is_folded(struct download *d, const struct http_reply *p)
{
	static const struct {
		const char *header, *plain;
	} rows[] = { { "Content-Encoding", "identity" }, { "Transfer-Encoding", "chunked" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *value = http_reply_header(p, d->arena, rows[i].header);

		if (value && *value && strcasecmp(value, rows[i].plain) != 0)
			return true;
	}
	return false;
}

static void take(struct download *d, const struct http_reply *p)
{
	struct download_result r = { .verdict = DOWNLOAD_DONE, .retry_after_s = -1 };
	struct problem ignored = { .kind = PROBLEM_NONE };

	if (is_folded(d, p))
		end_with(d, DOWNLOAD_NEVER, "sends the file compressed, which was not asked for");
	else if (media_intake_end(d->intake, &r.file, &ignored) < 0)
		end_with(d, DOWNLOAD_OURS, "was not at fault: the file could not be written here");
	else
		end(d, &r);
}

/* ---- hops ---- */

static int on_bytes(void *arg, const void *p, size_t n)
{
	struct download *d = arg;

	if (media_intake_add(d->intake, p, n) == 0)
		return 0;
	d->is_disk_full = true;
	return -1;
}

static void on_reply(void *arg, struct http_reply *p);

/* False: the time for all hops together is over. */
static bool ask(struct download *d)
{
	const int64_t left_ms = (d->until_boot_us - clock_boot_us()) / US_PER_MS;
	struct http_request *r = http_request_new(d->arena, VERB_GET, "media.fetch");

	if (left_ms <= 0)
		return false;
	r->url = d->url;
	r->timeout_ms = (int)left_ms;
	r->reply_max_bytes = d->cfg->server_upload_max_bytes;
	r->sink = on_bytes;
	r->sink_arg = d;
	http_request_header(r, "Accept", "image/*, video/*, audio/*");
	d->transfer = net_start(d->net, NET_USER, r, 0, on_reply, d);
	return true;
}

static void follow(struct download *d, const struct http_reply *p)
{
	const char *location = http_reply_header(p, d->arena, "Location");
	const char *next = location ? source_follow(d->arena, d->url, location) : NULL;
	const char *fault = next ? source_fault(&d->policy, next) : "it cannot be read";

	if (next && BUG(redirect_unchecked))
		fault = NULL;
	if (++d->hops > HOPS_MAX) {
		end_with(d, DOWNLOAD_NEVER, "redirects more than three times");
	} else if (fault) {
		end_with(d, DOWNLOAD_NEVER,
			 arena_printf(d->arena, "redirects to a URL that is not fetched: %s",
				      fault));
	} else {
		d->url = next;
		if (!ask(d))
			end_with(d, DOWNLOAD_AGAIN, "was too slow");
	}
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void on_reply(void *arg, struct http_reply *p)
{
	struct download *d = arg;

	d->transfer = NULL;
	d->bytes += p->body_bytes;
	if (!has_come(d, p))
		return;
	if (p->status == 200)
		take(d, p);
	else if (is_redirect(p->status))
		follow(d, p);
	else
		refused(d, p);
}

int download_start(struct net *net, const struct config *cfg, const struct download_order *o,
		   struct download **ret, struct problem *reterr)
{
	CLEANUP(download_free) struct download *d = alloc_zero(sizeof(*d));
	const char *fault;

	d->arena = arena_new();
	d->net = net;
	d->cfg = cfg;
	d->url = arena_strdup(d->arena, o->url);
	d->until_boot_us = clock_boot_us() + cfg->fetch_timeout_s * US_PER_S;
	d->done = o->done;
	d->arg = o->arg;
	if (source_policy_read(cfg, &d->policy, reterr) < 0)
		return -1;
	fault = source_fault(&d->policy, d->url); /* the settings may have changed since */
	if (fault)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "the URL %s", fault);
	if (media_intake_open(cfg, &d->intake, reterr) < 0)
		return -1;
	(void)ask(d);
	*ret = TAKE(d);
	return 0;
}

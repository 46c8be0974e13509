/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of media once they are complete or to be pulled: checks, then the post itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "sandbox/fetch.h"
#include "sandbox/probe.h"
#include "sandbox/queue.h"
#include "sandbox/truth.h"
#include "sandbox/tt.h"

#define PHOTO_BYTES_MAX 20000000
#define PHOTO_SHORT_MAX 1080
#define PHOTO_LONG_MAX  1920
#define SIDE_LEAST      360
#define SIDE_MOST       4096

const char *sandbox_tt_status(struct world *w, struct tt_publish *p)
{
	int64_t now_us = sandbox_world_now(w);
	int64_t orphan_us = p->created_us + sandbox_tt_state(w)->upload_life_s * US_PER_S;

	if (!p->is_whole && p->is_video && p->ready_us == INSTANT_NONE)
		return now_us > orphan_us ? "FAILED" : "PROCESSING_UPLOAD";
	if (p->is_stuck || p->ready_us == INSTANT_NONE || now_us < p->ready_us)
		return p->is_video ? "PROCESSING_UPLOAD" : "PROCESSING_DOWNLOAD";
	if (p->fail_reason != NULL)
		return "FAILED";
	return p->is_inbox ? "SEND_TO_USER_INBOX" : "PUBLISH_COMPLETE";
}

struct tt_job {
	struct world *world;
	struct tt_publish *publish;
	struct settings settings;
	struct fetched *got; /* one a file */
	size_t got_n;
};

static bool file_hash(const char *path, struct fetched *ret, unsigned char head[static 16])
{
	FILE *file = fopen(path, "re");
	struct digest *digest = digest_new();
	uint8_t block[65536], hash[SHA256_BYTES];
	size_t n;

	memset(head, 0, 16);
	while (file != NULL && (n = fread(block, 1, sizeof(block), file)) > 0) {
		if (ret->bytes == 0)
			memcpy(head, block, n < 16 ? n : 16);
		digest_add(digest, block, n);
		ret->bytes += n;
	}
	digest_end(digest, hash);
	digest_hex(hash, sizeof(hash), ret->sha256);
	if (file == NULL)
		return false;
	fclose(file);
	return true;
}

/* NULL, or the fail_reason. */
static const char *video_wrong(const struct tt_publish *p, const unsigned char *head)
{
	struct probe_video v;

	if (memcmp(head, "\x1a\x45\xdf\xa3", 4) == 0)
		return NULL; /* WebM: taken by its magic alone */
	if (sandbox_probe_video(p->path, &v) < 0 || v.video_codec[0] == '\0' ||
	    strstr("avc1 avc3 hvc1 hev1 vp08 vp09", v.video_codec) == NULL)
		return "file_format_check_failed";
	if (v.width < SIDE_LEAST || v.height < SIDE_LEAST || v.width > SIDE_MOST ||
	    v.height > SIDE_MOST)
		return "picture_size_check_failed";
	if (v.duration_s < 0.95 || v.duration_s > (double)p->max_duration_s + 0.5)
		return "duration_check_failed";
	return v.fps < 22.5 || v.fps > 60.5 ? "frame_rate_check_failed" : NULL;
}

static const char *job_video(struct tt_job *job)
{
	const struct tt_publish *p = job->publish;
	unsigned char head[16];

	/* Gone: it was judged before this program was killed and started again. */
	if (!file_hash(p->path, &job->got[0], head))
		return NULL;
	return video_wrong(p, head);
}

/* Format by the first bytes: a PNG named .jpg is a PNG. */
static const char *photo_wrong(const struct fetched *got, const char *path)
{
	unsigned char head[16] = { 0 };
	FILE *file = fopen(path, "re");
	struct probe_image image;
	size_t n = file != NULL ? fread(head, 1, sizeof(head), file) : 0;
	uint64_t shorter, longer;

	if (file != NULL)
		fclose(file);
	if (got->bytes > PHOTO_BYTES_MAX)
		return "file_format_check_failed";
	if (n >= 12 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WEBP", 4) == 0)
		return NULL;
	if (sandbox_probe_image(path, &image) < 0)
		return "file_format_check_failed";
	shorter = image.width < image.height ? image.width : image.height;
	longer = image.width < image.height ? image.height : image.width;
	return shorter > PHOTO_SHORT_MAX || longer > PHOTO_LONG_MAX ? "picture_size_check_failed"
								    : NULL;
}

static const char *job_photos(struct tt_job *job)
{
	struct sandbox *sb = job->world->sandbox;
	const char *wrong = NULL;

	for (size_t i = 0; wrong == NULL && i < job->got_n; i++) {
		CLEANUP(buf_done) struct buf path = BUF_INIT;
		struct fetch_ask ask = { job->publish->urls.v[i], sb->ca_file, NULL,
					 job->settings.fetch_timeout_ms, PHOTO_BYTES_MAX + 1 };

		buf_printf(&path, "%s/photo-%s-%zu", sb->folder, job->publish->id, i);
		ask.path = path.p;
		sandbox_fetch(&ask, &job->got[i]);
		if (job->got[i].end != FETCH_OK)
			wrong = "photo_pull_failed";
		else
			wrong = photo_wrong(&job->got[i], path.p);
		unlink(path.p);
	}
	return wrong;
}

static void job_facts(const struct tt_job *job)
{
	struct tt_publish *p = job->publish;
	struct arena *a = job->world->arena;

	for (size_t i = 0; i < job->got_n; i++) {
		struct media_fact *f = arena_alloc(a, sizeof(*f));

		memcpy(f->sha256, job->got[i].sha256, sizeof(f->sha256));
		f->bytes = job->got[i].bytes;
		f->mime = p->is_video ? "video/mp4" : "image/jpeg";
		f->url = p->is_video ? NULL : p->urls.v[i];
		sandbox_list_add(&p->media, f);
	}
}

static struct object *job_object(const struct tt_job *job)
{
	struct world *w = job->world;
	struct tt_publish *p = job->publish;
	struct object *o = arena_alloc(w->arena, sizeof(*o));
	bool is_public = p->privacy != NULL && strcmp(p->privacy, "PUBLIC_TO_EVERYONE") == 0;

	o->platform = &sandbox_tiktok;
	o->account = p->account;
	o->id = p->object_id;
	o->kind = p->is_inbox ? "draft" : p->is_video ? "video" : "photo";
	o->caption = p->caption;
	o->options = p->options;
	o->container = p->id;
	o->code = o->id;
	o->media = p->media;
	o->comments = sandbox_list_new(w->arena);
	o->extra = p;
	o->created_us = sandbox_world_now(w);
	o->listed_us =
		!is_public || p->is_inbox
			? INT64_MAX
			: p->ready_us + (job->settings.listing_lag_ms + p->hold_ms) * US_PER_MS;
	o->ends_us = INSTANT_NONE;
	return o;
}

/* The post appears without any call under way: the truth log names the one that set it off. */
static void job_publish(const struct tt_job *job)
{
	struct tt_publish *p = job->publish;
	struct sandbox *sb = job->world->sandbox;
	struct exchange ex = { .sandbox = sb,
			       .world = job->world,
			       .req_no = p->req_no,
			       .conn_no = p->conn_no,
			       .start_us = p->arrived_us,
			       .fault = p->fault };
	struct object *o;

	job_facts(job);
	o = job_object(job);
	if (!sandbox_world_publish(&ex, o) || sandbox_truth_sync(sb->truth) < 0) {
		log_line(LOG_LEVEL_ERROR, "sandbox.truth", "publish=%s", p->id);
		p->fail_reason = "internal";
		return;
	}
	p->object = o;
	if (!p->is_inbox)
		sandbox_world_spend(job->world, &p->account->spends);
}

static void job_run(void *arg)
{
	struct tt_job *job = arg;
	struct tt_publish *p = job->publish;
	struct sandbox *sb = job->world->sandbox;
	const char *wrong = p->fail_reason;
	int64_t delay_ms =
		p->is_video ? job->settings.video_delay_ms : job->settings.image_delay_ms;

	if (wrong == NULL)
		wrong = p->is_video ? job_video(job) : job_photos(job);
	sandbox_lock(sb);
	p->ready_us = sandbox_world_now(job->world) + delay_ms * US_PER_MS;
	p->fail_reason = wrong;
	if (wrong == NULL)
		job_publish(job);
	sandbox_state_touch(job->world, &p->record);
	if (p->path != NULL)
		unlink(p->path);
	sandbox_world_release(job->world);
	sandbox_unlock(sb);
}

void sandbox_tt_process(struct world *w, struct tt_publish *p)
{
	struct tt_job *job = arena_alloc(w->arena, sizeof(*job));

	job->world = w;
	job->publish = p;
	job->settings = w->settings;
	job->got_n = p->is_video ? 1 : p->urls.n;
	job->got = arena_array(w->arena, job->got_n, sizeof(*job->got));
	for (size_t i = 0; i < p->urls.n; i++)
		++*sandbox_world_counter(w, &w->fetches, p->urls.v[i]);
	sandbox_world_hold(w);
	sandbox_queue_add(w->sandbox->work, 0, job_run, job);
}

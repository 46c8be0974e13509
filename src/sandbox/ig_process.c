/* SPDX-License-Identifier: Apache-2.0 */
/* What the platform does with media between its creation and its publication. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/fetch.h"
#include "sandbox/ig.h"
#include "sandbox/probe.h"
#include "sandbox/queue.h"

#define IMAGE_BYTES_MAX (8 << 20)
#define REEL_BYTES_MAX  (300 << 20)
#define STORY_BYTES_MAX (100 << 20)
#define SIDE_MAX        1920

const char *sandbox_ig_status(struct world *w, struct ig_container *c)
{
	int64_t now_us = sandbox_world_now(w);

	if (c->object != NULL)
		return "PUBLISHED";
	if (now_us >= c->created_us + w->settings.container_life_s * US_PER_S)
		return "EXPIRED";
	if (c->is_stuck || c->ready_us == INSTANT_NONE || now_us < c->ready_us)
		return "IN_PROGRESS";
	return c->error != 0 ? "ERROR" : "FINISHED";
}

static struct media_fact *fact_add(struct world *w, struct ig_container *c, const char *url,
				   const char *mime)
{
	struct media_fact *f = arena_alloc(w->arena, sizeof(*f));

	f->mime = mime;
	f->url = url;
	sandbox_list_add(&c->media, f);
	return f;
}

static void fact_fill(struct media_fact *f, const struct fetched *got)
{
	memcpy(f->sha256, got->sha256, sizeof(f->sha256));
	f->bytes = got->bytes;
}

static bool type_is(const struct fetched *got, const char *mime)
{
	size_t n = strlen(mime);

	return strncasecmp(got->type, mime, n) == 0 && strchr("; ", got->type[n]) != NULL;
}

/* 0, or the subcode. width and height as the sheet's ratio test wants them. */
static int image_wrong(const struct fetched *got, const char *path, bool any_ratio)
{
	struct probe_image image;

	if (got->end == FETCH_TIMEOUT)
		return 2207003;
	if (got->end == FETCH_TOO_LONG)
		return 2207004;
	if (got->end != FETCH_OK)
		return 2207052;
	if (strncasecmp(got->type, "image/", 6) != 0)
		return 2207052;
	if (got->bytes > IMAGE_BYTES_MAX)
		return 2207004;
	if (!type_is(got, "image/jpeg") || sandbox_probe_image(path, &image) < 0 || image.is_mpo)
		return 2207005;
	if (any_ratio || (5 * (uint64_t)image.width >= 4 * (uint64_t)image.height &&
			  100 * (uint64_t)image.width <= 191 * (uint64_t)image.height))
		return 0;
	return 2207009;
}

/* Images are fetched during the call, so their errors are the call's. */
bool sandbox_ig_take_image(struct exchange *ex, struct ig_container *c)
{
	struct sandbox *sb = ex->sandbox;
	const char *path = arena_printf(ex->arena, "%s/image-%llu", sb->folder,
					(unsigned long long)ex->req_no);
	struct fetch_ask ask = { c->image_url, sb->ca_file, path,
				 ex->world->settings.fetch_timeout_ms, IMAGE_BYTES_MAX };
	struct fetched got = { 0 };
	int bad;

	++*sandbox_world_counter(ex->world, &ex->world->fetches, c->image_url);
	if (c->fetch_fails)
		return sandbox_ig_fail(ex, 9004, 2207052);
	sandbox_unlock(sb);
	sandbox_fetch(&ask, &got);
	bad = image_wrong(&got, path, c->kind == IG_STORY_IMAGE);
	unlink(path);
	sandbox_lock(sb);
	if (bad != 0)
		return sandbox_ig_fail(ex, sandbox_ig_code_of(bad), bad);
	fact_fill(fact_add(ex->world, c, c->image_url, "image/jpeg"), &got);
	return true;
}

static bool codec_in(const char *codec, const char *list)
{
	return codec[0] != '\0' && strstr(list, codec) != NULL;
}

static int video_stream_wrong(const struct settings *set, const struct probe_video *v)
{
	if (!codec_in(v->video_codec, "avc1 avc3 hvc1 hev1"))
		return 2207076;
	if (v->audio_codec[0] != '\0' &&
	    (!codec_in(v->audio_codec, "mp4a") || v->audio_rate > 48000 || v->audio_channels > 2))
		return 2207082;
	if (v->fps < 22.5 || v->fps > 60.5) /* 23.976 and 59.94 are written in many ways */
		return 2207076;
	if ((set->strict_moov != 0 && !v->moov_first) || (set->strict_edits != 0 && v->has_edits))
		return 2207076;
	return 0;
}

static int video_wrong(const struct settings *set, const struct ig_container *c, const char *path,
		       uint64_t bytes)
{
	bool is_story = c->kind == IG_STORY_VIDEO;
	struct probe_video v;
	uint64_t w, h;

	if (sandbox_probe_video(path, &v) < 0)
		return 2207026;
	if (bytes > (is_story ? STORY_BYTES_MAX : REEL_BYTES_MAX))
		return 2207082;
	w = v.width;
	h = v.height;
	if (w == 0 || h == 0 || w > SIDE_MAX || w > 10 * h || (is_story ? 10 * w < h : 100 * w < h))
		return 2207076;
	if (v.duration_s < 2.95 || v.duration_s > (is_story ? 60.5 : 900.5))
		return 2207076;
	if ((double)c->thumb_ms > v.duration_s * 1000.0)
		return 2207057;
	return video_stream_wrong(set, &v);
}

struct video_job {
	struct world *world;
	struct ig_container *container;
	struct settings settings;
};

static int job_cover(const struct video_job *job, const char *stem)
{
	struct sandbox *sb = job->world->sandbox;
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	struct fetch_ask ask = { job->container->cover_url, sb->ca_file, NULL,
				 job->settings.fetch_timeout_ms, IMAGE_BYTES_MAX };
	struct fetched got = { 0 };
	int bad;

	if (ask.url == NULL)
		return 0;
	buf_printf(&path, "%s.cover", stem);
	ask.path = path.p;
	sandbox_fetch(&ask, &got);
	bad = image_wrong(&got, path.p, true);
	unlink(path.p);
	return bad;
}

static int job_bytes(const struct video_job *job, const char *path, struct fetched *got)
{
	struct fetch_ask ask = { job->container->video_url, job->world->sandbox->ca_file, path,
				 job->settings.fetch_timeout_ms, REEL_BYTES_MAX };

	sandbox_fetch(&ask, got);
	if (got->end == FETCH_TOO_LONG)
		return 2207082;
	if (got->end != FETCH_OK)
		return 2207077;
	return type_is(got, "video/mp4") || type_is(got, "video/quicktime") ? 0 : 2207026;
}

static int file_hash(const char *path, struct fetched *ret)
{
	FILE *file = fopen(path, "re");
	struct digest *digest = digest_new();
	uint8_t block[65536], hash[SHA256_BYTES];
	size_t n;

	while (file != NULL && (n = fread(block, 1, sizeof(block), file)) > 0) {
		digest_add(digest, block, n);
		ret->bytes += n;
	}
	digest_end(digest, hash);
	digest_hex(hash, sizeof(hash), ret->sha256);
	if (file == NULL)
		return 2207053;
	fclose(file);
	return 0;
}

/* Runs without the lock; the container's texts do not change any more. */
static int job_work(const struct video_job *job, struct fetched *got)
{
	const struct ig_container *c = job->container;
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	int bad;

	if (c->is_resumable)
		buf_adds(&path, c->path);
	else
		buf_printf(&path, "%s/video-%s", job->world->sandbox->folder, c->id);
	bad = c->is_resumable ? file_hash(path.p, got) : job_bytes(job, path.p, got);
	if (bad == 0)
		bad = video_wrong(&job->settings, c, path.p, got->bytes);
	if (bad == 0)
		bad = job_cover(job, path.p);
	unlink(path.p);
	return bad;
}

static void job_run(void *arg)
{
	struct video_job *job = arg;
	struct ig_container *c = job->container;
	struct sandbox *sb = job->world->sandbox;
	struct fetched got = { 0 };
	int bad = c->fetch_fails ? 2207077 : job_work(job, &got);

	sandbox_lock(sb);
	if (bad == 0)
		fact_fill(fact_add(job->world, c, c->video_url, "video/mp4"), &got);
	else if (c->error == 0)
		c->error = bad;
	c->ready_us = sandbox_world_now(job->world) + job->settings.video_delay_ms * US_PER_MS;
	sandbox_state_touch(job->world, &c->record);
	sandbox_world_release(job->world);
	sandbox_unlock(sb);
}

void sandbox_ig_process_video(struct world *w, struct ig_container *c)
{
	struct video_job *job = arena_alloc(w->arena, sizeof(*job));

	job->world = w;
	job->container = c;
	job->settings = w->settings;
	if (c->video_url != NULL)
		++*sandbox_world_counter(w, &w->fetches, c->video_url);
	sandbox_world_hold(w);
	sandbox_queue_add(w->sandbox->work, 0, job_run, job);
}

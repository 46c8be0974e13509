/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Videos: H.264 High in yuv420p with AAC. Streams that are such already are only put into another
 * container.
 */
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "media/render_private.h"

#define FPS_MAX         60.0
#define FPS_SLACK       0.5 /* 60000/1001 and the like are rounded by containers */
#define LENGTH_SLACK_MS 1000

const char *const render_video_options[] = {
	"-c:v", "libx264",  "-profile:v", "high",     "-preset",    "veryfast", "-crf",
	"20",   "-maxrate", "20M",        "-bufsize", "40M",        "-pix_fmt", "yuv420p",
	"-g",   "60",       "-flags",     "+cgop",    "-threads:v", "1",        NULL
};
const char *const render_audio_options[] = { "-c:a",  "aac", "-b:a", "160k", "-ar",
					     "48000", "-ac", "2",    NULL };
const char *const render_file_options[] = {
	"-map_metadata", "-1", "-map_chapters", "-1", "-movflags", "+faststart", "-f", "mp4", NULL
};

void render_begin(const struct render *r, struct arguments *args)
{
	const char *const list[] = { r->cfg->media_ffmpeg,
				     "-nostdin",
				     "-hide_banner",
				     "-v",
				     "error",
				     "-y",
				     "-progress",
				     "pipe:1",
				     NULL };

	arguments_add(args, list);
}

void render_input(const char *demuxer, const char *path, struct arguments *args)
{
	const char *const list[] = { "-protocol_whitelist",
				     "file",
				     "-format_whitelist",
				     demuxer,
				     "-codec_whitelist",
				     media_codecs,
				     "-threads",
				     "1",
				     "-f",
				     demuxer,
				     "-i",
				     path,
				     NULL };

	arguments_add(args, list);
}

struct plan {
	int64_t width, height;
	bool copies_video, copies_audio;
};

static bool is_text(const char *text, const char *name)
{
	return text && strcmp(text, name) == 0;
}

static void make_plan(const struct render *r, struct plan *ret)
{
	const struct media_facts *f = &r->sources[0];
	int64_t w, h;

	recipe_sides(r->job->recipe, f->width, f->height, &w, &h);
	*ret = (struct plan){
		.width = w,
		.height = h,
		.copies_video = is_text(f->video_codec, "h264") &&
				(is_text(f->pixels, "yuv420p") || is_text(f->pixels, "yuvj420p")) &&
				f->fps <= FPS_MAX + FPS_SLACK && w == f->width && h == f->height,
		.copies_audio = !f->audio_codec || is_text(f->audio_codec, "aac"),
	};
}

/* What a phone records as HDR would look pale in eight bits: its white of 203 nits is made white. */
#define TO_SDR                                                                                   \
	",zscale=t=linear:npl=203:tin=%s:pin=bt2020:min=bt2020nc,format=gbrpf32le,"              \
	"zscale=p=bt709,tonemap=tonemap=mobius:param=0.3:desat=0:peak=5,zscale=t=bt709:m=bt709:" \
	"r=tv,format=yuv420p"

static const char *picture_filter(const struct render *r, const struct plan *p)
{
	const char *transfer = r->sources[0].transfer;
	const char *text = arena_printf(r->arena, "scale=%lld:%lld,setsar=1", (long long)p->width,
					(long long)p->height);

	if (!is_text(transfer, "smpte2084") && !is_text(transfer, "arib-std-b67"))
		return text;
	return arena_printf(r->arena, "%s" TO_SDR, text, transfer);
}

static void add_video(struct render *r, const struct plan *p, struct arguments *args)
{
	static const char *const copy[] = { "-c:v", "copy", NULL };
	const char *const picture[] = { "-vf", picture_filter(r, p), "-fpsmax", "60", NULL };

	arguments_add(args, p->copies_video ? copy : picture);
	if (!p->copies_video)
		arguments_add(args, render_video_options);
}

static int make(struct render *r, const struct plan *p, struct problem *reterr)
{
	static const char *const maps[] = { "-map", "0:v:0", "-map", "0:a:0?", "-sn", "-dn", NULL };
	static const char *const copy[] = { "-c:a", "copy", NULL };
	const char *const out[] = { r->out, NULL };
	struct arguments args = { .n = 0 };

	render_begin(r, &args);
	render_input(r->sources[0].demuxer, r->job->paths[0], &args);
	arguments_add(&args, maps);
	add_video(r, p, &args);
	arguments_add(&args, p->copies_audio ? copy : render_audio_options);
	arguments_add(&args, render_file_options);
	arguments_add(&args, out);
	return render_tool(r, &args, NULL, reterr);
}

/* As long as the source says it is, and what the recipe asked for. */
static bool is_right(const struct render *r, const struct media_facts *f)
{
	const int64_t want_ms = r->sources[0].duration_ms;
	const int64_t apart_ms =
		want_ms > f->duration_ms ? want_ms - f->duration_ms : f->duration_ms - want_ms;

	return is_text(f->mime, "video/mp4") && is_text(f->video_codec, "h264") &&
	       (!f->audio_codec || is_text(f->audio_codec, "aac")) &&
	       (is_text(f->pixels, "yuv420p") || is_text(f->pixels, "yuvj420p")) &&
	       apart_ms <= LENGTH_SLACK_MS + want_ms / 50;
}

int render_moving(struct render *r, struct media_facts *ret, struct problem *reterr)
{
	struct plan p;

	make_plan(r, &p);
	r->total_ms = r->sources[0].duration_ms;
	if (make(r, &p, reterr) < 0 || render_look(r, ret, reterr) < 0) {
		if (!p.copies_video || reterr->kind != PROBLEM_MEDIA_REJECTED)
			return -1;
	} else if (is_right(r, ret)) {
		return 0;
	}
	if (!p.copies_video)
		return render_odd(reterr);
	/* The streams could not be taken over as they are: made anew. */
	p.copies_video = p.copies_audio = false;
	problem_clear(reterr);
	if (make(r, &p, reterr) < 0 || render_look(r, ret, reterr) < 0)
		return -1;
	return is_right(r, ret) ? 0 : render_odd(reterr);
}

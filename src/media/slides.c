/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slideshows, and videos with a further sound. Each slide is first made upright by vips; one run
 * of ffmpeg then lays it over a blurred copy of itself, fades from one to the next and codes the
 * whole. Slide k is seen alone from k*each + FADE to (k+1)*each.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "media/render_private.h"

#define FPS               25
#define FADE_S            0.5
#define SOUND_END         1.5   /* seconds that the sound fades out */
#define BESIDE            "0.6" /* loudness of a sound beside a video's own */
#define LOUDNESS          "loudnorm=I=-14:TP=-1.5:LRA=11"
#define PERCENT_OF_SLIDES 20 /* of the whole work */
#define LENGTH_SLACK_MS   1000

/* What a sound is measured to be, for the second pass; is_quiet: there is nothing to measure. */
struct loudness {
	double i, tp, lra, thresh, offset;
	bool is_quiet;
};

struct show {
	struct render *r;
	struct media_file *slides[RECIPE_SLIDES_MAX];
	double total_s;
	struct loudness loudness;
};

static void add_words(struct arguments *args, const char *a, const char *b)
{
	const char *const list[] = { a, b, NULL };

	arguments_add(args, list);
}

static double number_after(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	char *end = NULL;
	double n;

	at = at ? strchr(at + strlen(name), ':') : NULL;
	at = at ? strchr(at, '"') : NULL;
	n = at ? strtod(at + 1, &end) : 0.0;
	return end && *end == '"' ? n : (double)NAN;
}

static void read_loudness(const struct buf *said, struct loudness *ret)
{
	const char *at = buf_str(said);
	struct loudness l = {
		.i = number_after(at, "\"input_i\""),
		.tp = number_after(at, "\"input_tp\""),
		.lra = number_after(at, "\"input_lra\""),
		.thresh = number_after(at, "\"input_thresh\""),
		.offset = number_after(at, "\"target_offset\""),
	};

	l.is_quiet = !isfinite(l.i) || !isfinite(l.tp) || !isfinite(l.lra) || !isfinite(l.thresh) ||
		     !isfinite(l.offset);
	*ret = l;
}

static const char *sound_input(const struct show *s)
{
	return s->r->sound_facts.audio_codec ? s->r->job->sound : NULL;
}

/* The sound as often as needed, cut and faded at the end; `from` is its input. */
static const char *sound_graph(const struct show *s, size_t from, bool has_own)
{
	struct arena *a = s->r->arena;
	const double end_s = s->total_s > SOUND_END ? s->total_s - SOUND_END : 0.0;
	const char *text = arena_printf(
		a,
		"[%zu:a:0]aresample=48000,aformat=channel_layouts=stereo,atrim=duration=%.3f,"
		"afade=t=out:st=%.3f:d=%.3f",
		from, s->total_s, end_s, s->total_s - end_s);

	if (!has_own)
		return text;
	return arena_printf(a,
			    "%s,volume=" BESIDE "[beside];[0:a:0]aresample=48000,"
			    "aformat=channel_layouts=stereo[own];[own][beside]amix=inputs=2:"
			    "duration=longest:normalize=0,atrim=duration=%.3f",
			    text, s->total_s);
}

static const char *loud_graph(const struct show *s, const char *graph)
{
	const struct loudness *l = &s->loudness;

	if (l->is_quiet)
		return graph;
	return arena_printf(s->r->arena,
			    "%s," LOUDNESS ":measured_I=%.2f:measured_TP=%.2f:measured_LRA=%.2f:"
			    "measured_thresh=%.2f:offset=%.2f:linear=true",
			    graph, l->i, l->tp, l->lra, l->thresh, l->offset);
}

static void add_sound_input(const struct show *s, struct arguments *args)
{
	add_words(args, "-stream_loop", "-1");
	render_input(s->r->sound_facts.demuxer, sound_input(s), args);
}

/* The first of loudnorm's two passes. */
static int measure(struct show *s, const char *video, bool has_own, struct problem *reterr)
{
	struct render *r = s->r;
	const char *const begin[] = {
		r->cfg->media_ffmpeg, "-nostdin", "-hide_banner", "-nostats", "-v", "info", NULL
	};
	const char *const end[] = { "-filter_complex",
				    arena_printf(r->arena, "%s," LOUDNESS ":print_format=json[out]",
						 sound_graph(s, video ? 1 : 0, has_own)),
				    "-map",
				    "[out]",
				    "-f",
				    "null",
				    "-",
				    NULL };
	CLEANUP(buf_done) struct buf said = BUF_INIT;
	struct arguments args = { .n = 0 };

	arguments_add(&args, begin);
	if (video)
		render_input(r->sources[0].demuxer, video, &args);
	add_sound_input(s, &args);
	arguments_add(&args, end);
	if (render_tool(r, &args, &said, reterr) < 0)
		return -1;
	read_loudness(&said, &s->loudness);
	return 0;
}

static int make_slides(struct show *s, struct problem *reterr)
{
	const struct recipe *recipe = s->r->job->recipe;
	const int64_t longer = recipe->width > recipe->height ? recipe->width : recipe->height;
	const struct recipe still = { .kind = RECIPE_JPEG, .long_max = longer };
	const size_t n = s->r->job->paths_n;

	for (size_t i = 0; i < n; i++) {
		struct render_job job = *s->r->job;
		struct render one = *s->r;
		struct media_facts facts;

		if (media_blank(s->r->cfg, ".jpg", &s->slides[i], reterr) < 0)
			return -1;
		job.recipe = &still;
		job.paths[0] = s->r->job->paths[i];
		job.paths_n = 1;
		job.sound = NULL;
		one.job = &job;
		one.out = s->slides[i]->path;
		one.sources[0] = s->r->sources[i];
		one.percent_from = (int)(PERCENT_OF_SLIDES * i / n);
		one.percent_to = one.percent_from;
		if (render_still(&one, &facts, reterr) < 0)
			return -1;
	}
	return 0;
}

/*
 * Slide i as a stream of its own: letterboxed on a blurred copy, as long as it is seen. A JPEG has the
 * matrix of BT.601; players take what is of a video's size for BT.709, so it is made that.
 */
static const char *slide_graph(const struct show *s, size_t i)
{
	const struct recipe *recipe = s->r->job->recipe;
	const long long w = recipe->width, h = recipe->height;
	const double seen_s = (double)recipe->slide_s + (i + 1 < s->r->job->paths_n ? FADE_S : 0.0);

	return arena_printf(
		s->r->arena,
		"[%zu:v]scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,split[a%zu][b%zu];"
		"[a%zu]scale=%lld:%lld:force_original_aspect_ratio=increase,crop=%lld:%lld,"
		"gblur=sigma=%lld[c%zu];"
		"[b%zu]scale=%lld:%lld:force_original_aspect_ratio=decrease:force_divisible_by=2"
		"[d%zu];"
		"[c%zu][d%zu]overlay=(W-w)/2:(H-h)/2,setsar=1,format=yuv420p,"
		"loop=loop=%d:size=1:start=0,settb=1/%d,setpts=N,fps=%d[s%zu];",
		i, i, i, i, w, h, w, h, (w + h) / 60, i, i, w, h, i, i, i,
		(int)(seen_s * FPS + 0.5) - 1, FPS, FPS, i);
}

static const char *show_graph(const struct show *s)
{
	struct arena *a = s->r->arena;
	const size_t n = s->r->job->paths_n;
	const char *text = "", *last = "s0";

	for (size_t i = 0; i < n; i++)
		text = arena_printf(a, "%s%s", text, slide_graph(s, i));
	for (size_t i = 1; i < n; i++) {
		const char *next = arena_printf(a, "x%zu", i);

		text = arena_printf(a,
				    "%s[%s][s%zu]xfade=transition=fade:duration=%.3f:"
				    "offset=%lld[%s];",
				    text, last, i, FADE_S,
				    (long long)i * s->r->job->recipe->slide_s, next);
		last = next;
	}
	return arena_printf(a,
			    "%s[%s]format=yuv420p,setparams=range=tv:colorspace=bt709:"
			    "color_primaries=bt709:color_trc=bt709[picture]",
			    text, last);
}

static const char *audio_graph(const struct show *s, size_t from, bool has_own)
{
	if (sound_input(s))
		return arena_printf(s->r->arena, "%s,aresample=48000[sound]",
				    loud_graph(s, sound_graph(s, from, has_own)));
	return arena_printf(s->r->arena, "anullsrc=r=48000:cl=stereo,atrim=duration=%.3f[sound]",
			    s->total_s);
}

static int code_show(struct show *s, struct problem *reterr)
{
	struct render *r = s->r;
	struct render whole = *r;
	struct render_job job = *r->job;
	const size_t n = r->job->paths_n;
	const char *const maps[] = { "-filter_complex_threads",
				     "1",
				     "-filter_complex",
				     arena_printf(r->arena, "%s;%s", show_graph(s),
						  audio_graph(s, n, false)),
				     "-map",
				     "[picture]",
				     "-map",
				     "[sound]",
				     "-t",
				     arena_printf(r->arena, "%.3f", s->total_s),
				     NULL };
	struct arguments args = { .n = 0 };

	for (size_t i = 0; i < n; i++)
		job.paths[i] = s->slides[i]->path;
	whole.job = &job;
	whole.percent_from = PERCENT_OF_SLIDES;
	whole.total_ms = (int64_t)(s->total_s * 1000.0);
	render_begin(r, &args);
	for (size_t i = 0; i < n; i++)
		render_input("jpeg_pipe", job.paths[i], &args);
	if (sound_input(s))
		add_sound_input(s, &args);
	arguments_add(&args, maps);
	arguments_add(&args, render_video_options);
	arguments_add(&args, render_audio_options);
	arguments_add(&args, render_file_options);
	add_words(&args, r->out, NULL);
	return render_tool(&whole, &args, NULL, reterr);
}

static bool is_near(int64_t is_ms, int64_t want_ms)
{
	const int64_t apart_ms = is_ms > want_ms ? is_ms - want_ms : want_ms - is_ms;

	return apart_ms <= LENGTH_SLACK_MS;
}

static int check_show(const struct show *s, const struct media_facts *f, struct problem *reterr)
{
	const struct recipe *recipe = s->r->job->recipe;

	if (f->width != recipe->width || f->height != recipe->height || !f->video_codec ||
	    strcmp(f->video_codec, "h264") != 0 || !f->audio_codec ||
	    strcmp(f->audio_codec, "aac") != 0 ||
	    !is_near(f->duration_ms, (int64_t)(s->total_s * 1000.0)))
		return render_odd(reterr);
	return 0;
}

static int make_show(struct show *s, struct media_facts *ret, struct problem *reterr)
{
	if (make_slides(s, reterr) < 0)
		return -1;
	s->r->percent_from = s->r->percent_to = PERCENT_OF_SLIDES;
	if (sound_input(s) && measure(s, NULL, false, reterr) < 0)
		return -1;
	s->r->percent_to = 100;
	if (code_show(s, reterr) < 0 || render_look(s->r, ret, reterr) < 0)
		return -1;
	return check_show(s, ret, reterr);
}

int render_slides(struct render *r, struct media_facts *ret, struct problem *reterr)
{
	const struct recipe *recipe = r->job->recipe;
	struct show *s = arena_alloc(r->arena, sizeof(*s));
	int made;

	memset(s, 0, sizeof(*s));
	s->r = r;
	s->total_s = (double)(recipe->slide_s * (int64_t)r->job->paths_n);
	if (recipe->slide_s <= 0 || recipe->width <= 0 || recipe->height <= 0 ||
	    r->job->paths_n < RECIPE_SLIDES_MIN)
		return render_odd(reterr);
	made = make_show(s, ret, reterr);
	for (size_t i = 0; i < r->job->paths_n; i++)
		media_file_free(s->slides[i]);
	return made;
}

static int code_sounded(struct show *s, const struct media_facts *video, struct problem *reterr)
{
	static const char *const copy[] = {
		"-map", "0:v:0", "-map", "[sound]", "-c:v", "copy", NULL
	};
	struct render *r = s->r;
	const char *const graph[] = { "-filter_complex",
				      audio_graph(s, 1, video->audio_codec != NULL), NULL };
	const char *const end[] = { "-t", arena_printf(r->arena, "%.3f", s->total_s), r->out,
				    NULL };
	struct arguments args = { .n = 0 };

	render_begin(r, &args);
	render_input(video->demuxer, r->job->paths[0], &args);
	add_sound_input(s, &args);
	arguments_add(&args, graph);
	arguments_add(&args, copy);
	arguments_add(&args, render_audio_options);
	arguments_add(&args, render_file_options);
	arguments_add(&args, end);
	return render_tool(r, &args, NULL, reterr);
}

static int make_sounded(struct show *s, struct media_facts *ret, struct problem *reterr)
{
	struct render *r = s->r;
	const struct media_facts *video = &r->sources[0];

	s->total_s = (double)video->duration_ms / 1000.0;
	r->total_ms = video->duration_ms;
	if (measure(s, r->job->paths[0], video->audio_codec != NULL, reterr) < 0 ||
	    code_sounded(s, video, reterr) < 0 || render_look(r, ret, reterr) < 0)
		return -1;
	if (!ret->audio_codec || !is_near(ret->duration_ms, video->duration_ms))
		return render_odd(reterr);
	return 0;
}

/* First a video that may be taken over as it is, in a file of its own; then the sound. */
int render_sounded(struct render *r, struct media_facts *ret, struct problem *reterr)
{
	CLEANUP(media_file_free) struct media_file *plain = NULL;
	struct show *s = arena_alloc(r->arena, sizeof(*s));
	struct render first = *r, second = *r;
	struct render_job job = *r->job;

	memset(s, 0, sizeof(*s));
	s->r = &second;
	if (!sound_input(s) || media_blank(r->cfg, ".mp4", &plain, reterr) < 0)
		return sound_input(s) ? -1 : render_odd(reterr);
	first.out = plain->path;
	first.percent_to = 60;
	if (render_moving(&first, &second.sources[0], reterr) < 0)
		return -1;
	job.paths[0] = plain->path;
	second.job = &job;
	second.percent_from = 60;
	return make_sounded(s, ret, reterr);
}

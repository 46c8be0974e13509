/* SPDX-License-Identifier: Apache-2.0 */
#include "media/render_private.h"

#include <signal.h>
#include <string.h>

#include "base/config.h"
#include "base/log.h"
#include "media/child.h"

#define SIGNALLED 256 /* child_run(): 256 + signal */
#define BY_SHELL  128 /* within bubblewrap: 128 + signal */

void arguments_add(struct arguments *a, const char *const *list)
{
	for (; *list && a->n + 1 < RENDER_ARGS_MAX; list++)
		a->v[a->n++] = *list;
	a->v[a->n] = NULL;
}

/* The newest "out_time_us=" that ffmpeg has printed, in ms; -1: none. */
static int64_t newest_ms(const struct buf *out)
{
	static const char key[] = "out_time_us=";
	const char *at = buf_str(out), *last = NULL;

	while ((at = strstr(at, key)))
		last = at += sizeof(key) - 1;
	return last ? strtoll(last, NULL, 10) / 1000 : -1;
}

struct beating {
	const struct render *r;
	int percent;
};

static bool beat(void *arg, struct buf *out)
{
	struct beating *b = arg;
	const struct render *r = b->r;
	const int64_t ms = newest_ms(out), span = r->percent_to - r->percent_from;

	buf_clear(out);
	if (ms > 0 && r->total_ms > 0)
		b->percent =
			r->percent_from + (int)(ms < r->total_ms ? span * ms / r->total_ms : span);
	return r->job->beat(r->job->arg, b->percent);
}

static bool is_signal(int rc, int signum)
{
	return rc == SIGNALLED + signum || rc == BY_SHELL + signum;
}

static int tool_failed(const char *program, int rc, const struct buf *err, struct problem *reterr)
{
	if (rc == CHILD_STOPPED)
		return problem_set(reterr, PROBLEM_BUSY, "the conversion was given up");
	if (rc == CHILD_TIMED_OUT || is_signal(rc, SIGXCPU))
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED,
				   "converting the file took too long");
	if (is_signal(rc, SIGXFSZ) || strstr(buf_str(err), "File too large"))
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED,
				   "the converted file would be too large");
	log_line(LOG_LEVEL_WARN, "media.render", "program=%s rc=%d said=\"%.300s\"", program, rc,
		 buf_str(err));
	if (rc < 0 || rc == 127)
		return problem_set(reterr, PROBLEM_INTERNAL, "%s cannot be run", program);
	if (strstr(buf_str(err), "No space left"))
		return problem_set(reterr, PROBLEM_INTERNAL, "the media disk is full");
	return problem_set(reterr, PROBLEM_MEDIA_REJECTED,
			   "the file is damaged or cannot be converted");
}

int render_tool(struct render *r, const struct arguments *args, struct buf *ret_err,
		struct problem *reterr)
{
	struct beating b = { r, r->percent_from };
	struct child_box box = { .bwrap = r->cfg->media_bwrap,
				 .writes = r->out,
				 .writes_max = r->cfg->server_upload_max_bytes,
				 .timeout_s = (int)r->cfg->media_render_timeout_s,
				 .beat = r->job->beat ? beat : NULL,
				 .arg = &b };
	CLEANUP(buf_done) struct buf out = BUF_INIT, err = BUF_INIT;
	size_t n = 0;
	int rc;

	for (; n < r->job->paths_n; n++)
		box.reads[n] = r->job->paths[n];
	box.reads[n] = r->job->sound;
	rc = child_run(&box, args->v, &out, &err);
	if (rc != 0)
		return tool_failed(args->v[0], rc, &err, reterr);
	if (ret_err)
		buf_add(ret_err, buf_str(&err), err.len);
	return 0;
}

int render_look(struct render *r, struct media_facts *ret, struct problem *reterr)
{
	return media_probe(r->cfg, r->arena, r->out, ret, reterr);
}

int render_odd(struct problem *reterr)
{
	return problem_set(reterr, PROBLEM_MEDIA_REJECTED,
			   "the conversion did not come to what was asked for; the file may be "
			   "damaged");
}

static render_fn *const makers[RECIPE_KINDS] = {
	[RECIPE_JPEG] = render_still,
	[RECIPE_MP4] = render_moving,
	[RECIPE_SLIDESHOW] = render_slides,
	[RECIPE_SOUNDED] = render_sounded,
};

static int make(struct render *r, struct media_facts *ret, struct problem *reterr)
{
	for (size_t i = 0; i < r->job->paths_n; i++) {
		if (media_probe(r->cfg, r->arena, r->job->paths[i], &r->sources[i], reterr) < 0)
			return -1;
	}
	if (r->job->sound &&
	    media_probe(r->cfg, r->arena, r->job->sound, &r->sound_facts, reterr) < 0)
		return -1;
	r->percent_to = 100;
	return makers[r->job->recipe->kind](r, ret, reterr);
}

int media_render(const struct config *cfg, struct arena *a, const struct render_job *in,
		 struct media_facts *ret, struct media_file **ret_file, struct problem *reterr)
{
	CLEANUP(media_file_free) struct media_file *file = NULL;
	struct render *r = arena_alloc(a, sizeof(*r));
	struct media_facts facts = { 0 };

	if (!makers[in->recipe->kind] || in->paths_n == 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "that recipe is not known here");
	if (media_blank(cfg, in->recipe->kind == RECIPE_JPEG ? ".jpg" : ".mp4", &file, reterr) < 0)
		return -1;
	*r = (struct render){ .cfg = cfg, .arena = a, .job = in, .out = file->path };
	if (make(r, &facts, reterr) < 0 || media_adopt(file, reterr) < 0)
		return -1;
	*ret = facts;
	*ret_file = TAKE(file);
	return 0;
}

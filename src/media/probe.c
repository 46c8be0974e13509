/* SPDX-License-Identifier: Apache-2.0 */
#include "media/probe.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/log.h"
#include "media/child.h"
#include "media/magic.h"

#define SIDE_MAX 16384

/* What cameras, phones and editors write. Decoders that nobody misses are only ways in. */
const char media_codecs[] =
	"h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,h263,mpeg1video,mpeg2video,theora,prores,dnxhd,cfhd,"
	"dvvideo,qtrle,rawvideo,mjpeg,png,webp,gif,"
	"aac,mp3float,mp3,mp2float,mp2,alac,opus,libopus,vorbis,speex,flac,ac3,eac3,amrnb,amrwb,"
	"pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,"
	"pcm_f32be,pcm_f64le,pcm_alaw,pcm_mulaw,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,"
	"mov_text,webvtt,subrip,ass";

static int rejected(struct problem *reterr, const char *why)
{
	return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "%s", why);
}

static int identify(const char *path, struct magic *ret, bool *ret_index_last,
		    struct problem *reterr)
{
	enum magic_boxes boxes = MAGIC_BOXES_WHOLE;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct magic *m = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			close(fd);
		return problem_set(reterr, PROBLEM_INTERNAL, "the upload cannot be read");
	}
	m = magic_find(fd);
	if (m && strcmp(m->demuxer, "mov") == 0)
		boxes = magic_boxes(fd, st.st_size);
	close(fd);
	if (st.st_size == 0)
		return rejected(reterr, "the file is empty");
	if (!m)
		return rejected(reterr,
				"the bytes are not a JPEG, PNG, WebP, GIF, HEIC, MP4, MOV or WebM "
				"file, nor a sound (MP3, M4A, WAV, Ogg, FLAC)");
	if (boxes == MAGIC_BOXES_CUT)
		return rejected(reterr, "the video is cut off: its last part is missing");
	*ret = *m;
	*ret_index_last = boxes == MAGIC_BOXES_INDEX_LAST;
	return 0;
}

static int run_tool(const struct config *cfg, const char *path, const char *const *argv,
		    struct buf *out, struct problem *reterr)
{
	const struct child_box box = { .bwrap = cfg->media_bwrap,
				       .reads = { path },
				       .timeout_s = (int)cfg->media_probe_timeout_s };
	CLEANUP(buf_done) struct buf err = BUF_INIT;
	int rc = child_run(&box, argv, out, &err);

	if (rc < 0 || rc == 127) {
		log_line(LOG_LEVEL_ERROR, "media.tool", "program=%s rc=%d", argv[0], rc);
		return problem_set(reterr, PROBLEM_INTERNAL, "%s cannot be run", argv[0]);
	}
	if (rc == CHILD_TIMED_OUT)
		return rejected(reterr, "reading the file took too long");
	if (rc != 0 && strstr(buf_str(&err), "not on whitelist"))
		return rejected(reterr, "the file has a codec that is not taken");
	if (rc != 0)
		return rejected(reterr, "the file is damaged or not what its first bytes say");
	return 0;
}

static int64_t member_int(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

static int64_t seconds_to_ms(const char *s)
{
	return s ? (int64_t)(strtod(s, NULL) * 1000.0 + 0.5) : 0;
}

/* Phones store upright video as a turned one: what counts is how it is shown. */
static bool is_turned(const json_t *stream)
{
	const json_t *list = json_object_get(stream, "side_data_list");

	for (size_t i = 0; i < json_array_size(list); i++) {
		int64_t turn = member_int(json_array_get(list, i), "rotation");

		if (turn % 180 != 0)
			return true;
	}
	return false;
}

/* "30000/1001"; 0 where there is none */
static double ratio(const char *text)
{
	char *end = NULL;
	double above = text ? strtod(text, &end) : 0.0;
	double below = end && *end == '/' ? strtod(end + 1, NULL) : 1.0;

	return below > 0.0 ? above / below : 0.0;
}

static void read_stream(struct arena *a, const json_t *stream, struct media_facts *ret)
{
	const char *type = json_string_value(json_object_get(stream, "codec_type"));
	const char *codec = json_string_value(json_object_get(stream, "codec_name"));

	if (!type || !codec)
		return;
	if (strcmp(type, "audio") == 0 && !ret->audio_codec)
		ret->audio_codec = arena_strdup(a, codec);
	if (strcmp(type, "video") != 0 || ret->video_codec)
		return;
	ret->video_codec = arena_strdup(a, codec);
	ret->pixels = arena_strdup(a, json_string_value(json_object_get(stream, "pix_fmt")));
	ret->transfer =
		arena_strdup(a, json_string_value(json_object_get(stream, "color_transfer")));
	ret->fps = ratio(json_string_value(json_object_get(stream, "avg_frame_rate")));
	ret->width = member_int(stream, "width");
	ret->height = member_int(stream, "height");
	if (is_turned(stream)) {
		int64_t w = ret->width;

		ret->width = ret->height;
		ret->height = w;
	}
}

/* A picture that comes with a sound is only its cover. */
static int check_sound(struct media_facts *ret, struct problem *reterr)
{
	ret->video_codec = ret->pixels = NULL;
	ret->width = ret->height = 0;
	if (!ret->audio_codec)
		return rejected(reterr, "the file holds no sound");
	return ret->duration_ms > 0 ? 0 : rejected(reterr, "the sound has no length");
}

static int read_facts(struct arena *a, const struct buf *text, struct media_facts *ret,
		      struct problem *reterr)
{
	json_t *doc = json_loadb(buf_str(text), text->len, 0, NULL);
	const json_t *streams = json_object_get(doc, "streams");
	const json_t *format = json_object_get(doc, "format");

	for (size_t i = 0; i < json_array_size(streams); i++)
		read_stream(a, json_array_get(streams, i), ret);
	if (strcmp(ret->kind, "image") != 0)
		ret->duration_ms =
			seconds_to_ms(json_string_value(json_object_get(format, "duration")));
	json_decref(doc);
	if (strcmp(ret->kind, "audio") == 0)
		return check_sound(ret, reterr);
	if (!ret->video_codec || ret->width <= 0 || ret->height <= 0)
		return rejected(reterr, "the file holds no picture");
	if (strcmp(ret->kind, "video") == 0 && ret->duration_ms <= 0)
		return rejected(reterr, "the video has no length");
	return 0;
}

static int check_size(const struct config *cfg, const struct media_facts *f, struct problem *reterr)
{
	if (f->width > SIDE_MAX || f->height > SIDE_MAX ||
	    f->width * f->height > cfg->media_pixels_max)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED,
				   "%lld x %lld pixels are too many", (long long)f->width,
				   (long long)f->height);
	return 0;
}

/* An image is decoded once: its header alone does not say that the rest is there. */
static int decode_image(const struct config *cfg, const char *path, const struct magic *m,
			struct problem *reterr)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	const char *const argv[] = { cfg->media_ffmpeg,
				     "-nostdin",
				     "-v",
				     "error",
				     "-xerror",
				     "-err_detect",
				     "explode",
				     "-protocol_whitelist",
				     "file",
				     "-format_whitelist",
				     m->demuxer,
				     "-codec_whitelist",
				     media_codecs,
				     "-f",
				     m->demuxer,
				     "-i",
				     path,
				     "-frames:v",
				     "1",
				     "-f",
				     "null",
				     "-",
				     NULL };

	if (strcmp(m->kind, "image") != 0)
		return 0;
	return run_tool(cfg, path, argv, &out, reterr);
}

static int64_t line_int(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoll(at + strlen(name), NULL, 10) : 0;
}

#define TURNED_FROM 5 /* orientations of EXIF: from here on the sides change places */

/* Of a still image: sides as shown, and whether its colours are of another space. */
static int read_header(const struct config *cfg, const char *path, struct media_facts *ret,
		       struct problem *reterr)
{
	const char *const argv[] = { cfg->media_vipsheader, "-a", path, NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	const char *text;
	bool is_turned_round;

	if (run_tool(cfg, path, argv, &out, reterr) < 0)
		return -1;
	text = buf_str(&out);
	is_turned_round = line_int(text, "\norientation: ") >= TURNED_FROM;
	ret->width = line_int(text, is_turned_round ? "\nheight: " : "\nwidth: ");
	ret->height = line_int(text, is_turned_round ? "\nwidth: " : "\nheight: ");
	ret->has_profile = strstr(text, "\nicc-profile-data: ") != NULL;
	if (ret->width <= 0 || ret->height <= 0)
		return rejected(reterr, "the file holds no picture");
	return check_size(cfg, ret, reterr);
}

/* What ffmpeg cannot read: every pixel once. */
static int decode_still(const struct config *cfg, const char *path, struct problem *reterr)
{
	const char *const argv[] = { cfg->media_vips, "avg", path, NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	return run_tool(cfg, path, argv, &out, reterr);
}

int media_probe(const struct config *cfg, struct arena *a, const char *path,
		struct media_facts *ret, struct problem *reterr)
{
	static const char shown[] =
		"format=duration"
		":stream=codec_type,codec_name,width,height,pix_fmt,avg_frame_rate,color_transfer"
		":stream_side_data=rotation";
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct media_facts f = { 0 };
	struct magic m = { .kind = "", .demuxer = "" };

	if (identify(path, &m, &f.is_index_last, reterr) < 0)
		return -1;
	const char *const argv[] = {
		cfg->media_ffprobe,
		"-v",
		"error",
		"-protocol_whitelist",
		"file",
		"-format_whitelist",
		m.demuxer,
		"-codec_whitelist",
		media_codecs,
		"-f",
		m.demuxer,
		"-show_entries",
		shown,
		"-of",
		"json",
		"-i",
		path,
		NULL,
	};

	f.kind = m.kind;
	f.mime = m.mime;
	f.ext = m.ext;
	f.demuxer = m.demuxer;
	if (!*m.demuxer) {
		if (read_header(cfg, path, &f, reterr) < 0 || decode_still(cfg, path, reterr) < 0)
			return -1;
		*ret = f;
		return 0;
	}
	if (run_tool(cfg, path, argv, &out, reterr) < 0 || read_facts(a, &out, &f, reterr) < 0 ||
	    check_size(cfg, &f, reterr) < 0 || decode_image(cfg, path, &m, reterr) < 0)
		return -1;
	if (strcmp(m.kind, "image") == 0 && read_header(cfg, path, &f, reterr) < 0)
		return -1;
	*ret = f;
	return 0;
}

const char *const media_kind_words[] = {
	[MEDIA_IMAGE] = "an image",
	[MEDIA_VIDEO] = "a video",
	[MEDIA_AUDIO] = "a sound",
};

void media_describe(const struct media_facts *f, const struct media_file *file,
		    struct media_item *ret)
{
	*ret = (struct media_item){
		.kind = (enum media_kind)media_kind_parse(f->kind),
		.state = MEDIA_READY,
		.mime = f->mime,
		.ext = f->ext,
		.bytes = file->bytes,
		.width = (int)f->width,
		.height = (int)f->height,
		.duration_ms = (int)f->duration_ms,
		.video_codec = f->video_codec,
		.audio_codec = f->audio_codec,
		.is_index_last = f->is_index_last,
	};
	memcpy(ret->sha256, file->sha256, sizeof(ret->sha256));
}

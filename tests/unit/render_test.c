/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions with the real tools, and what hostile files come to. */
#include "media/render.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/config.h"
#include "support/suite.h"

static char folder[] = "/tmp/carillon-render-XXXXXX";

static struct config *configure(void)
{
	struct config *cfg = NULL;
	struct problem p;

	ck_assert_int_eq(config_load(NULL, NULL, 0, &cfg, &p), 0);
	cfg->media_folder = folder;
	cfg->media_render_timeout_s = 250;
	return cfg;
}

static const char *in_folder(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s", folder, name);
}

/* A shell line run in the folder while the fixtures are made. */
static void run(const char *line)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (chdir(folder) < 0)
			_exit(126);
		(void)dup2(null, 0);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	if (status != 0) {
		fprintf(stderr, "render_test: %s\n", line);
		exit(EXIT_FAILURE);
	}
}

#define FF   "ffmpeg -v error -y "
#define BARS "-f lavfi -i testsrc2=s=640x360:r=25:d=2 "
#define TONE "-f lavfi -i sine=frequency=440:duration=2 "

static const char *const lines[] = {
	FF "-f lavfi -i testsrc2=s=640x480 -frames:v 1 plain.png",
	/* Red, its right half transparent. */
	"vips black hole.v 100 80 && vips linear hole.v full.v 1 255 --uchar && "
	"vips join full.v hole.v alpha.v horizontal && vips black g.v 200 80 && "
	"vips linear g.v red.v 1 255 --uchar && vips bandjoin 'red.v g.v g.v alpha.v' clear.png",
	FF "-f lavfi -i testsrc2=s=300x200 -frames:v 1 lying.jpg",
	FF "-f lavfi -i 'nullsrc=s=1500x1000,geq=random(1)*255:128:128' -frames:v 1 noise.png",
	FF "-f lavfi -i testsrc2=s=320x240 -frames:v 1 small.webp",
	"vips copy plain.png photo.heic",
	FF BARS TONE "-c:v libx264 -pix_fmt yuv420p -c:a aac fits.mov",
	FF BARS TONE "-c:v libx265 -x265-params log-level=error -pix_fmt yuv420p -c:a aac hevc.mov",
	FF BARS TONE "-c:v libvpx -b:v 1M -c:a libopus clip.webm",
	FF "-f lavfi -i testsrc2=s=322x182:r=120:d=1 -c:v libx264 -pix_fmt yuv444p fast.mp4",
	FF "-i hevc.mov -c copy -metadata:s:v rotate=90 turned.mov",
	/* White paper (203 nits), as phones record it. */
	FF "-f lavfi -i color=gray:s=128x96:d=1 -vf format=yuv420p10le,lutyuv=y=721:u=512:v=512 "
	   "-c:v libx265 -x265-params "
	   "log-level=error:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc hdr.mov",
	FF BARS "-c:v svq1 odd.mov",
	FF "-f lavfi -i color=red:s=400x300 -frames:v 1 red.png",
	FF "-f lavfi -i color=lime:s=300x900 -frames:v 1 lime.jpg",
	FF "-f lavfi -i color=blue:s=200x100 -frames:v 1 blue.webp",
	FF "-f lavfi -i sine=frequency=300:duration=2 -af volume=0.05 quiet.mp3",
	FF "-f lavfi -i sine=frequency=300:duration=60 -ac 2 long.wav",
	FF "-f lavfi -i testsrc2=s=640x360:r=25:d=4 -c:v libx264 -pix_fmt yuv420p mute.mp4",
};

/* The orientation 6 of EXIF: what is stored lying is shown upright. */
static void turn_picture(void)
{
	static const char exif[] =
		"\xff\xe1\x00\x22"
		"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
	char from[128], to[128], bytes[65536];
	FILE *in, *out;
	size_t n;

	(void)snprintf(from, sizeof(from), "%s/lying.jpg", folder);
	(void)snprintf(to, sizeof(to), "%s/upright.jpg", folder);
	in = fopen(from, "rb");
	out = fopen(to, "wb");
	if (!in || !out)
		exit(EXIT_FAILURE);
	n = fread(bytes, 1, sizeof(bytes), in);
	(void)fwrite(bytes, 1, 2, out);
	(void)fwrite(exif, 1, 36, out);
	(void)fwrite(bytes + 2, 1, n - 2, out);
	(void)fclose(in);
	(void)fclose(out);
}

static void make_fixtures(void)
{
	if (!mkdtemp(folder))
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		run(lines[i]);
	turn_picture();
}

/* Names in the folder of unfinished files; the store's own folders are none. */
static int unfinished(void)
{
	char path[128];
	DIR *dir;
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/tmp", folder);
	dir = opendir(path);
	while (dir && readdir(dir))
		n++;
	if (dir)
		(void)closedir(dir);
	return dir ? n - 2 : 0;
}

struct made {
	struct media_facts facts;
	struct media_file *file;
};

static int render(struct config *cfg, struct arena *a, const char *name,
		  const struct recipe *recipe, struct made *ret, struct problem *reterr)
{
	const struct render_job job = { .recipe = recipe,
					.paths = { in_folder(a, name) },
					.paths_n = 1 };

	return media_render(cfg, a, &job, &ret->facts, &ret->file, reterr);
}

static const struct {
	const char *name;
	struct recipe recipe;
	const char *mime, *audio;
	int64_t width, height;
} good[] = {
	{ "plain.png", { .kind = RECIPE_JPEG }, "image/jpeg", NULL, 640, 480 },
	{ "small.webp", { .kind = RECIPE_JPEG, .long_max = 9000 }, "image/jpeg", NULL, 320, 240 },
	{ "plain.png", { .kind = RECIPE_JPEG, .long_max = 320 }, "image/jpeg", NULL, 320, 240 },
	{ "plain.png", { .kind = RECIPE_JPEG, .short_max = 240 }, "image/jpeg", NULL, 320, 240 },
	{ "upright.jpg", { .kind = RECIPE_JPEG }, "image/jpeg", NULL, 200, 300 },
	{ "upright.jpg", { .kind = RECIPE_JPEG, .long_max = 150 }, "image/jpeg", NULL, 100, 150 },
	{ "photo.heic", { .kind = RECIPE_JPEG }, "image/jpeg", NULL, 640, 480 },
	{ "fits.mov", { .kind = RECIPE_MP4 }, "video/mp4", "aac", 640, 360 },
	{ "hevc.mov", { .kind = RECIPE_MP4 }, "video/mp4", "aac", 640, 360 },
	{ "clip.webm", { .kind = RECIPE_MP4, .long_max = 320 }, "video/mp4", "aac", 320, 180 },
	{ "fast.mp4", { .kind = RECIPE_MP4 }, "video/mp4", NULL, 322, 182 },
	{ "turned.mov", { .kind = RECIPE_MP4 }, "video/mp4", "aac", 360, 640 },
	{ "hdr.mov", { .kind = RECIPE_MP4 }, "video/mp4", NULL, 128, 96 },
};

START_TEST(file_becomes_what_the_recipe_asks)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	struct problem p = { .kind = PROBLEM_NONE };
	struct made made = { .file = NULL };

	ck_assert_msg(render(cfg, a, good[_i].name, &good[_i].recipe, &made, &p) == 0, "%s: %s",
		      good[_i].name, p.detail);
	ck_assert_str_eq(made.facts.mime, good[_i].mime);
	ck_assert_int_eq(made.facts.width, good[_i].width);
	ck_assert_int_eq(made.facts.height, good[_i].height);
	ck_assert_uint_eq(strlen(made.file->sha256), 64);
	if (good[_i].recipe.kind == RECIPE_MP4) {
		ck_assert(!made.facts.is_index_last);
		ck_assert_str_eq(made.facts.video_codec, "h264");
		ck_assert_str_eq(made.facts.pixels, "yuv420p");
		ck_assert(made.facts.fps < 60.5);
		ck_assert_pstr_eq(made.facts.audio_codec, good[_i].audio);
	}
	media_file_free(made.file);
	ck_assert_int_eq(unfinished(), 0);
}
END_TEST

static char *output_of(const char *line)
{
	FILE *pipe_of;
	static char text[512];
	char whole[600];
	size_t n;

	(void)snprintf(whole, sizeof(whole), "sh -c '%s' > %s/said", line, folder);
	run(whole);
	(void)snprintf(whole, sizeof(whole), "%s/said", folder);
	pipe_of = fopen(whole, "r");
	ck_assert_ptr_nonnull(pipe_of);
	n = fread(text, 1, sizeof(text) - 1, pipe_of);
	text[n] = '\0';
	(void)fclose(pipe_of);
	return text;
}

START_TEST(transparent_parts_become_white)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	const struct recipe recipe = { .kind = RECIPE_JPEG };
	struct problem p = { .kind = PROBLEM_NONE };
	struct made made = { .file = NULL };

	ck_assert_int_eq(render(cfg, a, "clear.png", &recipe, &made, &p), 0);
	ck_assert_str_eq(output_of(arena_printf(a, "vips getpoint %s 150 40", made.file->path)),
			 "255 255 255 \n");
	ck_assert_str_eq(output_of(arena_printf(a, "vips getpoint %s 50 40", made.file->path)),
			 "254 0 0 \n");
	media_file_free(made.file);
}
END_TEST

START_TEST(image_is_made_small_enough)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	const struct recipe recipe = { .kind = RECIPE_JPEG, .bytes_max = 60000 };
	struct problem p = { .kind = PROBLEM_NONE };
	struct made made = { .file = NULL };

	ck_assert_int_eq(render(cfg, a, "noise.png", &recipe, &made, &p), 0);
	ck_assert_int_le(made.file->bytes, 60000);
	ck_assert_int_lt(made.facts.width, 1500);
	media_file_free(made.file);
}
END_TEST

/* Streams that are right already are taken over bit by bit. */
START_TEST(fitting_streams_are_not_coded_again)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	const struct recipe recipe = { .kind = RECIPE_MP4 };
	struct problem p = { .kind = PROBLEM_NONE };
	struct made made = { .file = NULL };
	struct media_facts source;
	char *was;

	ck_assert_int_eq(media_probe(cfg, a, in_folder(a, "fits.mov"), &source, &p), 0);
	ck_assert(source.is_index_last);
	ck_assert_int_eq(render(cfg, a, "fits.mov", &recipe, &made, &p), 0);
	was = arena_strdup(a, output_of("ffmpeg -v error -i fits.mov -map 0:v -c copy -f md5 -"));
	ck_assert_str_eq(
		was, output_of(arena_printf(a, "ffmpeg -v error -i %s -map 0:v -c copy -f md5 -",
					    made.file->path)));
	media_file_free(made.file);
}
END_TEST

struct show {
	const char *sound;
	int64_t slide_s;
	int64_t width, height;
	size_t n;
};

static const struct show shows[] = {
	{ NULL, 4, 270, 480, 3 },
	{ "quiet.mp3", 4, 270, 480, 3 }, /* shorter: looped */
	{ "long.wav", 6, 480, 270, 3 },  /* longer: cut */
	{ NULL, 4, 54, 96, RECIPE_SLIDES_MAX },
};

static const char *const slides[] = { "red.png", "lime.jpg", "blue.webp" };

/* Red, green and blue of one place at one time. */
static const char *pixel(struct arena *a, const char *path, double at_s, int64_t x, int64_t y)
{
	return arena_strdup(a,
			    output_of(arena_printf(
				    a,
				    "ffmpeg -v error -ss %.2f -i %s -frames:v 1 -vf "
				    "crop=2:2:%lld:%lld,scale=1:1 -f rawvideo -pix_fmt rgb24 - | "
				    "od -An -tu1 -N3",
				    at_s, path, (long long)x, (long long)y)));
}

static bool is_colour(const char *said, int red, int green, int blue)
{
	int is[3] = { -1, -1, -1 };
	const int want[3] = { red, green, blue };

	if (sscanf(said, "%d %d %d", &is[0], &is[1], &is[2]) != 3)
		return false;
	for (int i = 0; i < 3; i++) {
		if (abs(is[i] - want[i]) > 12)
			return false;
	}
	return true;
}

/* What is not told to be BT.709, but of another matrix, is shown in wrong colours by many players. */
static void check_tags(struct arena *a, const char *path)
{
	const char *line = arena_printf(a,
					"ffprobe -v error -show_entries "
					"stream=color_range,color_space,color_transfer,"
					"color_primaries -select_streams v -of csv=p=0 %s",
					path);

	ck_assert_str_eq(output_of(line), "tv,bt709,bt709,bt709\n");
}

static void check_frames(struct arena *a, const struct show *show, const char *path)
{
	static const int colours[][3] = { { 254, 0, 0 }, { 0, 255, 0 }, { 0, 0, 254 } };

	for (size_t i = show->n - ARRAY_LEN(slides); i < show->n; i++) {
		const int *colour = colours[i % ARRAY_LEN(slides)];
		const double at_s = (double)(show->slide_s * (int64_t)i) + 2.0;
		const char *middle = pixel(a, path, at_s, show->width / 2, show->height / 2);
		const char *corner = pixel(a, path, at_s, 4, 4);

		/* The blurred copy fills what the slide leaves: of one colour, it is that colour. */
		ck_assert_msg(is_colour(middle, colour[0], colour[1], colour[2]), "slide %zu: %s",
			      i, middle);
		ck_assert_msg(is_colour(corner, colour[0], colour[1], colour[2]), "corner %zu: %s",
			      i, corner);
	}
	/* In the middle of the fade both are seen. */
	ck_assert(!is_colour(
		pixel(a, path, (double)show->slide_s + 0.24, show->width / 2, show->height / 2),
		254, 0, 0));
	ck_assert(!is_colour(
		pixel(a, path, (double)show->slide_s + 0.24, show->width / 2, show->height / 2), 0,
		255, 0));
}

START_TEST(high_dynamic_range_becomes_ordinary)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	const struct recipe recipe = { .kind = RECIPE_MP4 };
	struct problem p = { .kind = PROBLEM_NONE };
	struct made made = { .file = NULL };
	const char *white;

	ck_assert_msg(render(cfg, a, "hdr.mov", &recipe, &made, &p) == 0, "%s", p.detail);
	check_tags(a, made.file->path);
	white = pixel(a, made.file->path, 0.0, 60, 40);
	ck_assert_msg(is_colour(white, 218, 218, 218), "%s", white);
	media_file_free(made.file);
}
END_TEST

/* Integrated loudness in LUFS. */
static double loudness(struct arena *a, const char *path)
{
	const char *said = output_of(
		arena_printf(a,
			     "ffmpeg -hide_banner -nostats -i %s -af ebur128 -f null - 2>&1 | "
			     "grep I: | tail -1 | tr -s \" \" | cut -d\" \" -f3",
			     path));

	return strtod(said, NULL);
}

START_TEST(slideshow_shows_each_slide_at_its_time)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	const struct show *show = &shows[_i];
	const struct recipe recipe = { .kind = RECIPE_SLIDESHOW,
				       .width = show->width,
				       .height = show->height,
				       .slide_s = show->slide_s };
	struct render_job job = { .recipe = &recipe, .paths_n = show->n };
	struct problem p = { .kind = PROBLEM_NONE };
	struct made made = { .file = NULL };
	const int64_t total_ms = show->slide_s * (int64_t)show->n * 1000;

	for (size_t i = 0; i < show->n; i++)
		job.paths[i] = in_folder(a, slides[i % ARRAY_LEN(slides)]);
	job.sound = show->sound ? in_folder(a, show->sound) : NULL;
	ck_assert_msg(media_render(cfg, a, &job, &made.facts, &made.file, &p) == 0, "%s", p.detail);
	ck_assert_int_eq(made.facts.width, show->width);
	ck_assert_int_eq(made.facts.height, show->height);
	ck_assert_str_eq(made.facts.video_codec, "h264");
	ck_assert_str_eq(made.facts.audio_codec, "aac");
	ck_assert_str_eq(made.facts.pixels, "yuv420p");
	ck_assert_int_ge(made.facts.duration_ms, total_ms - 100);
	ck_assert_int_le(made.facts.duration_ms, total_ms + 100);
	check_tags(a, made.file->path);
	check_frames(a, show, made.file->path);
	if (show->sound) {
		const double lufs = loudness(a, made.file->path);

		ck_assert_msg(lufs > -15.5 && lufs < -12.5, "%f LUFS", lufs);
	}
	media_file_free(made.file);
	ck_assert_int_eq(unfinished(), 0);
}
END_TEST

static const char *const sounded[] = { "mute.mp4", "fits.mov", "clip.webm" };

START_TEST(video_gets_the_sound)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	const struct recipe recipe = { .kind = RECIPE_SOUNDED, .sound = "med_s" };
	const struct render_job job = { .recipe = &recipe,
					.paths = { in_folder(a, sounded[_i]) },
					.paths_n = 1,
					.sound = in_folder(a, "quiet.mp3") };
	struct problem p = { .kind = PROBLEM_NONE };
	struct made made = { .file = NULL };
	double lufs;

	ck_assert_msg(media_render(cfg, a, &job, &made.facts, &made.file, &p) == 0, "%s", p.detail);
	ck_assert_str_eq(made.facts.video_codec, "h264");
	ck_assert_str_eq(made.facts.audio_codec, "aac");
	lufs = loudness(a, made.file->path);
	ck_assert_msg(lufs > -16.0 && lufs < -12.0, "%f LUFS", lufs);
	media_file_free(made.file);
	ck_assert_int_eq(unfinished(), 0);
}
END_TEST

static void put(const char *name, const void *bytes, size_t n)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	(void)fclose(f);
}

#define FILE_OF(name, text)                  \
	{                                    \
		name, text, sizeof(text) - 1 \
	}

/* Each ends as a sentence for the user and leaves no file. */
static const struct {
	const char *name, *bytes; /* NULL: it is there */
	size_t n;
} hostile[] = {
	{ "odd.mov", NULL, 0 }, /* of a decoder that nobody needs */
	FILE_OF("list.mp4", "#EXTM3U\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"),
	FILE_OF("list.txt", "ffconcat version 1.0\nfile /etc/passwd\n"),
	FILE_OF("head.mp4", "\0\0\0\x14"
			    "ftypmp42\0\0\0\0mp42#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n"),
	FILE_OF("riff.webp", "RIFF\x10\0\0\0WEBPVP8 "),
	FILE_OF("bare.heic", "\0\0\0\x18"
			     "ftypheic\0\0\0\0mif1heic"),
	FILE_OF("bare.webm", "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"),
	FILE_OF("svg.png", "<svg xmlns=\"http://www.w3.org/2000/svg\"><image "
			   "href=\"file:///etc/passwd\"/></svg>"),
};

START_TEST(hostile_file_is_refused)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	const struct recipe recipes[] = { { .kind = RECIPE_JPEG }, { .kind = RECIPE_MP4 } };

	if (hostile[_i].bytes)
		put(hostile[_i].name, hostile[_i].bytes, hostile[_i].n);
	for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
		struct problem p = { .kind = PROBLEM_NONE };
		struct made made = { .file = NULL };

		ck_assert_int_eq(render(cfg, a, hostile[_i].name, &recipes[i], &made, &p), -1);
		ck_assert_int_eq(p.kind, PROBLEM_MEDIA_REJECTED);
		ck_assert(*p.detail);
		ck_assert_int_eq(unfinished(), 0);
	}
}
END_TEST

START_TEST(conversion_without_end_is_stopped)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	const struct recipe recipe = { .kind = RECIPE_MP4 };
	struct problem p = { .kind = PROBLEM_NONE };
	struct made made = { .file = NULL };
	char tool[128];

	put("slow", "#!/bin/sh\nsleep 300 & sleep 300\n", 32);
	(void)snprintf(tool, sizeof(tool), "%s/slow", folder);
	ck_assert_int_eq(chmod(tool, 0755), 0);
	cfg->media_ffmpeg = tool;
	cfg->media_render_timeout_s = 1;
	ck_assert_int_eq(render(cfg, a, "hevc.mov", &recipe, &made, &p), -1);
	ck_assert_int_eq(p.kind, PROBLEM_MEDIA_REJECTED);
	ck_assert_ptr_nonnull(strstr(p.detail, "too long"));
	ck_assert_int_eq(unfinished(), 0);
}
END_TEST

static bool give_up(void *arg, int percent)
{
	int *calls = arg;

	(void)percent;
	++*calls;
	return false;
}

START_TEST(conversion_ends_when_nobody_wants_it)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	const struct recipe recipe = { .kind = RECIPE_MP4 };
	struct problem p = { .kind = PROBLEM_NONE };
	struct media_facts facts;
	struct media_file *file = NULL;
	int calls = 0;
	const struct render_job job = { .recipe = &recipe,
					.paths = { in_folder(a, "hevc.mov") },
					.paths_n = 1,
					.beat = give_up,
					.arg = &calls };

	ck_assert_int_eq(media_render(cfg, a, &job, &facts, &file, &p), -1);
	ck_assert_int_eq(p.kind, PROBLEM_BUSY);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(unfinished(), 0);
}
END_TEST

START_TEST(product_that_would_fill_the_disk_is_cut_off)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = configure();
	const struct recipe recipe = { .kind = RECIPE_MP4 };
	struct problem p = { .kind = PROBLEM_NONE };
	struct made made = { .file = NULL };

	cfg->server_upload_max_bytes = 20000;
	ck_assert_int_eq(render(cfg, a, "hevc.mov", &recipe, &made, &p), -1);
	ck_assert_int_eq(p.kind, PROBLEM_MEDIA_REJECTED);
	ck_assert_ptr_nonnull(strstr(p.detail, "too large"));
	ck_assert_int_eq(unfinished(), 0);
}
END_TEST

static void remove_fixtures(void)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "rm -rf %s", folder);
	run(line);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ file_becomes_what_the_recipe_asks, (int)ARRAY_LEN(good) },
		{ transparent_parts_become_white, 0 },
		{ image_is_made_small_enough, 0 },
		{ fitting_streams_are_not_coded_again, 0 },
		{ slideshow_shows_each_slide_at_its_time, (int)ARRAY_LEN(shows) },
		{ high_dynamic_range_becomes_ordinary, 0 },
		{ video_gets_the_sound, (int)ARRAY_LEN(sounded) },
		{ hostile_file_is_refused, (int)ARRAY_LEN(hostile) },
		{ conversion_without_end_is_stopped, 0 },
		{ conversion_ends_when_nobody_wants_it, 0 },
		{ product_that_would_fill_the_disk_is_cut_off, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "render",
		.before = make_fixtures,
		.after = remove_fixtures,
		.timeout_s = 300,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content - what is published: kinds, review states, base text with overrides per platform; pure
 * Layer domain. Texts of the structs are borrowed (usually from an arena). Only struct publication
 * owns something: its `options`, ended with publication_done().
 */
#ifndef CARILLON_DOMAIN_CONTENT_H
#define CARILLON_DOMAIN_CONTENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/problem.h"

enum content_kind { /* as contents.kind */
		    CONTENT_TEXT,
		    CONTENT_IMAGE,
		    CONTENT_CAROUSEL,
		    CONTENT_VIDEO,
		    CONTENT_STORY,
		    CONTENT_SLIDESHOW,
		    CONTENT_KINDS
};

enum content_state { /* as contents.state */
		     CONTENT_DRAFT,
		     CONTENT_IN_REVIEW,
		     CONTENT_APPROVED,
		     CONTENT_REJECTED,
		     CONTENT_PUBLISHED,
		     CONTENT_STATES
};

enum content_move {
	CONTENT_SUBMIT,
	CONTENT_APPROVE,
	CONTENT_REJECT,
	CONTENT_EDIT,
	CONTENT_GO_LIVE
};

enum media_kind { MEDIA_IMAGE, MEDIA_VIDEO, MEDIA_AUDIO, MEDIA_KINDS };       /* as media.kind */
enum media_state { MEDIA_READY, MEDIA_FETCHING, MEDIA_FAILED, MEDIA_STATES }; /* as media.state */

extern const char
	*const content_kind_names[CONTENT_KINDS + 1]; /* NULL-terminated: for FIELD_ENUM */
extern const char *const content_state_names[CONTENT_STATES + 1];
extern const char *const media_kind_names[MEDIA_KINDS + 1];
extern const char *const media_state_names[MEDIA_STATES + 1];

/* Index of name, -1 when it is none (also NULL). */
int content_kind_parse(const char *name);
int content_state_parse(const char *name);
int media_kind_parse(const char *name);
int media_state_parse(const char *name);

/* -1 when the move is not allowed from that state; *ret is untouched then. */
int content_move(enum content_state from, enum content_move move, enum content_state *ret);

struct media_item {
	const char *media_id;
	enum media_kind kind;
	enum media_state state;
	const char *mime, *ext; /* NULL until ready */
	char sha256[65];        /* hex; "" until ready */
	const char *path;       /* set by publish: local file */
	const char *url;        /* set by publish or the API: signed public URL */
	int64_t bytes;
	int width, height, duration_ms;
	const char *video_codec, *audio_codec;
	bool is_index_last;   /* a video that plays only once all of it is there */
	const char *alt_text; /* of this use, else of the media; NULL none */
};

struct content {
	const char *id, *character_id; /* character NULL: none */
	enum content_kind kind;
	const char *title, *caption, *link, *first_comment; /* NULL: none */
	const char *tags;                                   /* JSON array text; NULL none */
	const char *overrides; /* JSON object text {platform: {...}}; NULL none */
	enum content_state state;
	int64_t revision, approved_revision;                    /* approved 0: never */
	const char *approved_by, *rejected_reason, *created_by; /* NULL none */
	int64_t approved_us, created_us, updated_us;
	int64_t version;
	struct media_item *media; /* in order */
	size_t media_n;
};

/* Approved, or published, and not edited since: what the publisher asks again at the last moment. */
bool content_is_publishable(const struct content *c);

/* One platform's view of a content: base, then overrides[platform], then the post's own. */
struct publication {
	enum content_kind kind;
	const char *caption, *title, *description, *link, *first_comment; /* NULL: none */
	const char **tags;
	size_t tags_n;
	struct media_item *media; /* a copy: publish fills path and url */
	size_t media_n;
	struct media_item *cover; /* image of options.cover_media_id, set by publish; NULL none */
	json_t *options;          /* owned; the merged raw override object, never NULL */
};

/*
 * post_overrides: JSON object text for this platform alone, or NULL. Texts land in the arena.
 * A null in an override clears the base value. Errors: PROBLEM_INVALID for JSON that is no object
 * or a text member that is no string.
 */
int publication_build(const struct content *c, const char *platform, const char *post_overrides,
		      struct arena *a, struct publication *ret, struct problem *reterr);
void publication_done(struct publication *p);

/*
 * What every platform needs: text has no media, image exactly one image, carousel two or more
 * images or videos, video one video, story one image or video, slideshow one image or more.
 * Errors: PROBLEM_INVALID with an item per fault (/media, /media/N).
 */
int content_check_shape(enum content_kind kind, const struct media_item *media, size_t n,
			struct problem *reterr);

DEFINE_CLEANUP_VALUE(struct publication, publication_done);

#endif

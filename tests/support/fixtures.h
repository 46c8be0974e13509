/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixtures - real media made once a run by ffmpeg, and uploads of it
 * Files stand in a folder of the process under $TMPDIR that fixtures_done() removes.
 */
#ifndef CARILLON_TESTS_FIXTURES_H
#define CARILLON_TESTS_FIXTURES_H

#include <stddef.h>

#include "support/client.h"

enum fixture {
	FIXTURE_JPEG,      /* 1080 x 1080 */
	FIXTURE_JPEG_WIDE, /* 1080 x 608 */
	FIXTURE_JPEG_TALL, /* 600 x 1200: outside Instagram's feed ratios */
	FIXTURE_PNG,
	FIXTURE_VIDEO, /* 720 x 1280, 5 s, H.264 High yuv420p and AAC, faststart */
	FIXTURE_TEXT,  /* plain text */
	FIXTURE_EMPTY,
	FIXTURE_VIDEO_CUT, /* the first two thirds of FIXTURE_VIDEO */
	FIXTURE_JPEG_CUT,
	FIXTURES
};

/* Path of a file, made on first use. Borrowed. */
const char *fixture_path(enum fixture f);
/* The same picture with `n` drawn into it, so that its bytes are new; caller unlinks and frees. */
char *fixture_fresh_jpeg(void);
/* All of them, before cases are forked: else each case would make its own. */
void fixtures_make(void);
void fixtures_done(void);

/* Uploads as multipart; `filename` is what the client claims. */
struct answer *fixture_upload(const char *token, const char *path, const char *filename);
/* Uploads and gives the id (aborts the test when refused); caller frees. */
char *fixture_media(const char *token, enum fixture f);
char *fixture_fresh_media(const char *token);
void fixture_approve(const char *token, const char *content); /* a draft */
/* A content of that kind with one fresh picture (or the video), submitted and approved; caller frees. */
char *fixture_approved(const char *token, const char *kind, const char *caption);

/* id of the workspace's connected account on the sandbox's Instagram, connecting it when needed. */
char *fixture_account(const char *token);

#endif

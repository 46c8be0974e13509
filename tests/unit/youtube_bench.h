/* SPDX-License-Identifier: Apache-2.0 */
/*
 * youtube_bench - YouTube's adapter without a network: its answers, and what it is expected to send
 * One bench a program, opened by youtube_setup() or youtube_setup_tail() before each case.
 */
#ifndef CARILLON_TESTS_YOUTUBE_BENCH_H
#define CARILLON_TESTS_YOUTUBE_BENCH_H

#include <check.h>

#include "base/clock.h"
#include "platform/youtube.h"
#include "platform_bench.h"

#define SESSION  "https://www.googleapis.com/upload/youtube/v3/videos?upload_id=AE"
#define LOCATION "Location: " SESSION "\r\n"
#define VIDEO(privacy)                                                                         \
	"{\"id\":\"dQw4w9WgXcQ\",\"status\":{\"uploadStatus\":\"uploaded\",\"privacyStatus\":" \
	"\"" privacy "\"}}"
#define LISTED(upload, privacy)                                                      \
	"{\"items\":[{\"id\":\"dQw4w9WgXcQ\",\"status\":{\"uploadStatus\":\"" upload \
	"\",\"privacyStatus\":\"" privacy "\"}}]}"
#define ERROR(reason) "{\"error\":{\"errors\":[{\"reason\":\"" reason "\"}]}}"
#define ASK_VIDEO     "GET /youtube/v3/videos?part=status%2CprocessingDetails&id=dQw4w9WgXcQ"
#define PUT           "PUT /upload/youtube/v3/videos?upload_id=AE"
#define SIZE          700000 /* two whole steps and a rest */
#define WHOLE         524288

extern struct bench bench;

void youtube_setup(void);      /* with all permissions: the way "flip" */
void youtube_setup_tail(void); /* with the narrow ones */
void youtube_teardown(void);

void waits(enum step step, int64_t ms);
/* A chunk, or the question for the offset, with that Content-Range. */
void puts_range(enum step step, const char *range);
/* What staging does once the session is open. */
enum step opened(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yt - the parts of the YouTube sandbox among themselves
 * Layer sandbox, private to youtube.c and yt_*.c. Functions that return NULL or false have written
 * Google's error object. Source: YouTube Data API v3, its resumable uploads and errors, and
 * Google's OAuth 2.0 for web servers, read November 2026.
 */
#ifndef CARILLON_SANDBOX_YT_H
#define CARILLON_SANDBOX_YT_H

#include "sandbox/exchange.h"
#include "sandbox/faults.h"
#include "sandbox/params.h"
#include "sandbox/world.h"

#define YT_REALM "google"
#define YT_GRAIN 262144 /* chunks are multiples of it */

struct digest;
struct tz;

enum yt_token_kind { YT_ACCESS, YT_REFRESH };
enum yt_bucket { YT_UNITS, YT_INSERTS, YT_BUCKETS };
enum yt_parts { /* of a video */
		YT_SNIPPET = 1,
		YT_STATUS = 2,
		YT_LOCALIZATIONS = 4,
		YT_RECORDING = 8,
		YT_CONTENT = 16,
		YT_FILE = 32,
		YT_PROCESSING = 64,
		YT_STATISTICS = 128,
		YT_PLAYER = 256,
		YT_ID = 512,
		YT_SUGGESTIONS = 1024,
		YT_WRITABLE = YT_SNIPPET | YT_STATUS | YT_LOCALIZATIONS | YT_RECORDING,
		YT_OWNER_ONLY = YT_FILE | YT_PROCESSING | YT_SUGGESTIONS,
};
enum yt_flag { YT_UNSET = -1, YT_NO, YT_YES };

struct yt_user { /* person.extra: a Google account, shared by the persons of its channels */
	const char *id, *name;
};

struct yt_channel { /* account.extra */
	const char *long_uploads;
	const struct yt_user *user;
	int64_t made_us;
	bool is_made_for_kids, has_no_handle, is_unverified;
};

struct yt_meta { /* what a client writes about a video */
	const char *title, *description, *category, *language, *audio_language;
	const char *privacy, *license, *recording_date;
	const char *localizations; /* JSON text */
	struct list tags;
	int64_t publish_at_us; /* INSTANT_NONE: not scheduled */
	enum yt_flag kids, synthetic;
	bool is_embeddable, shows_stats;
};

struct yt_session { /* a resumable upload */
	struct record record;
	const char *id, *path, *file_type, *parts;
	struct account *account;
	struct yt_meta meta;
	unsigned parts_flags;
	uint64_t total, stored;
	int64_t made_us;
	const char *answer; /* what the last PUT said and says again; NULL: not complete */
	const char *video;
	bool is_over, is_busy, notifies;
	uint64_t hashed; /* bytes of the file that `digest` has seen */
	struct digest *digest;
};

struct yt_video { /* object.extra */
	struct record record;
	struct object *object;
	struct yt_meta meta;
	int64_t ready_us;              /* INT64_MAX: stuck */
	int64_t public_us;             /* when it first became public; INSTANT_NONE: never */
	const char *failed, *rejected; /* reason that processing ends with, or NULL */
	bool is_locked;                /* private for good: the project was not audited */
	bool notifies;
	uint64_t changes; /* for the etag */
	struct media_fact thumbnail;
	unsigned width, height;
	int64_t duration_ms;
};

struct yt_quota { /* of a project, that is of an app */
	struct record record;
	struct app *app;
	int64_t day; /* Pacific */
	int64_t used[YT_BUCKETS];
};

struct yt_state {              /* world.extra */
	struct map sessions;   /* id -> struct yt_session */
	struct list all;       /* struct yt_session */
	struct list quotas;    /* struct yt_quota */
	struct list scheduled; /* struct yt_video; some are public by now */
	struct tz *pacific;    /* NULL: the zone is not on this machine */
	bool is_unaudited, rejects_duplicates, refuses_offsets, is_testing, keeps_siblings;
	int64_t limits[YT_BUCKETS];
	int64_t refresh_cap, session_life_s, upload_cap, thumbnail_bytes, access_s, video_bytes;
};

/* youtube.c */
struct yt_state *sandbox_yt_state(struct world *w);
struct yt_channel *sandbox_yt_channel(const struct account *a);

/* yt_errors.c: always false */
bool sandbox_yt_fail(struct exchange *ex, const char *reason);
bool sandbox_yt_fail_text(struct exchange *ex, const char *reason, const char *message);
bool sandbox_yt_fail_param(struct exchange *ex, const char *reason, const char *parameter);
/* A refusal that a fault rule words: reason, status, message, domain. */
bool sandbox_yt_fail_rule(struct exchange *ex, const json_t *params);
void sandbox_yt_json(struct exchange *ex, int status, json_t *body); /* steals body */

/* yt_login.c */
void sandbox_yt_dialog(struct exchange *ex);
void sandbox_yt_token(struct exchange *ex);
void sandbox_yt_revoke(struct exchange *ex);
struct token *sandbox_yt_bearer(struct exchange *ex); /* writes nothing */

/* yt_quota.c: token, scope, quota, in that order; the faults that any call may meet too */
enum yt_method { YT_READ, YT_UPLOAD, YT_THUMBNAIL, YT_EDIT, YT_CONTINUE };
struct token *sandbox_yt_enter(struct exchange *ex, enum yt_method method);
/* The channel that the token is bound to; NULL: the Google account has none, nothing written. */
struct account *sandbox_yt_account(struct exchange *ex, const struct token *t);
extern const struct record_kind sandbox_yt_kinds[];
json_t *sandbox_yt_quotas(struct world *w);

/* yt_meta.c */
/* `part` as flags; false: refused */
bool sandbox_yt_parts(struct exchange *ex, unsigned *ret);
/* Takes the named parts of the body over what is in `m`; omitted members are cleared. */
bool sandbox_yt_meta_read(struct exchange *ex, const json_t *body, unsigned parts,
			  struct yt_meta *m);
void sandbox_yt_meta_init(struct world *w, struct yt_meta *m);
json_t *sandbox_yt_meta_json(const struct yt_meta *m);
bool sandbox_yt_meta_load(struct world *w, const json_t *in, struct yt_meta *m);

/* yt_categories.c */
bool sandbox_yt_category_ok(const char *id);
void sandbox_yt_categories(struct exchange *ex);

/* yt_session.c */
void sandbox_yt_open_session(struct exchange *ex);
/* Into the maps, with its file's path. */
void sandbox_yt_session_add(struct world *w, struct yt_session *s);
void sandbox_yt_session_end(struct world *w, struct yt_session *s); /* its bytes go */
/* Files in the folder that no live session has. */
void sandbox_yt_sweep(struct world *w);

/* yt_upload.c */
void sandbox_yt_upload(struct exchange *ex);

/* yt_store.c */
json_t *sandbox_yt_session_save(const struct record *r);
struct record *sandbox_yt_session_load(struct world *w, const json_t *in);
json_t *sandbox_yt_video_save(const struct record *r);
struct record *sandbox_yt_video_load(struct world *w, const json_t *in);
json_t *sandbox_yt_quota_save(const struct record *r);
struct record *sandbox_yt_quota_load(struct world *w, const json_t *in);
void sandbox_yt_loaded(struct world *w);

/* yt_videos.c */
/* Makes the video of a session whose bytes are complete; NULL: the truth log failed. */
struct yt_video *sandbox_yt_video_new(struct exchange *ex, struct yt_session *s,
				      const char sha256[static 65]);
bool sandbox_yt_is_visible(const struct yt_video *v, const struct account *viewer);
/* Scheduled videos whose time has come become public. */
void sandbox_yt_settle(struct exchange *ex);
void sandbox_yt_wake(struct world *w, const struct yt_video *v); /* settles when it is due */
/* Writes down that something happened to it. */
bool sandbox_yt_tell(struct exchange *ex, struct yt_video *v, const char *event);
struct yt_video *sandbox_yt_video(struct exchange *ex, const char *id); /* NULL: none, no error */
/* One that the caller may change; NULL refused. */
struct yt_video *sandbox_yt_own_video(struct exchange *ex, const struct token *t, const char *id);
void sandbox_yt_videos_list(struct exchange *ex);
void sandbox_yt_videos_update(struct exchange *ex);
void sandbox_yt_videos_delete(struct exchange *ex);

/* yt_resource.c */
json_t *sandbox_yt_resource(struct exchange *ex, const struct yt_video *v, unsigned parts,
			    const struct account *viewer);
json_t *sandbox_yt_thumbnails(const char *id);
const char *sandbox_yt_etag(struct arena *a, const char *text);
const char *sandbox_yt_time(struct arena *a, int64_t us);

/* yt_lists.c */
void sandbox_yt_channels(struct exchange *ex);
void sandbox_yt_playlist_items(struct exchange *ex);
void sandbox_yt_watch(struct exchange *ex);

/* yt_thumbnails.c */
void sandbox_yt_thumbnail(struct exchange *ex);

#endif

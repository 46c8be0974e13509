/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig - a database, a sandbox and a connected account, to publish through for real
 * Tests only. rig_start() once per program, outside libcheck's forks; each case opens its own
 * connection. The runner is the program carillon-publish, started by the case and, if the build
 * has failpoints, killed at one of them. What exists is asked of the sandbox alone.
 */
#ifndef CARILLON_TESTS_RIG_H
#define CARILLON_TESTS_RIG_H

#include <jansson.h>
#include <sys/types.h>

#include "app.h"
#include "crypto/random.h"
#include "domain/content.h"
#include "domain/delivery.h"
#include "peer.h"
#include "support/database.h"

#define RIG_ACCOUNTS  2 /* of each platform */
#define RIG_PLATFORMS 7
#define RIG_WORKSPACE "ws_rig"

/* Nothing more happens to a post in one of these, or only when a person asks for it. */
#define RIG_OVER                                                                                 \
	(1u << POST_PUBLISHED | 1u << POST_FAILED | 1u << POST_MISSED | 1u << POST_UNCONFIRMED | \
	 1u << POST_CANCELLED | 1u << POST_PAUSED)

/* A platform that is published to; rig_platforms.c has its persons and its waits, scaled down. */
struct rig_platform {
	const char *name, *settings; /* lines of its section that the program adds or replaces */
	bool is_unscaled;            /* no others */
};

struct rig {
	const struct rig_platform *platforms;
	int platforms_n;
	struct database database;
	char folder[64], config_path[128], plan_path[128], sandbox_url[64];
	pid_t sandbox;
	struct peer *media; /* serves the picture to the sandbox */
	struct config *config;
	char accounts[RIG_PLATFORMS * RIG_ACCOUNTS][ID_MAX]; /* platform after platform */
	char media_id[ID_MAX];
};

/* Exits with 77, aloud, when a needed program is not built or installed. */
void rig_start(struct rig *r); /* Instagram */
void rig_start_with(struct rig *r, const struct rig_platform *platform);
void rig_start_all(struct rig *r, const struct rig_platform *platforms, int n);
void rig_stop(struct rig *r);

/* A setting in place of the rig's own; section NULL ends a list of them. */
struct rig_setting {
	const char *section, *name, *value;
};
#define RIG_SETTINGS(...) ((const struct rig_setting[]){ __VA_ARGS__, { NULL, NULL, NULL } })
/* Writes the configuration `from` with these to `to`, which may be the same file. */
void rig_vary(const char *from, const char *to, const struct rig_setting *rows);
/* For this rig from now on; whatever runs already keeps what it has read. */
void rig_settings(struct rig *r, const struct rig_setting *rows);
/* Empties posts, contents and the sandbox's objects and faults. */
void rig_reset(struct rig *r);

/* An approved content with one picture, due so long from now; the post's id. */
void rig_post(struct rig *r, int account, const char *caption, int64_t due_ms,
	      char ret[static ID_MAX]);

/* The same with media of its own; overrides: JSON for this platform, or NULL. */
struct rig_content {
	enum content_kind kind;
	const char *caption, *title, *overrides;
	const char *media[4]; /* ids; up to the first NULL */
};
void rig_post_content(struct rig *r, int account, const struct rig_content *in, int64_t due_ms,
		      char ret[static ID_MAX]);
/* The same with any content; who made it and its approval are the rig's. */
struct content_patch;
void rig_post_patch(struct rig *r, int account, const struct content_patch *content, int64_t due_ms,
		    char ret[static ID_MAX]);
/* What ffmpeg's source of that name shows, as a video for *.mp4, else as one picture. */
void rig_draw(const char *source, const char *path);
/* Takes a file over into the media of the workspace. */
void rig_media(struct rig *r, const char *path, const struct media_item *item,
	       char ret[static ID_MAX]);

/* A runner has told the database so many times more that it is alive. */
void rig_wait_beats(struct rig *r, int n);
/* Starts the runner; plan: lines of the failpoint file, or NULL. */
pid_t rig_runner(struct rig *r, const char *plan, const char *option);
/* Waits for it: its exit status, or -signal. Fails the case after timeout_ms. */
int rig_wait(pid_t pid, int timeout_ms);
/* --once with that plan, waited for. */
int rig_once(struct rig *r, const char *plan);
/* Runs --once until the post is in one of the states (bits) or the time is over. */
enum post_state rig_until(struct rig *r, const char *id, unsigned states, int timeout_ms);

/* Runs --once until the post is over, or in that state: fails the case if it is not that one. */
void rig_expect(struct rig *r, const char *id, enum post_state wanted, int timeout_ms);
/* The code of the post's error; "none": it has none. */
void rig_expect_error(struct rig *r, const char *id, const char *code);

enum post_state rig_state(struct rig *r, const char *id);
/* One number of the database. */
int64_t rig_number(struct rig *r, const char *sql);
int64_t rig_numberf(struct rig *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int64_t rig_post_number(struct rig *r, const char *id, const char *expression);
char *rig_text(struct rig *r, const char *sql); /* caller frees; NULL: no row or NULL */
char *rig_post_text(struct rig *r, const char *id, const char *column);
char *rig_media_sha(struct rig *r, const char *id); /* hexadecimal */
/* Objects with that caption that really exist on the platform. */
int rig_effects(struct rig *r, const char *caption);
json_t *rig_objects(struct rig *r, const char *caption); /* {"objects": [...]}; caller frees */
/* A member of the first of them, as it is or as JSON text. */
const char *rig_object_text(struct rig *r, const char *caption, const char *name, char *ret,
			    size_t size);
/* Each line of the sandbox's truth log: as JSON, and as it stands there. */
typedef void rig_truth_fn(void *arg, const json_t *entry, const char *line);
void rig_truth_each(const struct rig *r, rig_truth_fn *take, void *arg);
int rig_truth(const struct rig *r, const char *one, const char *two); /* lines with both */
/* Calls of an endpoint of the first platform that reached the sandbox. */
int rig_calls(struct rig *r, const char *endpoint);
void rig_fault(struct rig *r, const char *json);
/* How a text of the first account ends whose call meets the fault of rows[i] once. */
struct rig_fault_row {
	const char *point, *endpoint;
	enum post_state state;
	int effects, attempts; /* attempts 0: does not matter */
	const char *error;     /* NULL: none */
};
void rig_expect_fault(struct rig *r, const char *platform, const struct rig_fault_row *rows, int i,
		      int patience_ms);
void rig_sandbox(struct rig *r, const char *path, const char *json);
/* No counts a day, no audits, a board each; after every rig_reset() that is to have them. */
void rig_open_doors(struct rig *r);
/* Nobody can connect to any platform for so long: refused, as where nothing listens. */
void rig_shut_door(struct rig *r, int ms);
json_t *rig_control(struct rig *r, const char *path,
		    const char *json);            /* json NULL: GET; caller frees */
void rig_need(int done, const struct problem *p); /* ends the program aloud unless 0 */
void rig_sleep_ms(int ms);
bool rig_has_failpoints(void);
/* As a process that publishes for one request has it: keys, database and net of its own. */
void rig_app(struct rig *r, struct app *ret);
void rig_app_done(struct app *app);
void rig_connect(struct rig *r, struct app *app); /* of rig_start(): connects the accounts */
void rig_connect_again(struct rig *r);            /* as their people do */
/* The account's tokens are due to be renewed. */
void rig_renew(struct rig *r, const char *account_id);
/* Further persons of the nth platform, one consent each. */
void rig_connect_users(struct rig *r, struct app *app, int platform, const char *const *users,
		       int n, char (*ret_ids)[ID_MAX]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform - what one platform is; adapters are tables and pure step functions, they do no I/O
 *
 * To add a platform: write src/platform/<name>.c ending in `const struct platform platform_<name>`
 * (its rows of settings: `const struct setting platform_<name>_settings[]`); add its row to
 * platforms.h; write src/sandbox/<name>.c and tests/publish/<name>_test.c; list the files in the
 * two files.am. Nothing else changes.
 *
 * Layer platform. Every step function is called with last == NULL first; it then either builds the
 * next request (STEP_SEND: ret->request and its phase), asks to be called again with last == NULL
 * after ret->wait_us (STEP_WAIT), or reports ret->outcome (STEP_DONE). What must survive a crash is
 * put into `memo` (a JSON object; the engine stores it after each step and hands it back later,
 * perhaps to another process). All texts of a step live in ->arena, which ends with the next step.
 * Replies that did not arrive whole (last->transfer != TRANSFER_REPLIED) are passed in too, except
 * for a fire, where the engine decides alone: NOT_SENT is proof of no effect, BROKEN is doubt.
 * ->fire may send what can be repeated before the one irreversible call, by another phase.
 */
#ifndef CARILLON_PLATFORM_PLATFORM_H
#define CARILLON_PLATFORM_PLATFORM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/problem.h"
#include "domain/account.h"
#include "domain/content.h"
#include "domain/delivery.h"
#include "domain/engagement.h"
#include "domain/outcome.h"
#include "net/message.h"
#include "net/oauth2.h"
#include "platform/platforms.h"

struct platform;
struct platform_secret;
struct media_rule;

/* The operator's settings for one platform and mode; section is e.g. "instagram" or "instagram.test". */
struct platform_app {
	const struct config *config;
	const struct platform *platform;
	const char *section;
	const char *redirect_uri; /* public_url + /api/v1/integrations/<id>/callback */
	bool livemode;
	struct platform_secret *secret; /* NULL: out of reach here, see platform_app_plain() */
};

/*
 * A test app never reaches the live platform: an address (a setting *_base) that still has its
 * default there reads as "".
 */
const char *platform_text(const struct platform_app *app, const char *setting);
int64_t platform_int(const struct platform_app *app, const char *setting);
/* Text of the setting client_secret_file, read at the first call; "" none, or out of reach. */
const char *platform_secret(const struct platform_app *app);
/* PROBLEM_NOT_CONFIGURED naming the setting: no client_id, no secret, no sandbox_base of a test app. */
int platform_app_check(const struct platform_app *app, struct problem *reterr);
/*
 * What a request of an adapter goes through before it is sent. Of one to a host that a person named
 * (is_to_users_host) the address policy judges where it leads; but a test app reaches the operator's
 * setting sandbox_base, and no other place.
 */
void platform_app_aim(const struct platform_app *app, struct http_request *r);

struct platform_account {
	const char *id, *remote_id, *username, *display_name, *scopes;
	int64_t expires_us;     /* INSTANT_NONE: no date */
	const json_t *meta;     /* what connect stored, e.g. page id; may be NULL */
	const json_t *settings; /* the workspace's choices, e.g. default board; may be NULL */
	const char *access_token, *user_token; /* opened; NULL where the platform has none */
};

/* meta and settings of the row are read into the arena; the tokens stay to be filled in. */
void platform_account_of(struct arena *a, const struct account *row, struct platform_account *ret);

enum step { STEP_SEND, STEP_WAIT, STEP_DONE };

struct step_result {
	struct http_request *request; /* STEP_SEND */
	enum phase phase;             /* STEP_SEND: PHASE_FIRE marks the one irreversible call */
	int64_t wait_us;              /* STEP_WAIT */
	struct outcome outcome;       /* STEP_DONE */
};

struct delivery {
	struct arena *arena;
	const struct platform_app *app;
	const struct platform_account *account;
	const struct publication *post; /* snapshot: what is published, media with path and url */
	json_t *memo;                   /* object; changed in place */
	int64_t now_us, due_us;         /* database clock */
	int64_t fired_us; /* permit time of the attempt in doubt (recover), else INSTANT_NONE */
	const char *post_id;
	size_t part; /* so many parts are live: the index of the one to send or look for */
	const char *before_id; /* what the part before became there; NULL: first, or not known */
	/* Is this remote object already bound to another post of ours? (recover: such a match is none) */
	bool (*is_taken)(void *arg, const char *remote_id);
	/* Does another post of ours with this text wait to learn which remote object is its own? */
	bool (*has_twin)(void *arg);
	void *is_taken_arg; /* of both; either may be NULL: none */
};

/* One thing that preflight has to say. */
struct finding {
	bool is_warning;
	char pointer[64]; /* "caption", "media/0", "account", ... */
	char code[48];
	char detail[256];
};
struct findings {
	size_t n;
	struct finding v[32];
};
void findings_add(struct findings *f, bool is_warning, const char *pointer, const char *code,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* How often something may be done: {"posts", 50, 2, 86400} is 2 of 50 posts in 24 hours. */
struct cap {
	const char *what;
	int64_t most, used, window_s; /* used -1: not known */
};

/* What only the platform can tell before a post: caps left, what the account may do now. */
struct inspection {
	struct arena *arena; /* lives for the whole dialogue, and behind it */
	const struct platform_app *app;
	const struct platform_account *account;
	const struct publication *post;
	int64_t now_us, posted_today; /* posted: what we ourselves published in the last 24 hours */
	json_t *memo;
	struct findings *findings; /* added to */
	struct cap caps[4];
	size_t caps_n;
	json_t *facts; /* object: what the account may choose from; shown as it is */
};
void inspection_cap(struct inspection *i, const struct cap *cap);
/*
 * A cap by our own count against the setting posts_per_day (0: none). Others may post beside us,
 * and what platforms allow varies: reaching it is a warning.
 */
void inspection_count(struct inspection *i);
/* As the steps of a delivery see the post; nothing of it is due or fired. */
struct delivery inspection_delivery(const struct inspection *i);

struct connect_token {
	const char *kind, *value; /* kind: access, refresh, user */
	int64_t expires_us;       /* INSTANT_NONE: no date */
};
struct connect_account {
	const char *remote_id, *username, *display_name, *avatar_url;
	const char *scopes, *missing_scopes; /* space separated */
	int64_t expires_us;
	json_t *meta;
	struct connect_token tokens[3];
	size_t tokens_n;
};

/*
 * What comes before the person's browser leaves, where accounts live on servers that people name:
 * the server is found, this instance registered, the question handed in. Lives for one request.
 */
struct connect_start {
	struct arena *arena;
	const struct platform_app *app;
	const char *server_text;       /* as the person wrote it */
	const char *server;            /* ->server of it; NULL where the platform has none */
	const char *state, *challenge; /* challenge NULL: ->pkce is NONE */
	bool is_again;                 /* ask for declined scopes anew */
	int64_t now_us;
	const json_t
		*client; /* what was left in `registered` at this server before; NULL: nothing */
	json_t *memo;
	json_t *kept; /* object, for struct connect; sealed with the flow, gone when it ends */
	/* On STEP_DONE with OUTCOME_PUBLISHED: */
	const char *url; /* where the browser goes */
	json_t *registered; /* new reference, of what is to be stored for `server`; NULL: nothing new */
};

/* A connect flow within the callback: code exchange, scope check, identity. */
struct connect {
	struct arena *arena; /* lives for the whole flow */
	const struct platform_app *app;
	const char *code, *verifier, *granted; /* granted: scopes the callback named, or NULL */
	const char *issuer;                    /* that the callback named, or NULL */
	const json_t *kept;                    /* what ->start left; NULL: there was none */
	/* For ->sign_in, in place of all these: */
	const char *identifier, *password;
	const char *server_text; /* as the person wrote it; NULL: not given */
	int64_t now_us;
	json_t *memo;
	const struct connect_account *accounts; /* on STEP_DONE with OUTCOME_PUBLISHED */
	size_t accounts_n;
};

/* Renewal of one account's tokens. On success `tokens` holds what to store, by kind. */
struct renewal {
	struct arena *arena;
	const struct platform_app *app;
	const struct platform_account *account;
	const char *refresh_token;
	int64_t now_us, issued_us;
	json_t *memo;
	struct connect_token tokens[3];
	size_t tokens_n;
};

/* Places within an account that a post goes to; Pinterest calls them boards. */
struct platform_board {
	const char *id, *name, *privacy;
};
struct board_list {
	struct arena *arena; /* lives for the whole dialogue */
	const struct platform_app *app;
	const struct platform_account *account;
	const char *board_id; /* only this one (ABSENT: there is none); NULL: all */
	int64_t now_us;
	json_t *memo;
	const struct platform_board *boards; /* on STEP_DONE with OUTCOME_PUBLISHED */
	size_t boards_n;
};

/* How published posts of one account were received. */
enum results_state {
	RESULTS_UNTOLD, /* nothing was said of it this time */
	RESULTS_TOLD,
	RESULTS_GONE /* nothing will ever be: not there any more, or never counted */
};
struct results_post {
	const char *remote_id;
	enum results_state state;
	struct engagement_counts counts; /* TOLD; -1: not told */
};
/* On STEP_DONE with OUTCOME_PUBLISHED the states are filled; else nothing is known of any post. */
struct results_reading {
	struct arena *arena; /* lives for the whole dialogue */
	const struct platform_app *app;
	const struct platform_account *account;
	int64_t now_us;
	json_t *memo;
	struct results_post *posts; /* begin UNTOLD; up to platform_results.most */
	size_t posts_n;
};

struct platform_results {
	size_t most;        /* posts that one reading takes, at least 1 */
	const char *scopes; /* without these nothing is asked, space separated; NULL: any will do */
	/* Setting: ages of a post, in hours, at which it is read. NULL: see results.h. */
	const char *ages_h;
	/* Reads only. REFUSED and not to be repeated: that post is not asked for again. */
	enum step (*read)(struct results_reading *r, const struct http_reply *last,
			  struct step_result *ret);
};

struct platform_limits {
	int caption_max;
	int media_min, media_max; /* of a carousel */
	unsigned kinds;           /* bit (1 << enum content_kind) */
};

/* How many irreversible calls a platform allows, counted over all runners. */
struct platform_budget {
	const char *name; /* in SQL, never renamed */
	bool is_app;      /* over all accounts of the operator's app */
	int64_t window_s;
	const char *setting; /* how many; 0 or NULL: not counted, only told by headers */
	/* Of the reply to a fire; NULL: it does not say. Reset: unix seconds, or seconds to go. */
	const char *left_header, *reset_header;
	bool is_reset_instant;
};

struct platform {
	const char *id, *title;         /* id is stored in SQL and never renamed */
	const struct setting *settings; /* operator's rows; also every base URL and limit */
	struct platform_limits limits;
	enum pkce pkce;
	const char *default_scopes;
	const struct media_rule *media;        /* files it takes, see platform/fit.h; NULL: any */
	const struct platform_budget *budgets; /* up to one without a name; NULL: none known */
	const char *probe_base;  /* setting of the address that is read to see whether it answers */
	bool needs_public_media; /* the platform pulls some media from our URLs */
	/* Setting: so far apart are two fires of an account, even on time. NULL: no matter. */
	const char *fire_gap_ms;
	/* Browser address of the consent page, NULL: not set. is_again: ask for declined scopes anew. */
	const char *(*auth_url)(struct arena *a, const struct platform_app *app, const char *state,
				const char *challenge, bool is_again);
	/*
	 * Where people name servers (platforms.h): NULL, or the server's address "https://host" that a
	 * text stands for; NULL with a sentence about the text: none.
	 */
	const char *(*server)(struct arena *a, const struct platform_app *app, const char *text,
			      const char **ret_why);
	/*
	 * Where login servers know clients by the address of a document (platforms.h): the document,
	 * public, from settings alone. New reference.
	 */
	json_t *(*client_document)(struct arena *a, const struct platform_app *app);
	/*
	 * NULL: ->auth_url says it all. Else the dialogue before the browser leaves, ->auth_url is
	 * not asked. DONE: PUBLISHED = url and kept filled; REFUSED of WHO_YOU: the text is wrong.
	 */
	enum step (*start)(struct connect_start *s, const struct http_reply *last,
			   struct step_result *ret);
	/* By password, where platforms.h says so; ends as ->connect does. */
	enum step (*sign_in)(struct connect *c, const struct http_reply *last,
			     struct step_result *ret);
	/* DONE outcomes: PUBLISHED = accounts filled; REFUSED/REAUTH/DEFER with error = failed connect. */
	enum step (*connect)(struct connect *c, const struct http_reply *last,
			     struct step_result *ret);
	/* NULL: tokens cannot be renewed. DONE: PUBLISHED = tokens filled, REAUTH, DEFER. */
	enum step (*renew)(struct renewal *r, const struct http_reply *last,
			   struct step_result *ret);
	/* When to renew next, from issue and expiry; INSTANT_NONE: never. */
	int64_t (*renew_at)(const struct platform_app *app, int64_t issued_us, int64_t expires_us);
	/* NULL: the platform has no revocation. Uses arena/app/account/memo of a renewal. */
	enum step (*revoke)(struct renewal *r, const struct http_reply *last,
			    struct step_result *ret);
	/* NULL: accounts have no boards. Reads only. */
	enum step (*boards)(struct board_list *l, const struct http_reply *last,
			    struct step_result *ret);
	/* NULL: nothing beyond ->check. Reads only; DONE: PUBLISHED, or why it could not be told. */
	enum step (*inspect)(struct inspection *i, const struct http_reply *last,
			     struct step_result *ret);
	/* Everything that can be said without I/O about this post on this account. */
	void (*check)(const struct platform_app *app, const struct platform_account *account,
		      const struct publication *post, struct findings *ret);
	enum step (*stage)(struct delivery *d, const struct http_reply *last,
			   struct step_result *ret);
	enum step (*fire)(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret);
	enum step (*confirm)(struct delivery *d, const struct http_reply *last,
			     struct step_result *ret);
	/* Doubt: reads only. DONE: PUBLISHED, ACCEPTED, ABSENT (covered), RESTAGE, UNKNOWN. */
	enum step (*recover)(struct delivery *d, const struct http_reply *last,
			     struct step_result *ret);
	/*
	 * NULL: a post is one object. Else how many objects it becomes, each fired by a permit of its
	 * own, in order; *ret (if not NULL) is part i, borrowed from post, options the whole post's.
	 * stage readies all parts; fire, confirm and recover are about delivery.part alone.
	 */
	size_t (*part)(const struct publication *post, size_t i, struct publication *ret);
	const struct platform_results *results; /* NULL: the platform tells nothing of a post */
	/* Text as a reader would find it, for fingerprints and matching (rewrites undone). */
	const char *(*canonical_text)(struct arena *a, const char *text);
};

/* registry.c: built from platforms.h */
const struct platform *platform_find(const char *id); /* NULL unknown */
/* The query parameter of its auth-url that names the person's server; NULL: it has none. */
const char *platform_server_param(const struct platform *p);
const struct platform *const *platform_all(size_t *ret_n);
/*
 * With the secret within reach: its file is opened by the first platform_secret() or
 * platform_app_check(), and the copy wiped when the arena ends.
 */
void platform_app_init(struct platform_app *ret, struct arena *a, const struct config *cfg,
		       const struct platform *p, bool livemode);
/* Settings alone, enough for ->check: there is no way from it to the secret. */
void platform_app_plain(struct platform_app *ret, struct arena *a, const struct config *cfg,
			const struct platform *p, bool livemode);
const struct setting_group *platform_setting_groups(size_t *ret_n); /* for config_load() */

#endif

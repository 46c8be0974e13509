/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin - the parts of the Pinterest sandbox among themselves
 * Layer sandbox, private to pinterest.c and pin_*.c. Functions that return NULL or false have
 * written Pinterest's error object. Source: Pinterest's OpenAPI description of API v5 and its
 * developer documentation, read November 2026.
 */
#ifndef CARILLON_SANDBOX_PIN_H
#define CARILLON_SANDBOX_PIN_H

#include "sandbox/exchange.h"
#include "sandbox/faults.h"
#include "sandbox/params.h"
#include "sandbox/world.h"

#define PIN_REALM "pinterest"

enum pin_token_kind { PIN_TOKEN_ACCESS, PIN_TOKEN_REFRESH };

enum pin_category { PIN_READ, PIN_WRITE, PIN_CATEGORIES };

struct pin_section {
	const char *id, *name;
};

struct pin_board {
	struct record record; /* stored if the API made it */
	const char *id, *name, *privacy;
	struct account *account;
	struct list sections; /* struct pin_section */
	bool is_ads_only;
	int64_t created_us;
};

struct pin_media { /* a registered upload */
	struct record record;
	const char *id, *path, *fields;
	struct account *account;
	json_t *params;           /* the form fields that were handed out; ends with the world */
	int64_t made_us, sent_us; /* sent_us INSTANT_NONE: no bytes yet */
	const char *stuck;        /* state in which it stays; NULL: none */
	bool is_video, has_failed, is_used;
	struct media_fact fact;
};

struct pin_window { /* calls of an account in one category */
	int64_t since_us, n;
};

struct pin_account { /* account.extra */
	const char *business_name, *type;
	struct list boards;
	struct pin_window windows[PIN_CATEGORIES];
};

struct pin_extra { /* object.extra */
	struct pin_board *board;
	const struct pin_section *section; /* NULL: none */
	const char *title, *description, *link, *alt_text, *parent;
	const char *media_type;
};

struct pin_state { /* world.extra */
	struct map boards, media;
	struct list media_list;
};

/* pinterest.c */
struct pin_state *sandbox_pin_state(struct world *w);
bool sandbox_pin_fail(struct exchange *ex, int status, int code, const char *message);
void sandbox_pin_zoneless(int64_t us, char *ret, size_t size); /* 2026-11-21T10:00:03 */

/* pin_auth.c: token, tier, rate and scopes (a NULL-terminated list); NULL with the error written */
struct account *sandbox_pin_account(struct exchange *ex, enum pin_category category,
				    const char *const *scopes);
extern const char *const sandbox_pin_scopes_boards[];
extern const char *const sandbox_pin_scopes_read[];
extern const char *const sandbox_pin_scopes_pins[];
extern const char *const sandbox_pin_scopes_media[];
extern const char *const sandbox_pin_scopes_user[];
extern const char *const sandbox_pin_scopes_board_write[];

/* pin_boards.c */
void sandbox_pin_open(struct world *w);
struct pin_board *sandbox_pin_board_add(struct world *w, struct account *a, const char *id,
					const char *name, const char *privacy);
bool sandbox_pin_seed(struct world *w, const json_t *in, const char **ret_why);
struct pin_board *sandbox_pin_board(struct exchange *ex, const struct account *a, const char *id);
const struct pin_section *sandbox_pin_section(struct exchange *ex, const struct pin_board *b,
					      const char *id);
struct pin_page {
	size_t from, size; /* the slice of the list that page_size and bookmark ask for */
};
bool sandbox_pin_page(struct exchange *ex, struct pin_page *ret);
void sandbox_pin_page_end(struct exchange *ex, const struct pin_page *p, size_t total,
			  json_t *items);

/* pin_image.c */
struct pin_image {
	unsigned width, height;
	const char *mime;
};
int sandbox_pin_image(const void *bytes, size_t n, struct pin_image *ret); /* -EBADMSG: none */
/* NULL: not plain base64. Lives in the arena. */
void *sandbox_pin_base64(struct arena *a, const char *text, size_t *ret_n);

/* pin_store.c */
extern const struct record_kind sandbox_pin_kinds[], *const sandbox_pin_board_kind;
void sandbox_pin_loaded(struct world *w);
void sandbox_pin_media_keep(struct world *w, struct pin_media *m); /* among those to be found */

/* pin_media.c */
const char *sandbox_pin_media_status(struct world *w, const struct pin_media *m);

/* pin_source.c: checks media_source and fills media, media_type, kind; false with the error written */
bool sandbox_pin_source(struct exchange *ex, struct object *o, const json_t *source);

/* Handlers */
void sandbox_pin_dialog(struct exchange *ex);
void sandbox_pin_token(struct exchange *ex);
void sandbox_pin_revoke(struct exchange *ex);
void sandbox_pin_user(struct exchange *ex);
void sandbox_pin_boards(struct exchange *ex);
void sandbox_pin_board_get(struct exchange *ex);
void sandbox_pin_board_create(struct exchange *ex);
void sandbox_pin_sections(struct exchange *ex);
void sandbox_pin_board_pins(struct exchange *ex);
void sandbox_pin_pins(struct exchange *ex);
void sandbox_pin_create(struct exchange *ex);
void sandbox_pin_get(struct exchange *ex);
void sandbox_pin_save(struct exchange *ex);
void sandbox_pin_delete(struct exchange *ex);
void sandbox_pin_web_page(struct exchange *ex);
void sandbox_pin_media_register(struct exchange *ex);
void sandbox_pin_media_get(struct exchange *ex);
void sandbox_pin_upload(struct exchange *ex);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ig - the parts of the Instagram sandbox among themselves
 * Layer sandbox, private to instagram.c and ig_*.c. Functions that return NULL or false have
 * written the Graph-shaped error. Source: Meta's Instagram Platform documentation (content
 * publishing, IG User, IG Container, error codes), v25.0, read November 2026.
 */
#ifndef CARILLON_SANDBOX_IG_H
#define CARILLON_SANDBOX_IG_H

#include "sandbox/exchange.h"
#include "sandbox/faults.h"
#include "sandbox/params.h"
#include "sandbox/world.h"

#define IG_REALM_FACEBOOK  "facebook"
#define IG_REALM_INSTAGRAM "instagram"

enum ig_token_kind {
	IG_TOKEN_USER_SHORT,
	IG_TOKEN_USER_LONG,
	IG_TOKEN_PAGE,
	IG_TOKEN_APP,
	IG_TOKEN_IG_SHORT,
	IG_TOKEN_IG_LONG,
};

enum ig_scope { IG_SCOPE_BASIC, IG_SCOPE_PUBLISH, IG_SCOPE_COMMENTS, IG_SCOPE_CONTENTS };

struct ig_page {
	const char *id, *name;
	struct list tasks;
	struct account *account;      /* NULL: no professional account linked */
	struct ig_business *business; /* NULL: a person's own */
	bool is_direct;               /* the person has a role on it, so /me/accounts lists it */
};

struct ig_business {
	const char *id, *name;
	struct list owned, client; /* struct ig_page */
};

struct ig_person {         /* person.extra, Facebook only */
	struct list pages; /* all that this person reaches */
	struct list businesses;
};

enum ig_kind { /* columns of the parameter matrix */
	       IG_IMAGE = 1,
	       IG_REEL = 2,
	       IG_CHILD_IMAGE = 4,
	       IG_CHILD_VIDEO = 8,
	       IG_CAROUSEL = 16,
	       IG_STORY_IMAGE = 32,
	       IG_STORY_VIDEO = 64,
};
#define IG_STORIES  (IG_STORY_IMAGE | IG_STORY_VIDEO)
#define IG_CHILDREN (IG_CHILD_IMAGE | IG_CHILD_VIDEO)
#define IG_IMAGES   (IG_IMAGE | IG_CHILD_IMAGE | IG_STORY_IMAGE)
#define IG_VIDEOS   (IG_REEL | IG_CHILD_VIDEO | IG_STORY_VIDEO)

struct ig_container {
	struct record record;
	const char *id;
	struct account *account;
	enum ig_kind kind;
	const char *caption, *options, *image_url, *video_url, *cover_url;
	struct list children;         /* struct ig_container */
	struct list media;            /* struct media_fact */
	int64_t created_us, ready_us; /* ready_us INSTANT_NONE: not fetched yet */
	int64_t thumb_ms;
	int error; /* subcode, once processed; 0 fine */
	bool is_stuck, is_resumable, fetch_fails;
	uint64_t file_size, received; /* resumable */
	const char *path;             /* resumable: where the bytes are */
	struct object *object;        /* published */
	unsigned commits;
};

struct ig_node {
	const struct ig_type *type;
	void *p;
};

struct ig_field {
	const char *name;
	json_t *(*get)(struct exchange *ex, const void *node,
		       const json_t *sub); /* NULL: left out */
	const struct ig_type *nested;      /* what its own fields are checked against; NULL: not */
};
struct ig_type {
	const char *name;
	const struct ig_field *fields; /* ends with name NULL */
	const char *fallback;          /* fields when none are asked for */
};

struct ig_state {         /* world.extra */
	struct map nodes; /* id -> struct ig_node */
	struct map pages; /* "page token of grant" -> struct token */
	struct list containers;
};

extern const struct ig_type sandbox_ig_person_type, sandbox_ig_page_type, sandbox_ig_business_type,
	sandbox_ig_user_type, sandbox_ig_container_type, sandbox_ig_media_type;

/* instagram.c */
struct ig_state *sandbox_ig_state(struct world *w);
bool sandbox_ig_fail(struct exchange *ex, int code, int subcode); /* always false */
bool sandbox_ig_fail_text(struct exchange *ex, int code, int subcode, const char *message);
int sandbox_ig_code_of(int subcode); /* 0: unknown */
void sandbox_ig_node_add(struct world *w, const char *id, const struct ig_type *type, void *p);
struct ig_node *sandbox_ig_node(struct world *w, const char *id);

/* ig_auth.c */
struct token *sandbox_ig_auth(struct exchange *ex);
bool sandbox_ig_token_live(struct exchange *ex, const struct token *t);
bool sandbox_ig_is_ig_token(const struct token *t);
bool sandbox_ig_has_scope(const struct token *t, enum ig_scope scope);
bool sandbox_ig_granted(const struct token *t, const char *scope);
bool sandbox_ig_sees(struct world *w, const struct token *t, const struct account *a);
/* Token, scope and account of {id} in one: NULL with the error written. */
struct account *sandbox_ig_account(struct exchange *ex, const char *id, enum ig_scope scope,
				   struct token **ret_token);
const char *sandbox_ig_page_token(struct exchange *ex, const struct token *t,
				  const struct ig_page *page);

void sandbox_ig_page_token_keep(struct world *w, struct token *t, bool is_short);

/* ig_fields.c: NULL with the error written when a name is unknown */
json_t *sandbox_ig_fields(struct exchange *ex, const struct ig_type *type);
json_t *sandbox_ig_render(struct exchange *ex, const struct ig_type *type, const void *node,
			  const json_t *fields);
void sandbox_ig_answer_node(struct exchange *ex, const struct ig_type *type, const void *node);
void sandbox_ig_answer_list(struct exchange *ex, const struct ig_type *type,
			    const struct list *items);

/* ig_people.c */
void sandbox_ig_open(struct world *w);
bool sandbox_ig_seed(struct world *w, const json_t *in, const char **ret_why);
struct ig_page *sandbox_ig_page_of(struct world *w, const char *id);

/* ig_process.c */
const char *sandbox_ig_status(struct world *w, struct ig_container *c);
bool sandbox_ig_take_image(struct exchange *ex, struct ig_container *c);
void sandbox_ig_process_video(struct world *w, struct ig_container *c); /* starts a job */

/* ig_store.c */
extern const struct record_kind sandbox_ig_kinds[];
void sandbox_ig_loaded(struct world *w);

/* Handlers */
void sandbox_ig_dialog_facebook(struct exchange *ex);
void sandbox_ig_dialog_instagram(struct exchange *ex);
void sandbox_ig_token_facebook(struct exchange *ex);
void sandbox_ig_token_instagram(struct exchange *ex);
void sandbox_ig_exchange_instagram(struct exchange *ex);
void sandbox_ig_refresh_instagram(struct exchange *ex);
void sandbox_ig_debug_token(struct exchange *ex);
void sandbox_ig_me(struct exchange *ex);
void sandbox_ig_permissions(struct exchange *ex);
void sandbox_ig_permissions_delete(struct exchange *ex);
void sandbox_ig_accounts(struct exchange *ex);
void sandbox_ig_businesses(struct exchange *ex);
void sandbox_ig_owned_pages(struct exchange *ex);
void sandbox_ig_client_pages(struct exchange *ex);
void sandbox_ig_avatar(struct exchange *ex);
void sandbox_ig_node_get(struct exchange *ex);
void sandbox_ig_media_create(struct exchange *ex);
void sandbox_ig_media_list(struct exchange *ex);
void sandbox_ig_stories(struct exchange *ex);
void sandbox_ig_publish(struct exchange *ex);
void sandbox_ig_quota(struct exchange *ex);
void sandbox_ig_delete(struct exchange *ex);
void sandbox_ig_comment(struct exchange *ex);
void sandbox_ig_comments(struct exchange *ex);
void sandbox_ig_post_page(struct exchange *ex);
void sandbox_ig_upload(struct exchange *ex);

#endif

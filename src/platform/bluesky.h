/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bluesky - what the files of the Bluesky adapter share; pure
 * Layer platform. Posts are records of the account's repository, which lies at a Personal Data
 * Server (PDS); account.meta holds its address as {"server": "https://host"}. The remote id of an
 * account is its DID, that of a post its at:// URI.
 * Source: atproto.com "XRPC", "Record Key", "OAuth"; lexicons com.atproto.* and app.bsky.*
 * (2026-10); @atproto/pds 0.4.217.
 *
 * Memo of a delivery: "items" holds {blob, made} of each uploaded file, in the order of the media,
 * "thumb" the same of the link card's picture; "dids": handle -> DID, "" where there is none;
 * "reply" {root, parent} and "quote", each {uri, cid}; "tid" and "born": the record key and
 * createdAt, see bluesky_key.c; "out": {uri, cid} of each part that is live; "before": what an id
 * given by a person was looked up to be; "spoke": second of the last authorised answer; what
 * bluesky_nonce_wanted() notes; counters of tries, and the state of each script.
 */
#ifndef CARILLON_PLATFORM_BLUESKY_H
#define CARILLON_PLATFORM_BLUESKY_H

#include "platform/error_class.h"
#include "platform/platform.h"
#include "platform/script.h"

#define BLUESKY_POST "app.bsky.feed.post"
#define BLUESKY_AT   "overrides/bluesky/"

struct bluesky_error_row {
	int status;                 /* 0: any */
	const char *name;           /* "error" of the document; NULL any */
	const char *words;          /* in its message; NULL any */
	enum error_class elsewhere; /* when any call but the fire says so */
	enum error_class fire;
	enum post_error_code code;
	enum who who;
	const char *sentence;
};

/* A reply, read once whatever its shape. */
struct bluesky_reply {
	const json_t *json; /* NULL: not JSON; lives as long as the arena */
	bool is_ok, is_broken;
	bool is_xrpc; /* an error in XRPC's own shape: the server itself spoke, no proxy */
	int status;
	const char *name, *message;          /* of the error; "" and NULL: none */
	int64_t wait_s;                      /* until a limit lifts; 0: not said */
	const struct bluesky_error_row *row; /* NULL when is_ok */
};

void bluesky_read(const struct platform_app *app, struct arena *a, const struct http_reply *last,
		  int64_t now_us, struct bluesky_reply *ret);
const struct bluesky_error_row *bluesky_error_find(const struct bluesky_reply *r);
/* An outcome of that class. subject: what it is about ("Item 2 of 4"), or NULL. */
enum script_move bluesky_fail(struct arena *a, const struct bluesky_reply *r,
			      enum error_class class, const char *subject, struct step_result *ret);

/* {server of the account}/xrpc/{nsid}, authorised as the account. */
struct bluesky_call {
	struct arena *arena;
	const struct platform_account *account;
	json_t *memo; /* the nonce is in it */
	int64_t now_us;
};
struct http_request *bluesky_call(const struct bluesky_call *c, enum http_verb verb,
				  const char *label, const char *nsid);
/* The same without proof of who asks: what anybody may read. */
struct http_request *bluesky_ask(const struct bluesky_call *c, const char *label, const char *nsid);

/*
 * Bearer for the session of an app password (no user_token); for OAuth DPoP: the token, and a proof
 * signed with the key in user_token for this method and URL, with the server's nonce as the memo
 * has it. Call it once, before a query is added.
 */
void bluesky_authorise(struct http_request *r, const struct platform_account *account, json_t *memo,
		       int64_t now_us);
/* Notes the nonce that any reply may bring. True: 401 use_dpop_nonce, the same is to be asked again. */
bool bluesky_nonce_wanted(const struct http_reply *last, json_t *memo);
/* Both of a delivery's reply: its nonce noted, and read. True: ask the same again, a few times. */
bool bluesky_hear(const struct delivery *d, const struct http_reply *last,
		  struct bluesky_reply *ret);
struct bluesky_call bluesky_call_of(const struct delivery *d);
/* Whether that second, of the memo, lies less than span_s back. */
bool bluesky_is_recent(const struct delivery *d, int64_t at_s, int64_t span_s);

/* A thread: see platform/thread.h. What the part at hand is; media's first index among all. */
size_t bluesky_first(const struct delivery *d, const struct publication *part);
/* The part's text; a link without a card of its own goes below it. */
const char *bluesky_text(struct arena *a, const struct publication *part, size_t index);
/* The link that becomes a card: of the first part, when no media lie in the way. NULL none. */
const char *bluesky_card_link(const struct publication *part, size_t index);
/* A text option of overrides.bluesky; NULL: not given or empty. */
const char *bluesky_option(const struct publication *post, const char *name);

/* The memo's row of media i; i == media_n: the card's picture. Made when not there. Borrowed. */
json_t *bluesky_item(const struct delivery *d, size_t i);
/* Whether what the part at hand refers to is uploaded, and young enough to be there still. */
bool bluesky_items_live(const struct delivery *d, const struct publication *part);
/* The picture of the card, NULL none. */
const struct media_item *bluesky_thumb(const struct publication *post);

/* at://authority/app.bsky.feed.post/key, also read from https://bsky.app/profile/../post/..; */
struct bluesky_place {
	const char *repo, *key; /* repo: DID or handle */
};
bool bluesky_place_read(struct arena *a, const char *text, struct bluesky_place *ret);

/* Chosen before the first fire and never again; see bluesky_key.c. */
void bluesky_key_choose(const struct delivery *d);
const char *bluesky_key(const struct delivery *d);
const char *bluesky_uri(const struct delivery *d);
/* createdAt of the part, as text. */
const char *bluesky_born(const struct delivery *d);

/* The record of the part at hand: text, facets, embed, reply, langs, tags. New reference. */
json_t *bluesky_record(const struct delivery *d, const struct publication *part);
/* {uri, cid} of the part before, NULL: not known. */
const json_t *bluesky_before(const struct delivery *d);

/* What is live is noted for the parts to come; the outcome PUBLISHED. */
enum script_move bluesky_published(const struct delivery *d, const char *uri, const char *cid,
				   struct step_result *ret);

/* bluesky_login.c and its like */
enum step bluesky_connect(struct connect *c, const struct http_reply *last,
			  struct step_result *ret);
enum step bluesky_renew(struct renewal *r, const struct http_reply *last, struct step_result *ret);
enum step bluesky_revoke(struct renewal *r, const struct http_reply *last, struct step_result *ret);

enum step bluesky_inspect(struct inspection *i, const struct http_reply *last,
			  struct step_result *ret);
void bluesky_check(const struct platform_app *app, const struct platform_account *account,
		   const struct publication *post, struct findings *ret);
enum step bluesky_stage(struct delivery *d, const struct http_reply *last, struct step_result *ret);
enum step bluesky_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret);
enum step bluesky_recover(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret);
extern const struct platform_results bluesky_results;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bluesky_bench - the Bluesky adapter's dialogues about logging in, without a network
 * One bench a case: bluesky_setup() and bluesky_teardown() are its fixture.
 */
#ifndef CARILLON_TESTS_BLUESKY_BENCH_H
#define CARILLON_TESTS_BLUESKY_BENCH_H

#include "crypto/dpop.h"
#include "platform/bluesky_login.h"
#include "platform_bench.h"

#define DID      "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
#define OTHER    "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
#define HANDLE   "alice.acme.com"
#define PDS      "https://pds.acme.com"
#define ISSUER   "https://login.acme.com"
#define CLIENT   "https://pub.example/api/v1/integrations/bluesky/client-metadata.json"
#define CALLBACK "https://pub.example/api/v1/integrations/bluesky/callback"
#define RESOLVE  "GET https://public.api.bsky.app/xrpc/com.atproto.identity.resolveHandle?handle="
#define PLC      "GET https://plc.directory/" DID
#define PROFILE                                                                                 \
	"GET " PDS "/xrpc/com.atproto.repo.getRecord?repo=did%3Aplc%3Aewvi7nxzyoun6zhxrhs64oiz" \
	"&collection=app.bsky.actor.profile&rkey=self"
#define WHOAMI "GET " PDS "/xrpc/com.atproto.server.getSession"
#define DOCUMENT_OF(did, name, pds)                         \
	"{\"id\":\"" did "\",\"alsoKnownAs\":[\"at://" name \
	"\"],\"service\":[{\"id\":\"#atproto_pds\","        \
	"\"type\":\"AtprotoPersonalDataServer\",\"serviceEndpoint\":\"" pds "\"}]}"
#define DOCUMENT DOCUMENT_OF(DID, HANDLE, PDS)
#define FOUND    "{\"did\":\"" DID "\"}"
#define WANTED   "{\"error\":\"use_dpop_nonce\",\"error_description\":\"nonce\"}"
#define NONCE(n) "DPoP-Nonce: " n "\r\n"
#define TOKENS(sub)                                                                            \
	"{\"access_token\":\"A1\",\"token_type\":\"DPoP\",\"refresh_token\":\"R1\",\"scope\":" \
	"\"atproto transition:generic\",\"expires_in\":3600,\"sub\":\"" sub "\"}"
#define ME      "{\"did\":\"" DID "\",\"handle\":\"" HANDLE "\",\"active\":true}"
#define NO_PAGE "{\"error\":\"RecordNotFound\",\"message\":\"Could not locate record\"}"
#define LOOKUP                                       \
	{ RESOLVE HANDLE, 200, NULL, FOUND, false }, \
	{                                            \
		PLC, 200, NULL, DOCUMENT, false      \
	}

/* One call of a dialogue, and what comes back; is_users: it goes to a host that a person named. */
struct line {
	const char *sends;
	int status; /* 0: broken */
	const char *headers, *body;
	bool is_users;
};

extern struct bench bluesky;
extern struct connect_start bluesky_begin;
extern char bluesky_key_text[DPOP_KEY_MAX];

void bluesky_setup(void);
void bluesky_teardown(void);

/* The dialogues of the adapter, a step each. */
enum step bluesky_step_start(const struct http_reply *last);
enum step bluesky_step_connect(const struct http_reply *last);
enum step bluesky_step_sign_in(const struct http_reply *last);
enum step bluesky_step_renew(const struct http_reply *last);
enum step bluesky_step_revoke(const struct http_reply *last);

/* Goes through the lines, checks each call, and gives how the last answer was taken. */
enum step bluesky_walk(enum step (*next)(const struct http_reply *last), const struct line *lines,
		       size_t n);
#define WALK(next, lines) bluesky_walk(next, lines, ARRAY_LEN(lines))
/* "VERB url body" of the call at hand. */
const char *bluesky_sent(void);

#endif

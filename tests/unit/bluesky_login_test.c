/* SPDX-License-Identifier: Apache-2.0 */
/* Finding an account of the AT Protocol and becoming its client, without a network. */
#include <check.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "bluesky_bench.h"
#include "support/suite.h"

#define PUSH                                                                                   \
	"POST " ISSUER "/par client_id=https%3A%2F%2Fpub.example%2Fapi%2Fv1%2Fintegrations%2F" \
	"bluesky%2Fclient-metadata.json&redirect_uri=https%3A%2F%2Fpub.example%2Fapi%2Fv1%2F"  \
	"integrations%2Fbluesky%2Fcallback&response_type=code&scope=atproto%20transition%3A"   \
	"generic&state=STATE&code_challenge=CHALLENGE&code_challenge_method=S256&login_"       \
	"hint=" HANDLE
#define RESOURCE "{\"resource\":\"" PDS "\",\"authorization_servers\":[\"" ISSUER "\"]}"
#define SERVER_OF(issuer, more)                                                                    \
	"{\"issuer\":\"" issuer "\",\"authorization_endpoint\":\"" ISSUER "/authorize\","          \
	"\"token_endpoint\":\"" ISSUER "/token\",\"revocation_endpoint\":\"" ISSUER "/revoke\","   \
	"\"pushed_authorization_request_endpoint\":\"" ISSUER "/par\","                            \
	"\"require_pushed_authorization_requests\":true,"                                          \
	"\"authorization_response_iss_parameter_supported\":true,"                                 \
	"\"client_id_metadata_document_supported\":true,\"response_types_supported\":[\"code\"],"  \
	"\"grant_types_supported\":[\"authorization_code\",\"refresh_token\"],"                    \
	"\"token_endpoint_auth_methods_supported\":[\"none\"],\"scopes_supported\":[\"atproto\"]," \
	"\"dpop_signing_alg_values_supported\":[\"ES256\"]" more "}"
#define SERVER    SERVER_OF(ISSUER, ",\"code_challenge_methods_supported\":[\"S256\"]")
#define PUSHED    "{\"request_uri\":\"urn:ietf:params:oauth:request_uri:req-1\",\"expires_in\":299}"
#define CHALLENGE "WWW-Authenticate: DPoP error=\"use_dpop_nonce\"\r\n"

#define RESOURCE_CALL "GET " PDS "/.well-known/oauth-protected-resource"
#define SERVER_CALL   "GET " ISSUER "/.well-known/oauth-authorization-server"

START_TEST(start_finds_the_server_and_pushes_the_question)
{
	const struct line lines[] = {
		LOOKUP,
		{ RESOURCE_CALL, 200, NULL, RESOURCE, true },
		{ SERVER_CALL, 200, NULL, SERVER, true },
		{ PUSH, 400, NONCE("N1"), WANTED, true },
	};

	ck_assert_int_eq(WALK(bluesky_step_start, lines), STEP_SEND);
	ck_assert_str_eq(bluesky_sent(), PUSH);
	ck_assert_str_eq(bench_claim(&bluesky, "nonce"), "N1");
	ck_assert_str_eq(bench_claim(&bluesky, "htm"), "POST");
	ck_assert_str_eq(bench_claim(&bluesky, "htu"), ISSUER "/par");
	bench_ends(&bluesky,
		   bluesky_step_start(bench_reply_with(&bluesky, 201, NONCE("N2"), PUSHED)),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(bluesky_begin.url, ISSUER
			 "/authorize?client_id=https%3A%2F%2Fpub.example%2Fapi%2Fv1%2F"
			 "integrations%2Fbluesky%2Fclient-metadata.json&request_uri=urn%3Aietf%3A"
			 "params%3Aoauth%3Arequest_uri%3Areq-1");
	ck_assert_str_eq(memo_text(bluesky_begin.kept, "did"), DID);
	ck_assert_str_eq(memo_text(bluesky_begin.kept, "pds"), PDS);
	ck_assert_str_eq(memo_text(bluesky_begin.kept, "issuer"), ISSUER);
	ck_assert_str_eq(memo_text(bluesky_begin.kept, "dpop_nonce"), "N2");
	ck_assert_ptr_nonnull(strstr(memo_text(bluesky_begin.kept, "jwk"), "\"d\":"));
}
END_TEST

START_TEST(handle_is_confirmed_by_its_own_host_where_the_resolver_does_not_know_it)
{
	const struct line lines[] = {
		{ RESOLVE HANDLE, 400, NULL, "{\"error\":\"InvalidRequest\"}", false },
		{ "GET https://" HANDLE "/.well-known/atproto-did", 200, NULL, DID "\n", true },
		{ PLC, 200, NULL, DOCUMENT, false },
	};

	ck_assert_int_eq(WALK(bluesky_step_start, lines), STEP_SEND);
	ck_assert_str_eq(bluesky_sent(), RESOURCE_CALL);
}
END_TEST

START_TEST(nonce_that_is_never_enough_is_given_up)
{
	const struct line lines[] = {
		LOOKUP,
		{ RESOURCE_CALL, 200, NULL, RESOURCE, true },
		{ SERVER_CALL, 200, NULL, SERVER, true },
		{ PUSH, 400, NONCE("N1"), WANTED, true },
		{ PUSH, 400, NONCE("N2"), WANTED, true },
		{ PUSH, 400, NONCE("N3"), WANTED, true },
	};

	bench_ends(&bluesky, WALK(bluesky_step_start, lines), OUTCOME_REFUSED);
}
END_TEST

/* What each answer must be for the flow to go on, and what it was instead. */
static const struct {
	struct line lines[4];
	enum outcome_kind kind;
} bad_starts[] = {
	{ { { RESOLVE HANDLE, 400, NULL, "{}", false },
	    { "GET https://" HANDLE "/.well-known/atproto-did", 404, NULL, "", true } },
	  OUTCOME_REFUSED },
	{ { { RESOLVE HANDLE, 200, NULL, "{\"did\":\"did:bluesky_key_text:z6Mk\"}", false },
	    { "GET https://" HANDLE "/.well-known/atproto-did", 0, NULL, "", true } },
	  OUTCOME_REFUSED },
	{ { { RESOLVE HANDLE, 200, NULL, FOUND, false }, { PLC, 0, NULL, "", false } },
	  OUTCOME_DEFER },
	{ { { RESOLVE HANDLE, 200, NULL, FOUND, false },
	    { PLC, 200, NULL, DOCUMENT_OF(OTHER, HANDLE, PDS), false } },
	  OUTCOME_REFUSED },
	{ { { RESOLVE HANDLE, 200, NULL, FOUND, false },
	    { PLC, 200, NULL, DOCUMENT_OF(DID, "mallory.acme.com", PDS), false } },
	  OUTCOME_REFUSED },
	{ { { RESOLVE HANDLE, 200, NULL, FOUND, false },
	    { PLC, 200, NULL, DOCUMENT_OF(DID, HANDLE, "file:///etc"), false } },
	  OUTCOME_REFUSED },
	{ { { RESOLVE HANDLE, 200, NULL, FOUND, false },
	    { PLC, 200, NULL, DOCUMENT_OF(DID, HANDLE, "https://pds.acme.com/x?y"), false } },
	  OUTCOME_REFUSED },
	{ { LOOKUP,
	    { RESOURCE_CALL, 200, NULL,
	      "{\"resource\":\"https://other.acme.com\",\"authorization_servers\":[\"" ISSUER
	      "\"]}",
	      true } },
	  OUTCOME_REFUSED },
	{ { LOOKUP,
	    { RESOURCE_CALL, 200, NULL,
	      "{\"resource\":\"" PDS "\",\"authorization_servers\":[\"" ISSUER "\",\"" PDS "\"]}",
	      true } },
	  OUTCOME_REFUSED },
	{ { LOOKUP, { RESOURCE_CALL, 503, NULL, "<html>", true } }, OUTCOME_DEFER },
	{ { LOOKUP,
	    { RESOURCE_CALL, 200, NULL, RESOURCE, true },
	    { SERVER_CALL, 200, NULL,
	      SERVER_OF("https://evil.acme.com",
			",\"code_challenge_methods_supported\":[\"S256\"]"),
	      true } },
	  OUTCOME_REFUSED },
	{ { LOOKUP,
	    { RESOURCE_CALL, 200, NULL, RESOURCE, true },
	    { SERVER_CALL, 200, NULL,
	      SERVER_OF(ISSUER, ",\"code_challenge_methods_supported\":[\"plain\"]"), true } },
	  OUTCOME_REFUSED },
};

START_TEST(start_goes_no_further_than_what_is_proven)
{
	size_t n = 0;

	while (n < ARRAY_LEN(bad_starts[_i].lines) && bad_starts[_i].lines[n].sends)
		n++;
	bench_ends(&bluesky, bluesky_walk(bluesky_step_start, bad_starts[_i].lines, n),
		   bad_starts[_i].kind);
	ck_assert_ptr_null(bluesky_begin.url);
}
END_TEST

/* As start leaves it. */
static void kept_fill(void)
{
	bluesky.c.kept =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "did", DID, "handle",
			  HANDLE, "pds", PDS, "issuer", ISSUER, "token_endpoint", ISSUER "/token",
			  "revocation_endpoint", ISSUER "/revoke", "client_id", CLIENT,
			  "redirect_uri", CALLBACK, "jwk", bluesky_key_text);
	bluesky.c.issuer = ISSUER;
}

static void kept_drop(void)
{
	json_t *kept = (json_t *)(uintptr_t)bluesky.c.kept;

	bluesky.c.kept = NULL;
	json_decref(kept);
}

#define CODE                                                                                     \
	"POST " ISSUER "/token client_id=https%3A%2F%2Fpub.example%2Fapi%2Fv1%2Fintegrations%2F" \
	"bluesky%2Fclient-metadata.json&grant_type=authorization_code&code=CODE&redirect_uri="   \
	"https%3A%2F%2Fpub.example%2Fapi%2Fv1%2Fintegrations%2Fbluesky%2Fcallback&"              \
	"code_verifier=VERIFIER"
#define GIVE_BACK                                                                                 \
	"POST " ISSUER "/revoke client_id=https%3A%2F%2Fpub.example%2Fapi%2Fv1%2Fintegrations%2F" \
	"bluesky%2Fclient-metadata.json&token=A1"

START_TEST(code_becomes_an_account)
{
	const struct line lines[] = {
		{ CODE, 400, NONCE("N1"), WANTED, true },
		{ CODE, 200, NONCE("N2"), TOKENS(DID), true },
		{ WHOAMI, 401, NONCE("P1") CHALLENGE, WANTED, true },
	};
	const struct connect_account *found;

	kept_fill();
	ck_assert_int_eq(WALK(bluesky_step_connect, lines), STEP_SEND);
	ck_assert_str_eq(bluesky_sent(), WHOAMI);
	ck_assert_str_eq(bench_header(bluesky.result.request, "Authorization"), "DPoP A1");
	ck_assert_str_eq(bench_claim(&bluesky, "nonce"), "P1");
	ck_assert_str_ne(bench_claim(&bluesky, "ath"), "");
	ck_assert_int_eq(bluesky_step_connect(bench_reply(&bluesky, 200, ME)), STEP_SEND);
	ck_assert_str_eq(bluesky_sent(), PROFILE);
	bench_ends(&bluesky,
		   bluesky_step_connect(
			   bench_reply(&bluesky, 200,
				       "{\"value\":{\"displayName\":\"Alice\",\"avatar\":{\"ref\":"
				       "{\"$link\":\"bafkrei1\"}}}}")),
		   OUTCOME_PUBLISHED);
	found = bluesky.c.accounts;
	ck_assert_uint_eq(bluesky.c.accounts_n, 1);
	ck_assert_str_eq(found->remote_id, DID);
	ck_assert_str_eq(found->username, HANDLE);
	ck_assert_str_eq(found->display_name, "Alice");
	ck_assert_str_eq(found->avatar_url, PDS "/xrpc/com.atproto.sync.getBlob?did=did%3Aplc%3A"
						"ewvi7nxzyoun6zhxrhs64oiz&cid=bafkrei1");
	ck_assert_str_eq(found->missing_scopes, "");
	ck_assert_str_eq(memo_text(found->meta, "server"), PDS);
	ck_assert(json_is_true(json_object_get(found->meta, ACCOUNT_ENDS)));
	ck_assert_uint_eq(found->tokens_n, 3);
	ck_assert_str_eq(found->tokens[0].value, "A1");
	ck_assert_int_eq(found->tokens[0].expires_us, (BENCH_NOW_S + 3600) * US_PER_S);
	ck_assert_str_eq(found->tokens[1].value, "R1");
	ck_assert_int_eq(found->expires_us, (BENCH_NOW_S + 1209600) * US_PER_S);
	ck_assert_str_eq(found->tokens[2].kind, "user");
	ck_assert_str_eq(found->tokens[2].value, bluesky_key_text);
	kept_drop();
}
END_TEST

static const char *const wrong_issuers[] = { NULL, "", "https://evil.acme.com", ISSUER "/" };

START_TEST(code_of_another_issuer_goes_nowhere)
{
	kept_fill();
	bluesky.c.issuer = wrong_issuers[_i];
	bench_fails(&bluesky, bluesky_step_connect(NULL), OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED,
		    WHO_YOU);
	kept_drop();
}
END_TEST

START_TEST(callback_without_a_beginning_goes_nowhere)
{
	json_t *nothing = json_object();

	bluesky.c.issuer = ISSUER;
	bluesky.c.kept = nothing;
	bench_fails(&bluesky, bluesky_step_connect(NULL), OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED,
		    WHO_YOU);
	json_decref(nothing);
}
END_TEST

static const char *const foreign_tokens[] = {
	TOKENS(OTHER),
	"{\"access_token\":\"A1\",\"token_type\":\"DPoP\"}",
	"{\"access_token\":\"A1\",\"token_type\":\"Bearer\",\"sub\":\"" DID "\"}",
};

START_TEST(login_of_somebody_else_is_given_back)
{
	const struct line lines[] = {
		{ CODE, 200, NULL, foreign_tokens[_i], true },
		{ GIVE_BACK, 400, NONCE("N1"), WANTED, true },
		{ GIVE_BACK, 200, NULL, "{}", true },
	};

	kept_fill();
	bench_ends(&bluesky, WALK(bluesky_step_connect, lines), OUTCOME_REFUSED);
	ck_assert_uint_eq(bluesky.c.accounts_n, 0);
	kept_drop();
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum outcome_kind kind;
} whoamis[] = {
	{ 200, "{\"did\":\"" OTHER "\"}", OUTCOME_REFUSED },
	{ 200, "{\"did\":\"" DID "\",\"active\":false,\"status\":\"takendown\"}", OUTCOME_REFUSED },
	{ 401, "{\"error\":\"invalid_token\"}", OUTCOME_REFUSED },
	{ 502, "", OUTCOME_DEFER },
	{ 0, "", OUTCOME_DEFER },
};

START_TEST(server_that_does_not_confirm_the_login_connects_nobody)
{
	const struct line lines[] = {
		{ CODE, 200, NULL, TOKENS(DID), true },
		{ WHOAMI, whoamis[_i].status, NULL, whoamis[_i].body, true },
	};

	kept_fill();
	bench_ends(&bluesky, WALK(bluesky_step_connect, lines), whoamis[_i].kind);
	ck_assert_uint_eq(bluesky.c.accounts_n, 0);
	kept_drop();
}
END_TEST

static const struct {
	const char *text, *handle;
} handles[] = {
	{ "alice.bsky.social", "alice.bsky.social" },
	{ "\t@Alice.BSKY.social\n", "alice.bsky.social" },
	{ "a-bluesky.c1.test", "a-bluesky.c1.test" },
	{ "8.cn", "8.cn" },
	{ "", NULL },
	{ "alice", NULL },
	{ "alice.", NULL },
	{ ".alice.com", NULL },
	{ "alice..com", NULL },
	{ "-a.com", NULL },
	{ "a-.com", NULL },
	{ "a_b.com", NULL },
	{ "127.0.0.1", NULL },
	{ "a.local", NULL },
	{ "a.localhost", NULL },
	{ "a.com/x", NULL },
	{ "a.com:80", NULL },
	{ "a@bluesky.com", NULL },
	{ "two words.com", NULL },
};

START_TEST(handle_is_read_as_people_write_it)
{
	const char *is = bluesky_handle(bluesky.arena, handles[_i].text);

	ck_assert_msg((is == NULL) == (handles[_i].handle == NULL), "%s", handles[_i].text);
	if (is)
		ck_assert_str_eq(is, handles[_i].handle);
}
END_TEST

static const struct {
	const char *public_url, *id, *redirect_uri;
} clients[] = {
	{ "https://pub.example", CLIENT, CALLBACK },
	{ "https://localhost:8443",
	  "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%3A8443%2Fapi%2Fv1%2Fintegrations"
	  "%2Fbluesky%2Fcallback&scope=atproto%20transition%3Ageneric",
	  "http://127.0.0.1:8443/api/v1/integrations/bluesky/callback" },
	{ "http://127.0.0.1:8080",
	  "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Fapi%2Fv1%2Fintegrations"
	  "%2Fbluesky%2Fcallback&scope=atproto%20transition%3Ageneric",
	  "http://127.0.0.1:8080/api/v1/integrations/bluesky/callback" },
	{ "http://pub.example", NULL, NULL },
};

START_TEST(client_is_known_by_its_address)
{
	struct bluesky_client client;

	bluesky.config->server_public_url = clients[_i].public_url;
	ck_assert_int_eq(bluesky_client_of(bluesky.arena, &bluesky.app, &client),
			 clients[_i].id != NULL);
	if (!clients[_i].id)
		return;
	ck_assert_str_eq(client.id, clients[_i].id);
	ck_assert_str_eq(client.redirect_uri, clients[_i].redirect_uri);
}
END_TEST

/* A test account lives at the sandbox: no other address is asked, whatever a document says. */
START_TEST(test_app_knows_the_sandbox_alone)
{
	platform_app_init(&bluesky.app, bluesky.arena, bluesky.config, platform_find("bluesky"),
			  false);
	bench_ends(&bluesky, bluesky_step_start(NULL), OUTCOME_REFUSED);
	ck_assert(!bluesky_server_is_valid(&bluesky.app, PDS));
	ck_assert(!bluesky_address_is_valid(&bluesky.app, PDS "/x"));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ start_finds_the_server_and_pushes_the_question, 0 },
		{ handle_is_confirmed_by_its_own_host_where_the_resolver_does_not_know_it, 0 },
		{ nonce_that_is_never_enough_is_given_up, 0 },
		{ start_goes_no_further_than_what_is_proven, ARRAY_LEN(bad_starts) },
		{ code_becomes_an_account, 0 },
		{ code_of_another_issuer_goes_nowhere, ARRAY_LEN(wrong_issuers) },
		{ callback_without_a_beginning_goes_nowhere, 0 },
		{ login_of_somebody_else_is_given_back, ARRAY_LEN(foreign_tokens) },
		{ server_that_does_not_confirm_the_login_connects_nobody, ARRAY_LEN(whoamis) },
		{ handle_is_read_as_people_write_it, ARRAY_LEN(handles) },
		{ client_is_known_by_its_address, ARRAY_LEN(clients) },
		{ test_app_knows_the_sandbox_alone, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){ .name = "bluesky_login",
					     .setup = bluesky_setup,
					     .teardown = bluesky_teardown,
					     .cases = cases });
}

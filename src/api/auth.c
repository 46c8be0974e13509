/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/api.h"
#include "api/principal.h"
#include "api/ratelimit.h"
#include "api/record.h"
#include "base/config.h"
#include "crypto/digest.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "db/conn.h"
#include "store/sessions.h"
#include "store/users.h"
#include "store/workspaces.h"

#define WINDOW_S       900
#define SECRET_BYTES   32
#define PASSWORD_LEAST 10
#define PASSWORD_MOST  200

struct login_body {
	uint64_t present;
	const char *email, *password, *workspace_id;
};
struct refresh_body {
	uint64_t present;
	const char *refresh_token;
};
struct register_body {
	uint64_t present;
	const char *email, *password, *name, *workspace;
};

/* clang-format off */
static const struct field login_fields[] = {
	{ .name = "email",        .kind = FIELD_EMAIL, .offset = offsetof(struct login_body, email), .flags = FIELD_REQUIRED },
	{ .name = "password",     .kind = FIELD_TEXT,  .offset = offsetof(struct login_body, password), .flags = FIELD_REQUIRED, .most = PASSWORD_MOST },
	{ .name = "workspace_id", .kind = FIELD_ID,    .offset = offsetof(struct login_body, workspace_id), .sentence = "Absent: the workspace that the user joined first." },
	{ .name = NULL },
};
static const struct schema login_schema = { "Login", sizeof(struct login_body), login_fields };

static const struct field refresh_fields[] = {
	{ .name = "refresh_token", .kind = FIELD_TEXT, .offset = offsetof(struct refresh_body, refresh_token), .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = 200 },
	{ .name = NULL },
};
static const struct schema refresh_schema = { "Refresh", sizeof(struct refresh_body), refresh_fields };

static const struct field register_fields[] = {
	{ .name = "email",     .kind = FIELD_EMAIL, .offset = offsetof(struct register_body, email), .flags = FIELD_REQUIRED },
	{ .name = "password",  .kind = FIELD_TEXT,  .offset = offsetof(struct register_body, password), .flags = FIELD_REQUIRED, .least = PASSWORD_LEAST, .most = PASSWORD_MOST },
	{ .name = "name",      .kind = FIELD_TEXT,  .offset = offsetof(struct register_body, name), .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = 200 },
	{ .name = "workspace", .kind = FIELD_TEXT,  .offset = offsetof(struct register_body, workspace), .flags = FIELD_NONEMPTY, .most = 200, .sentence = "Name of the new workspace; absent: the user's name." },
	{ .name = NULL },
};
static const struct schema register_schema = { "Register", sizeof(struct register_body), register_fields };

static const struct field tokens_fields[] = {
	{ .name = "access_token",       .kind = FIELD_TEXT, .flags = FIELD_REQUIRED },
	{ .name = "token_type",         .kind = FIELD_TEXT, .flags = FIELD_REQUIRED, .sentence = "Bearer" },
	{ .name = "expires_in",         .kind = FIELD_INT,  .flags = FIELD_REQUIRED, .sentence = "Seconds." },
	{ .name = "refresh_token",      .kind = FIELD_TEXT, .flags = FIELD_REQUIRED, .sentence = "Good for one use." },
	{ .name = "refresh_expires_in", .kind = FIELD_INT,  .flags = FIELD_REQUIRED, .sentence = "Seconds." },
	{ .name = "user_id",            .kind = FIELD_ID,   .flags = FIELD_REQUIRED },
	{ .name = "workspace_id",       .kind = FIELD_ID,   .flags = FIELD_REQUIRED },
	{ .name = NULL },
};
static const struct schema tokens_schema = { "Tokens", 0, tokens_fields };

static const struct field me_workspace_fields[] = {
	{ .name = "id",   .kind = FIELD_ID,   .flags = FIELD_REQUIRED },
	{ .name = "name", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED },
	{ .name = NULL },
};
static const struct schema me_workspace_schema = { "CallerWorkspace", 0, me_workspace_fields };
static const struct field me_user_fields[] = {
	{ .name = "id",    .kind = FIELD_ID,    .flags = FIELD_REQUIRED },
	{ .name = "email", .kind = FIELD_EMAIL, .flags = FIELD_REQUIRED },
	{ .name = "name",  .kind = FIELD_TEXT,  .flags = FIELD_REQUIRED },
	{ .name = NULL },
};
static const struct schema me_user_schema = { "CallerUser", 0, me_user_fields };
static const char *const caller_kinds[] = { "user", "api_key", NULL };
static const char *const role_choices[] = { "viewer", "editor", "admin", "owner", NULL };
static const struct field me_fields[] = {
	{ .name = "kind",       .kind = FIELD_ENUM,   .flags = FIELD_REQUIRED, .choices = caller_kinds },
	{ .name = "workspace",  .kind = FIELD_OBJECT, .flags = FIELD_REQUIRED, .nested = &me_workspace_schema },
	{ .name = "user",       .kind = FIELD_OBJECT, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .nested = &me_user_schema },
	{ .name = "role",       .kind = FIELD_ENUM,   .flags = FIELD_REQUIRED | FIELD_NULLABLE, .choices = role_choices },
	{ .name = "api_key_id", .kind = FIELD_ID,     .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = "livemode",   .kind = FIELD_BOOL,   .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "null: a user's token sees test and live." },
	{ .name = "scopes",     .kind = FIELD_TEXTS,  .flags = FIELD_REQUIRED },
	{ .name = NULL },
};
static const struct schema me_schema = { "Caller", 0, me_fields };
/* clang-format on */

struct issued { /* a fresh pair of tokens, and what the store keeps of it */
	char access[3 + TOKEN_TEXT_MAX(SECRET_BYTES)], refresh[3 + TOKEN_TEXT_MAX(SECRET_BYTES)];
	struct session_tokens stored;
};

static void issue(const struct config *cfg, struct issued *ret)
{
	memcpy(ret->access, "at_", 3);
	random_token(ret->access + 3, SECRET_BYTES);
	memcpy(ret->refresh, "rt_", 3);
	random_token(ret->refresh + 3, SECRET_BYTES);
	digest_sha256(ret->access, strlen(ret->access), ret->stored.access_hash);
	digest_sha256(ret->refresh, strlen(ret->refresh), ret->stored.refresh_hash);
	ret->stored.access_life_s = cfg->session_access_life_s;
	ret->stored.refresh_life_s = cfg->session_refresh_life_s;
}

static void reply_tokens(struct reply *ret, const struct issued *tokens, const char *user,
			 const char *workspace)
{
	struct emit *e = &ret->emit;

	emit_open(e, NULL);
	emit_text(e, "access_token", tokens->access);
	emit_text(e, "token_type", "Bearer");
	emit_int(e, "expires_in", tokens->stored.access_life_s);
	emit_text(e, "refresh_token", tokens->refresh);
	emit_int(e, "refresh_expires_in", tokens->stored.refresh_life_s);
	emit_text(e, "user_id", user);
	emit_text(e, "workspace_id", workspace);
	emit_close(e);
}

/* Nobody has a principal yet: whose workspace it is shows within. */
static int record_user(const struct request *req, const char *workspace, const char *user,
		       const struct record *in, struct problem *reterr)
{
	struct record record = *in;

	record.workspace = workspace;
	record.actor_kind = "user";
	record.actor_id = user;
	return record_write(req, &record, reterr);
}

struct opening {
	struct request *req;
	const struct user_new *fresh; /* is made first, with a workspace; NULL: they exist */
	const char *name;             /* of that workspace */
	const char *user, *workspace;
	struct registered made;
	struct issued tokens;
	char session[ID_MAX];
};

static int open_and_record(struct db *db, void *arg, struct problem *reterr)
{
	struct opening *o = arg;
	const struct record record = { .outcome = RECORD_DONE,
				       .status = o->req->route->ok,
				       .subject_id = o->session };

	if (o->fresh) {
		if (store_users_register(db, o->fresh, o->name, &o->made, reterr) < 0)
			return -1;
		o->user = o->made.user_id;
		o->workspace = o->made.workspace;
	}
	if (store_sessions_create(db, o->workspace, o->user, &o->tokens.stored, o->session,
				  reterr) < 0)
		return -1;
	return record_user(o->req, o->workspace, o->user, &record, reterr);
}

static int open_session(struct opening *o, struct reply *ret, struct problem *reterr)
{
	issue(o->req->app->config, &o->tokens);
	if (db_transact(o->req->app->db, open_and_record, o, reterr) < 0)
		return -1;
	reply_tokens(ret, &o->tokens, o->user, o->workspace);
	return 0;
}

/*
 * What tries are counted by. The pair comes first: who is refused by it is counted by nothing else,
 * so one address alone can neither lock an e-mail address out everywhere nor its neighbours.
 */
enum { TRIES_OF_PAIR, TRIES_OF_ADDRESS, TRIES_OF_EMAIL, TRIES };

struct tally {
	const char *name;
	bool has_address, has_email;
	int factor; /* so many times the tries of the setting */
};

static const struct tally tallies[] = {
	[TRIES_OF_PAIR] = { "pair", true, true, 1 },
	[TRIES_OF_ADDRESS] = { "address", true, false, 10 }, /* it may stand for an office */
	[TRIES_OF_EMAIL] = { "email", false, true, 10 },
};

static void subject_of(const struct request *req, const char *email, const struct tally *t,
		       uint8_t ret[static SHA256_BYTES])
{
	char *text = arena_printf(req->arena, "%s|%s|%s", t->name,
				  t->has_address ? ratelimit_address(req) : "",
				  t->has_email ? email : "");
	char *c;

	for (c = text; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	digest_sha256(text, strlen(text), ret);
}

/* Whether or not there is such a user: an answer must not tell. */
static int throttle(struct request *req, const char *email, struct problem *reterr)
{
	uint8_t subject[SHA256_BYTES];
	struct login_tries tries;

	for (int i = 0; i < TRIES; i++) {
		subject_of(req, email, &tallies[i], subject);
		if (store_sessions_tried(req->app->db, subject, WINDOW_S, &tries, reterr) < 0)
			return -1;
		if (tries.n <= req->app->config->session_login_tries * tallies[i].factor)
			continue;
		problem_set(reterr, PROBLEM_RATE_LIMITED,
			    "Too many failed logins; wait and try again.");
		reterr->retry_after_s = tries.wait_s > 0 ? (int)tries.wait_s : 1;
		return -1;
	}
	return 0;
}

static int forgive(struct request *req, const char *email, struct problem *reterr)
{
	uint8_t subject[SHA256_BYTES];

	subject_of(req, email, &tallies[TRIES_OF_PAIR], subject);
	if (store_sessions_forgive(req->app->db, subject, reterr) < 0)
		return -1;
	for (int i = TRIES_OF_ADDRESS; i < TRIES; i++) {
		subject_of(req, email, &tallies[i], subject);
		if (store_sessions_untried(req->app->db, subject, reterr) < 0)
			return -1;
	}
	return 0;
}

/* 0 with the user, also when the password is the only thing that is wrong: *ret_ok tells. */
static int check_password(struct request *req, const struct login_body *in, struct user *ret,
			  bool *ret_ok, struct problem *reterr)
{
	char hash[PASSWORD_HASH_MAX];
	bool is_known = store_users_by_email(req->app->db, in->email, req->arena, ret, reterr) == 0;

	if (!is_known && reterr->kind != PROBLEM_NOT_FOUND)
		return -1;
	problem_clear(reterr);
	/* An unknown address costs the same time as a known one. */
	*ret_ok = password_verify(is_known ? ret->password_hash : NULL, in->password) && is_known;
	if (!*ret_ok || !password_needs_rehash(ret->password_hash))
		return 0;
	if (password_hash(in->password, hash) < 0)
		return 0;
	return store_users_set_password(req->app->db, ret->id, hash, reterr);
}

static int choose_workspace(struct request *req, const char *user, const char *wanted,
			    const char **ret, struct problem *reterr)
{
	struct member *members = NULL;
	size_t n = 0, i;

	if (store_users_workspaces(req->app->db, user, req->arena, &members, &n, reterr) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		if (wanted && strcmp(members[i].workspace, wanted) != 0)
			continue;
		*ret = members[i].workspace;
		return 0;
	}
	return problem_set(reterr, PROBLEM_NOT_FOUND, "%s",
			   wanted ? "There is no such workspace."
				  : "This user is in no workspace.");
}

static int login(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct login_body *in = req->in;
	const char *workspace = NULL;
	struct user user = { 0 };
	bool is_right = false;

	if (throttle(req, in->email, reterr) < 0 ||
	    check_password(req, in, &user, &is_right, reterr) < 0)
		return -1;
	if (!is_right)
		return problem_set(reterr, PROBLEM_LOGIN_FAILED,
				   "E-mail address or password is wrong.");
	if (forgive(req, in->email, reterr) < 0 ||
	    choose_workspace(req, user.id, in->workspace_id, &workspace, reterr) < 0)
		return -1;
	return open_session(
		&(struct opening){ .req = req, .user = user.id, .workspace = workspace }, ret,
		reterr);
}

struct trading { /* a refresh token for a new pair */
	struct request *req;
	uint8_t hash[SHA256_BYTES];
	struct session_rotated rotated;
	struct issued tokens;
	struct problem refusal; /* what it did is committed all the same */
};

static int trade(struct db *db, void *arg, struct problem *reterr)
{
	struct trading *t = arg;
	struct session_rotated *to = &t->rotated;
	struct record record = { .outcome = RECORD_DONE, .status = t->req->route->ok };
	int rc = store_sessions_rotate(db, t->hash, &t->tokens.stored,
				       t->req->app->config->session_refresh_grace_s, to, reterr);

	t->refusal.kind = PROBLEM_NONE;
	record.subject_id = to->id;
	if (rc < 0 && problem_row(reterr->kind)->status >= 500)
		return -1;
	if (rc < 0) {
		t->refusal = *reterr;
		problem_clear(reterr);
		record = (struct record){ .outcome = problem_row(t->refusal.kind)->code,
					  .status = problem_row(t->refusal.kind)->status };
	}
	return rc == 0 || to->is_reused
		       ? record_user(t->req, to->workspace, to->user_id, &record, reterr)
		       : 0;
}

static int refresh(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct refresh_body *in = req->in;
	struct trading t = { .req = req };

	digest_sha256(in->refresh_token, strlen(in->refresh_token), t.hash);
	issue(req->app->config, &t.tokens);
	if (db_transact(req->app->db, trade, &t, reterr) < 0)
		return -1;
	if (t.refusal.kind != PROBLEM_NONE) {
		*reterr = t.refusal;
		return -1;
	}
	reply_tokens(ret, &t.tokens, t.rotated.user_id, t.rotated.workspace);
	return 0;
}

static int logout(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct principal *p = req->principal;

	(void)ret;
	if (p->kind != PRINCIPAL_USER)
		return problem_set(reterr, PROBLEM_ROLE,
				   "An API key has no session; delete the key instead.");
	return store_sessions_revoke(req->app->db, p->workspace, p->session, reterr);
}

static void emit_scopes(struct emit *e, uint64_t scopes)
{
	int i;

	emit_open_array(e, "scopes");
	for (i = 0; i < SCOPES; i++) {
		if (scopes_have(scopes, (enum scope)i))
			emit_text(e, NULL, scope_name((enum scope)i));
	}
	emit_close_array(e);
}

static int emit_caller_user(struct request *req, struct emit *e, struct problem *reterr)
{
	const struct principal *p = req->principal;
	struct member member;

	if (p->kind == PRINCIPAL_KEY) {
		emit_null(e, "user");
		emit_null(e, "role");
		emit_text(e, "api_key_id", p->id);
		emit_bool(e, "livemode", p->mode == MODE_LIVE);
		return 0;
	}
	if (store_users_member(req->app->db, p->workspace, p->id, req->arena, &member, reterr) < 0)
		return -1;
	emit_open(e, "user");
	emit_text(e, "id", member.user_id);
	emit_text(e, "email", member.email);
	emit_text(e, "name", member.name);
	emit_close(e);
	emit_text(e, "role", role_name(member.role));
	emit_null(e, "api_key_id");
	emit_null(e, "livemode");
	return 0;
}

static int me(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct principal *p = req->principal;
	struct emit *e = &ret->emit;
	struct workspace workspace;

	if (store_workspaces_get(req->app->db, p->workspace, req->arena, &workspace, reterr) < 0)
		return -1;
	emit_open(e, NULL);
	emit_text(e, "kind", caller_kinds[p->kind]);
	emit_open(e, "workspace");
	emit_text(e, "id", workspace.id);
	emit_text(e, "name", workspace.name);
	emit_close(e);
	if (emit_caller_user(req, e, reterr) < 0)
		return -1;
	emit_scopes(e, p->scopes);
	emit_close(e);
	return 0;
}

static int sign_up(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct register_body *in = req->in;
	char hash[PASSWORD_HASH_MAX];
	const struct user_new fresh = { in->email, in->name, hash };
	struct opening opening = { .req = req,
				   .fresh = &fresh,
				   .name = in->workspace ? in->workspace : in->name };

	if (!req->app->config->server_registration_open)
		return problem_set(reterr, PROBLEM_CLOSED,
				   "Ask the operator for an account, or to open registration.");
	if (password_hash(in->password, hash) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "The password could not be hashed.");
	return open_session(&opening, ret, reterr);
}

/* clang-format off */
const struct route api_auth_routes[] = {
	{ HTTP_POST, "/api/v1/auth/register", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_AUTH, .body = &register_schema, .ok = 201, .reply = &tokens_schema, .handler = sign_up, .operation = "register", .summary = "Make a user and a workspace, where registration is open", .repeat = REPEAT_UNKEPT },
	{ HTTP_POST, "/api/v1/auth/login", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_AUTH, .body = &login_schema, .ok = 200, .reply = &tokens_schema, .handler = login, .operation = "login", .summary = "Trade e-mail address and password for tokens", .repeat = REPEAT_UNKEPT },
	{ HTTP_POST, "/api/v1/auth/refresh", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_AUTH, .body = &refresh_schema, .ok = 200, .reply = &tokens_schema, .handler = refresh, .operation = "refresh", .summary = "Trade a refresh token for a new pair; using an old one again ends the login", .repeat = REPEAT_UNKEPT },
	{ HTTP_POST, "/api/v1/auth/logout", .pool = POOL_API, .auth = AUTH_BEARER, .rate = RATE_WRITE, .ok = 204, .handler = logout, .operation = "logout", .summary = "End this login and every token of it" },
	{ HTTP_GET, "/api/v1/auth/me", .pool = POOL_API, .auth = AUTH_BEARER, .rate = RATE_READ, .ok = 200, .reply = &me_schema, .handler = me, .operation = "whoAmI", .summary = "Tell who is calling, and with which scopes" },
	{ .pattern = NULL },
};
/* clang-format on */

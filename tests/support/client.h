/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client - how the API tests talk to a running instance
 * The instance is found through the variables of `./carillon env`. A main() starts with
 * CLIENT_NEED("CARILLON_URL", ...): a missing one is said aloud and the program ends with 77.
 * With CARILLON_TEST_KEYED each POST and PATCH carries an Idempotency-Key that nobody has used: every
 * test must pass then, too, for a first request with a key is like one without.
 * Failures end the running check test. Answers are freed by answer_free() (CLEANUP works).
 */
#ifndef CARILLON_TESTS_CLIENT_H
#define CARILLON_TESTS_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define CLIENT_SKIP 77

/* 0, or CLIENT_SKIP after naming the first variable that is not set. */
int client_need(const char *const *names);
#define CLIENT_NEED(...) client_need((const char *const[]){ __VA_ARGS__, NULL })

const char *client_env(const char *name); /* fails the test when unset */
#define CLIENT_TOKEN    client_env("CARILLON_TOKEN")
#define CLIENT_KEY      client_env("CARILLON_API_KEY")
#define CLIENT_TEST_KEY client_env("CARILLON_TEST_KEY")

struct call {
	const char *method, *path;  /* path: from the root, "/api/v1/content?limit=2" */
	const char *token;          /* bearer; NULL: none */
	const void *body;           /* NULL: none */
	size_t body_n;              /* 0: strlen(body) */
	const char *content_type;   /* NULL: application/json when there is a body */
	const char *const *headers; /* further "Name: value" lines, NULL-terminated; or NULL */
	const char *base;           /* NULL: CARILLON_URL */
	long timeout_s;             /* 0: 60 */
};

struct answer {
	long status;
	char *headers; /* of the last response, as received */
	char *body;    /* NUL-terminated */
	size_t body_n;
	json_t *json; /* NULL unless the body is JSON */
	double seconds;
};

struct answer *client_send(const struct call *c);
/* The common case; body NULL: none. */
struct answer *client_call(const char *method, const char *path, const char *token,
			   const char *body);
/* body from a format */
struct answer *client_callf(const char *method, const char *path, const char *token,
			    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void answer_free(struct answer *a);
DEFINE_CLEANUP(struct answer *, answer_free);

const char *answer_header(const struct answer *a,
			  const char *name); /* NULL absent; static buffer */

/* Members by dotted path, arrays by number: "posts.0.id". at: NULL absent; the others fail then. */
json_t *answer_at(const struct answer *a, const char *path);
const char *answer_text(const struct answer *a, const char *path);
int64_t answer_int(const struct answer *a, const char *path);
bool answer_bool(const struct answer *a, const char *path);
bool answer_is_null(const struct answer *a, const char *path); /* present and null */
size_t answer_count(const struct answer *a, const char *path);

/* Assertions print the whole answer when they fail. */
void assert_status_at(const struct answer *a, long status, const char *file, int line);
#define assert_status(a, status) assert_status_at(a, status, __FILE__, __LINE__)
/* A problem document, complete and consistent, with this status and code. */
void assert_problem_at(const struct answer *a, long status, const char *code, const char *file,
		       int line);
#define assert_problem(a, status, code) assert_problem_at(a, status, code, __FILE__, __LINE__)
/* ... of kind validation_failed with an item for this pointer (and code, unless NULL). */
void assert_invalid_at(const struct answer *a, const char *pointer, const char *code,
		       const char *file, int line);
#define assert_invalid(a, pointer, code) assert_invalid_at(a, pointer, code, __FILE__, __LINE__)

/* One FastCGI request straight to a socket; params: name, value, ..., NULL. Caller frees. */
char *client_fcgi(const char *socket_path, const char *const *params, const void *body, size_t n);

/* How many objects with that caption the sandbox's Instagram itself has. */
size_t client_objects(const char *caption);

/* First column of the first row as text, NULL without a row; caller frees. Runs as the local admin. */
char *client_sql(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same as a number; -1 without a row. */
int64_t client_number(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same in a transaction that stays open, with its locks, until client_let_go() undoes it. */
struct hold;
struct hold *client_hold(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void client_let_go(struct hold *h);

/* A fresh user with a session, in a workspace of its own or (workspace given) as a further member. */
struct persona {
	char workspace[40], user[40], email[80], token[64], refresh[64];
};
#define PERSONA_PASSWORD "correct horse battery staple"
void persona_make(struct persona *ret, const char *workspace, const char *role);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * router - routes as rows; everything that is said about a route stands in its row
 * Layer http. From the rows come matching, 404/405/OPTIONS/HEAD, scope checks, body binding, query
 * checks, OpenAPI, the route list and nginx's location list. Literal segments win over {id}.
 * {id} takes [0-9A-Za-z_]{1,64} only, a parameter of any other name takes any segment.
 */
#ifndef CARILLON_HTTP_ROUTER_H
#define CARILLON_HTTP_ROUTER_H

#include "domain/role.h"
#include "http/message.h"
#include "json/schema.h"

enum rate_class {
	RATE_READ,
	RATE_WRITE,
	RATE_AUTH,
	RATE_CONNECT,
	RATE_MEDIA,
	RATE_PUBLISH,
	RATE_NONE
};
enum route_pool { POOL_API, POOL_PLATFORM, POOL_BOTH };
enum route_auth { AUTH_NONE, AUTH_BEARER };

/* What an Idempotency-Key does on a POST or PATCH; how any change is recorded (api/record.h). */
enum route_repeat {
	REPEAT_STORED, /* the handler works in the database alone: one transaction with its answer */
	REPEAT_RESUMED, /* it also works elsewhere: never twice at a time, and goes on where it was */
	REPEAT_LINES,   /* each line of the body is kept by the handler */
	/* nothing: nobody is known yet whose key it could be, or a password comes, or a token goes */
	REPEAT_UNKEPT,
};

enum query_kind {
	QUERY_TEXT,
	QUERY_ID,
	QUERY_WORD, /* as an id, with dots */
	QUERY_INT,
	QUERY_BOOL,
	QUERY_INSTANT,
	QUERY_ENUM,
	QUERY_CURSOR
};

#define ROUTE_ALSO_MAX 2

struct query_param {
	const char *name;
	enum query_kind kind;
	int64_t least, most;
	const char *const *choices;
	const char *sentence;
};

typedef int route_handler(struct request *req, struct reply *ret, struct problem *reterr);

struct route {
	enum http_method method;
	const char *pattern; /* "/api/v1/content/{id}" */
	enum route_pool pool;
	enum route_auth auth;
	uint64_t scope; /* SCOPE_... mask; all are needed; 0: any principal */
	enum rate_class rate;
	int64_t body_max; /* 0: server.body_max_bytes; -1: no body, -2: upload (see nginx), or: */
#define BODY_LINES (-3)   /* JSON Lines, each as `body` says; the handler reads them */
	/*
	 * NULL: the body must be empty. Of an upload: what may come as JSON in place of a file; it is
	 * read by the handler.
	 */
	const struct schema *body;
	bool is_body_optional;
	const struct query_param *query; /* ends with name NULL; NULL: none allowed */
	int ok;                          /* status of success */
	int also[ROUTE_ALSO_MAX + 1];    /* further ones of the same answer; 0 ends them */
	const struct schema *reply;      /* members of the answer, for OpenAPI; NULL: none */
	bool has_version; /* a GET: ETag, and 304 while If-None-Match is the newest */
	const char *type; /* media type of an answer without members; NULL: no body */
	route_handler *handler;
	const char *operation; /* OpenAPI operationId */
	const char *summary;
	enum route_repeat repeat;
};

struct route_table {
	const struct route *const
		*families; /* arrays ending with pattern NULL; the list ends with NULL */
};

enum route_match { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };

/* Fills req->route and req->params; ret_allow: methods of the path as a mask (HEAD, OPTIONS incl.). */
enum route_match router_match(const struct route_table *t, struct request *req,
			      unsigned *ret_allow);

/*
 * The whole life of a request but for transport: path, match, OPTIONS/405/404, authenticate (the
 * callback fills req->principal), scope, query, body, handler, problem document. Never fails: every
 * end is a reply.
 */
struct router_hooks {
	/* Bearer token -> principal; -1 with TOKEN_INVALID, TOKEN_EXPIRED, AUTH_MISSING, DB_DOWN ... */
	int (*authenticate)(struct request *req, const char *bearer, struct problem *reterr);
	uint64_t (*scopes_of)(const struct principal *p);
	/*
	 * Once it is known who calls, and before anything else is looked at: 0, or -1 with
	 * RATE_LIMITED. Not asked for routes of RATE_NONE. May be NULL.
	 */
	int (*admit)(struct request *req, struct problem *reterr);
	/*
	 * Before anything that may need the database: 0, or -1 with DB_DOWN. Not asked for open routes
	 * of RATE_NONE, which must answer without one. May be NULL.
	 */
	int (*prepare)(struct request *req, struct problem *reterr);
	/* Told of a known caller who may not do this. May be NULL. */
	void (*deny)(struct request *req, const struct problem *why);
	/* Calls the handler of the route, as its column `repeat` says. May be NULL. */
	int (*run)(struct request *req, struct reply *ret, struct problem *reterr);
};
void router_serve(const struct route_table *t, const struct router_hooks *hooks,
		  enum route_pool pool, struct request *req, struct reply *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema - JSON members bound to a plain struct by rows
 * Layer json. schema_bind() reads bytes, reports every wrong member at once with its JSON Pointer,
 * and leaves a struct whose texts live in the arena. Errors: PROBLEM_MALFORMED_JSON (line and
 * column; also duplicate keys, NUL, nesting over 32, trailing bytes, bad UTF-8) or
 * PROBLEM_INVALID with items. Source: RFC 8259 through jansson (JSON_REJECT_DUPLICATES).
 */
#ifndef CARILLON_JSON_SCHEMA_H
#define CARILLON_JSON_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"

enum field_kind {
	FIELD_TEXT, /* const char *; UTF-8, no NUL, no C0 but tab and newlines; most = code points */
	FIELD_ID,   /* const char *; [0-9A-Za-z_]{1,64} */
	FIELD_URL,  /* const char *; http(s) URL; most = bytes */
	FIELD_EMAIL,   /* const char * */
	FIELD_TZ,      /* const char *; shape of an IANA name only; existence is the handler's */
	FIELD_ENUM,    /* int; index into choices */
	FIELD_INT,     /* int64_t; least..most */
	FIELD_NUMBER,  /* double */
	FIELD_BOOL,    /* bool */
	FIELD_INSTANT, /* int64_t us; RFC 3339; INSTANT_NONE when absent */
	FIELD_TIME,    /* struct field_time: instant, or local time to pair with a zone */
	FIELD_TEXTS,  /* struct field_texts; array; most = items, item_most = code points of each */
	FIELD_IDS,    /* struct field_texts; array of ids; duplicates refused */
	FIELD_SOME,   /* struct field_some; a text, or an array of texts as FIELD_TEXTS has it */
	FIELD_OBJECT, /* a nested struct bound by `nested`; pointer, NULL when absent */
	FIELD_OBJECTS, /* struct field_objects; array of nested */
	FIELD_JSON,    /* json_t *, borrowed from the arena's document: free-form object */
};

enum field_flags {
	FIELD_REQUIRED = 1,
	FIELD_NULLABLE = 2, /* null clears: see `present` */
	FIELD_NONEMPTY = 4, /* text must have a non-space, array an item */
};

struct field_time {
	bool is_local;
	int64_t us;        /* !is_local */
	const char *local; /* is_local: as civil_parse() takes it */
};
struct field_texts {
	size_t n;
	const char **v;
};
struct field_some {
	bool is_list;
	struct field_texts texts; /* one when it is no list */
};
struct field_objects {
	size_t n;
	void *v; /* array of nested structs */
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	unsigned flags;
	int64_t least, most;        /* 0, 0: the kind's own limits */
	const char *const *choices; /* FIELD_ENUM; NULL-terminated */
	const struct schema *nested;
	int64_t item_most;
	const char *sentence; /* for the OpenAPI document; may be NULL */
};

/*
 * A schema's struct starts with `uint64_t present;`: bit i is set when row i stood in the body
 * (also as null), so PATCH can tell "absent" from "cleared".
 */
struct schema {
	const char *name;           /* OpenAPI component name */
	size_t size;                /* of the struct */
	const struct field *fields; /* ends with name NULL; at most 64 */
};

#define SCHEMA_HAS(in, row) ((((in)->present) >> (row)) & 1U)

int schema_bind(const struct schema *s, const char *body, size_t len, struct arena *a, void **ret,
		struct problem *reterr);
/* Same from a parsed value; pointer_prefix is put before every pointer ("" for the top). */
int schema_bind_value(const struct schema *s, const json_t *value, const char *pointer_prefix,
		      struct arena *a, void **ret, struct problem *reterr);
/* Strict parse under the same rules; the caller owns *ret (json_decref). */
int schema_parse(const char *body, size_t len, json_t **ret, struct problem *reterr);

#endif

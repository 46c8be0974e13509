/* SPDX-License-Identifier: Apache-2.0 */
#include "json/schema.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#define DEPTH_MAX 32

struct scan {
	bool in_string, escaped;
	int depth;
};

/* What is wrong with the n bytes at s (0: not UTF-8), or NULL. */
static const char *scan_step(struct scan *scan, const char *s, size_t n)
{
	if (!n)
		return "the text is not UTF-8";
	if (!*s)
		return "a NUL byte is not allowed";
	if (scan->escaped) {
		scan->escaped = false;
	} else if (scan->in_string) {
		scan->escaped = *s == '\\';
		scan->in_string = *s != '"';
	} else if (*s == '"') {
		scan->in_string = true;
	} else if (*s == '[' || *s == '{') {
		scan->depth++;
	} else if (*s == ']' || *s == '}') {
		scan->depth--;
	}
	return scan->depth > DEPTH_MAX ? "arrays and objects are nested too deeply" : NULL;
}

static int malformed(struct problem *reterr, int line, int column, const char *what)
{
	return problem_set(reterr, PROBLEM_MALFORMED_JSON, "line %d, column %d: %s", line, column,
			   what);
}

/* The parser would take 2048 levels and would name bytes, not places, for bad UTF-8. */
static int scan_body(const char *body, size_t len, struct problem *reterr)
{
	struct scan scan = { false, false, 0 };
	int line = 1, column = 1;

	for (size_t at = 0; at < len;) {
		size_t n = utf8_measure(body + at, len - at);
		const char *what = scan_step(&scan, body + at, n);

		if (what)
			return malformed(reterr, line, column, what);
		column = body[at] == '\n' ? 1 : column + 1;
		line += body[at] == '\n';
		at += n;
	}
	return 0;
}

/* The parser's own texts quote the input, which may hold a secret and then reach a log. */
static const char *parser_says(const json_error_t *error)
{
	static const struct {
		enum json_error_code code;
		const char *text;
	} texts[] = {
		{ json_error_premature_end_of_input, "the text ends too early" },
		{ json_error_end_of_input_expected, "something follows the value" },
		{ json_error_duplicate_key, "a member name stands twice in one object" },
		{ json_error_null_character, "\\u0000 is not allowed" },
		{ json_error_null_byte_in_key, "\\u0000 is not allowed" },
		{ json_error_numeric_overflow, "a number is too large" },
		{ json_error_stack_overflow, "arrays and objects are nested too deeply" },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i].code == json_error_code(error))
			return texts[i].text;
	}
	return "this is not valid JSON";
}

int schema_parse(const char *body, size_t len, json_t **ret, struct problem *reterr)
{
	json_error_t error;
	json_t *value;

	if (!len)
		return problem_set(reterr, PROBLEM_MALFORMED_JSON,
				   "line 1, column 1: the body is empty");
	if (scan_body(body, len, reterr) < 0)
		return -1;
	value = json_loadb(body, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!value)
		return malformed(reterr, error.line > 0 ? error.line : 1,
				 error.column > 0 ? error.column : 1, parser_says(&error));
	*ret = value;
	return 0;
}

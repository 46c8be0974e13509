/* SPDX-License-Identifier: Apache-2.0 */
#include "support/contract_place.h"

#include <regex.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

#define DEPTH_MAX 64

json_t *contract_load(const char *file)
{
	const char *folder = getenv("CARILLON_CONTRACTS");
	char path[512];
	json_error_t why;
	json_t *doc;

	if (!folder || !*folder) {
		fprintf(stderr, "SKIPPED: CARILLON_CONTRACTS does not name a folder with %s\n",
			file);
		return NULL;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", folder, file);
	doc = json_load_file(path, 0, &why);
	if (!doc)
		fprintf(stderr, "SKIPPED: %s: %s\n", path, why.text);
	return doc;
}

typedef const char *rule_fn(const struct contract_place *p, const json_t *schema,
			    const json_t *value);

const char *contract_say(const struct contract_place *p, const char *fmt, ...)
{
	const char *words;
	va_list ap;

	va_start(ap, fmt);
	words = arena_vprintf(p->arena, fmt, ap);
	va_end(ap);
	return arena_printf(p->arena, "%s: %s", *p->at ? p->at : "/", words);
}

struct contract_place contract_inside(const struct contract_place *p, const char *name)
{
	return (struct contract_place){ p->arena, p->doc,
					arena_printf(p->arena, "%s/%s", p->at, name),
					p->depth + 1 };
}

/* "#/a/b~1c" within the document; NULL: nothing there. */
static const json_t *resolve(struct arena *a, const json_t *doc, const char *ref)
{
	const json_t *at = doc;
	char *rest, *name;

	if (strncmp(ref, "#/", 2) != 0)
		return NULL;
	rest = arena_strdup(a, ref + 2);
	while (at && (name = strsep(&rest, "/"))) {
		char *to = name;

		for (const char *from = name; *from; from++) {
			const bool is_escape = from[0] == '~' && (from[1] == '0' || from[1] == '1');

			*to++ = !is_escape ? *from : *++from == '1' ? '/' : '~';
		}
		*to = '\0';
		at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
				       : json_object_get(at, name);
	}
	return at;
}

const json_t *contract_follow(struct arena *a, const json_t *doc, const json_t *schema)
{
	for (int i = 0; i < DEPTH_MAX && schema; i++) {
		const char *ref = json_string_value(json_object_get(schema, "$ref"));

		if (!ref)
			return schema;
		schema = resolve(a, doc, ref);
	}
	return NULL;
}

static bool is_of_type(const json_t *value, const char *type)
{
	static const struct {
		const char *name;
		unsigned types;
	} rows[] = {
		{ "object", 1U << JSON_OBJECT },
		{ "array", 1U << JSON_ARRAY },
		{ "string", 1U << JSON_STRING },
		{ "integer", 1U << JSON_INTEGER },
		{ "number", 1U << JSON_INTEGER | 1U << JSON_REAL },
		{ "boolean", 1U << JSON_TRUE | 1U << JSON_FALSE },
		{ "null", 1U << JSON_NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, type) == 0)
			return (rows[i].types >> json_typeof(value) & 1U) != 0;
	}
	return false;
}

static const char *rule_type(const struct contract_place *p, const json_t *schema,
			     const json_t *value)
{
	const json_t *type = json_object_get(schema, "type"), *one;
	const char *name = json_string_value(type);
	size_t i;

	if (!type || (json_is_null(value) && json_is_true(json_object_get(schema, "nullable"))))
		return NULL;
	if (name)
		return is_of_type(value, name) ? NULL : contract_say(p, "is no %s", name);
	json_array_foreach(type, i, one) {
		if (is_of_type(value, json_string_value(one)))
			return NULL;
	}
	return contract_say(p, "is of none of the types");
}

static const char *rule_enum(const struct contract_place *p, const json_t *schema,
			     const json_t *value)
{
	const json_t *all = json_object_get(schema, "enum"), *one;
	size_t i;

	if (!all)
		return NULL;
	json_array_foreach(all, i, one) {
		if (json_equal(one, value))
			return NULL;
	}
	return contract_say(p, "is none of the values allowed");
}

/* Classes of Perl that POSIX does not know. */
static const char *posix_of(struct arena *a, const char *pattern)
{
	static const char *const classes[][2] = { { "\\d", "[0-9]" },
						  { "\\w", "[A-Za-z0-9_]" },
						  { "\\s", "[[:space:]]" } };
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	while (*pattern) {
		const char *to = NULL;

		for (size_t i = 0; i < 3 && !to; i++)
			to = strncmp(pattern, classes[i][0], 2) == 0 ? classes[i][1] : NULL;
		if (to)
			buf_adds(&out, to);
		else
			buf_addc(&out, *pattern);
		pattern += to ? 2 : 1;
	}
	return arena_strdup(a, buf_str(&out));
}

static const char *rule_pattern(const struct contract_place *p, const json_t *schema,
				const json_t *value)
{
	const char *pattern = json_string_value(json_object_get(schema, "pattern"));
	const char *text = json_string_value(value);
	regex_t re;
	int done;

	if (!pattern || !text)
		return NULL;
	if (regcomp(&re, posix_of(p->arena, pattern), REG_EXTENDED | REG_NOSUB) != 0)
		return contract_say(p, "the pattern %s cannot be read", pattern);
	done = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return done == 0 ? NULL : contract_say(p, "\"%s\" does not fit %s", text, pattern);
}

/* What has a size: its measure, or -1 when value is of another type. */
struct bound {
	const char *least, *most;
	double (*measure)(const json_t *value);
};

static double measure_text(const json_t *v)
{
	return json_is_string(v) ? (double)utf8_points(json_string_value(v)) : -1;
}

static double measure_array(const json_t *v)
{
	return json_is_array(v) ? (double)json_array_size(v) : -1;
}

static double measure_object(const json_t *v)
{
	return json_is_object(v) ? (double)json_object_size(v) : -1;
}

static const struct bound bounds[] = {
	{ "minLength", "maxLength", measure_text },
	{ "minItems", "maxItems", measure_array },
	{ "minProperties", "maxProperties", measure_object },
};

static const char *between(const struct contract_place *p, const json_t *schema,
			   const struct bound *b, double is)
{
	const json_t *least = json_object_get(schema, b->least);
	const json_t *most = json_object_get(schema, b->most);

	if (least && is < json_number_value(least))
		return contract_say(p, "%g is less than %s", is, b->least);
	if (most && is > json_number_value(most))
		return contract_say(p, "%g is more than %s", is, b->most);
	return NULL;
}

static const char *rule_bounds(const struct contract_place *p, const json_t *schema,
			       const json_t *value)
{
	static const struct bound number = { "minimum", "maximum", NULL };

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		const double is = bounds[i].measure(value);
		const char *why = is < 0 ? NULL : between(p, schema, &bounds[i], is);

		if (why)
			return why;
	}
	return json_is_number(value) ? between(p, schema, &number, json_number_value(value)) : NULL;
}

static bool has_twins(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		for (size_t k = 0; k < i; k++) {
			if (json_equal(json_array_get(array, i), json_array_get(array, k)))
				return true;
		}
	}
	return false;
}

static const char *rule_items(const struct contract_place *p, const json_t *schema,
			      const json_t *value)
{
	const json_t *items = json_object_get(schema, "items"), *one;
	size_t i;

	if (json_is_array(value) && json_is_true(json_object_get(schema, "uniqueItems")) &&
	    has_twins(value))
		return contract_say(p, "has an item twice");
	if (!items)
		return NULL;
	json_array_foreach(value, i, one) {
		const struct contract_place at =
			contract_inside(p, arena_printf(p->arena, "%zu", i));
		const char *why = contract_judge(&at, items, one);

		if (why)
			return why;
	}
	return NULL;
}

static const char *rule_required(const struct contract_place *p, const json_t *schema,
				 const json_t *value)
{
	const json_t *name;
	size_t i;

	if (!json_is_object(value))
		return NULL;
	json_array_foreach(json_object_get(schema, "required"), i, name) {
		if (!json_object_get(value, json_string_value(name)))
			return contract_say(p, "%s is missing", json_string_value(name));
	}
	return NULL;
}

/* Without a word on further members they are refused: a misspelt name must be seen. */
static const char *rule_properties(const struct contract_place *p, const json_t *schema,
				   const json_t *value)
{
	const json_t *known = json_object_get(schema, "properties");
	const json_t *more = json_object_get(schema, "additionalProperties");
	const char *key;
	json_t *member;

	if (!json_is_object(value) || (!known && !more))
		return NULL;
	json_object_foreach((json_t *)(uintptr_t)value, key, member) {
		const json_t *its = json_object_get(known, key);
		const struct contract_place at = contract_inside(p, key);
		const char *why = NULL;

		if (!its && json_is_object(more))
			its = more;
		if (!its && !json_is_true(more))
			return contract_say(&at, "is not known");
		if (its)
			why = contract_judge(&at, its, member);
		if (why)
			return why;
	}
	return NULL;
}

/* Members of the parts of an allOf are known together. */
static json_t *merged(const struct contract_place *p, const json_t *schema)
{
	json_t *all = json_copy((json_t *)(uintptr_t)schema), *one, *known;
	size_t i;

	known = json_copy(json_object_get(schema, "properties"));
	if (!known)
		known = json_object();
	json_array_foreach(json_object_get(schema, "allOf"), i, one) {
		const json_t *part = contract_follow(p->arena, p->doc, one);

		json_object_update_missing(known, json_object_get(part, "properties"));
	}
	json_object_del(all, "allOf");
	json_object_set_new(all, "properties", known);
	return all;
}

static const char *rule_all(const struct contract_place *p, const json_t *schema,
			    const json_t *value)
{
	const json_t *parts = json_object_get(schema, "allOf"), *one;
	const struct contract_place deeper = { p->arena, p->doc, p->at, p->depth + 1 };
	const char *why = NULL;
	json_t *all;
	size_t i;

	if (!parts)
		return NULL;
	all = merged(p, schema);
	if (json_object_size(json_object_get(all, "properties")) > 0)
		why = contract_judge(&deeper, all, value);
	json_array_foreach(parts, i, one) {
		json_t *part =
			json_copy((json_t *)(uintptr_t)contract_follow(p->arena, p->doc, one));

		if (!part)
			why = contract_say(p, "a part of the schema is missing");
		if (part && json_object_get(part, "properties"))
			json_object_set_new(part, "additionalProperties", json_true());
		why = why ? why : contract_judge(&deeper, part, value);
		json_decref(part);
	}
	json_decref(all);
	return why;
}

static const char *rule_any(const struct contract_place *p, const json_t *schema,
			    const json_t *value)
{
	static const char *const keys[] = { "anyOf", "oneOf" };
	const struct contract_place deeper = { p->arena, p->doc, p->at, p->depth + 1 };

	for (size_t k = 0; k < 2; k++) {
		const json_t *parts = json_object_get(schema, keys[k]), *one;
		const char *why = NULL;
		size_t i, fits = 0;

		json_array_foreach(parts, i, one) {
			const char *its = contract_judge(&deeper, one, value);

			fits += its ? 0 : 1;
			why = its ? its : why;
		}
		if (parts && fits == 0)
			return contract_say(p, "fits none of %s (the last: %s)", keys[k], why);
		if (parts && k == 1 && fits > 1)
			return contract_say(p, "fits %zu of oneOf", fits);
	}
	return NULL;
}

static rule_fn *const rules[] = { rule_type,       rule_enum,  rule_pattern,
				  rule_bounds,     rule_items, rule_required,
				  rule_properties, rule_all,   rule_any };

const char *contract_judge(const struct contract_place *p, const json_t *schema,
			   const json_t *value)
{
	const json_t *real = contract_follow(p->arena, p->doc, schema);
	const bool is_composed = json_object_get(real, "allOf") || json_object_get(real, "oneOf") ||
				 json_object_get(real, "anyOf");

	if (!real)
		return contract_say(p, "its schema is missing from the document");
	if (p->depth > DEPTH_MAX)
		return contract_say(p, "is too deep");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const bool is_left_to_parts = is_composed && rules[i] == rule_properties;
		const char *why = is_left_to_parts ? NULL : rules[i](p, real, value);

		if (why)
			return why;
	}
	return NULL;
}

const char *contract_fault(struct arena *a, const json_t *doc, const json_t *schema,
			   const json_t *value)
{
	const struct contract_place p = { a, doc, "", 0 };

	return contract_judge(&p, schema, value);
}

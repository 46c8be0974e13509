/* SPDX-License-Identifier: Apache-2.0 */
#include "lexicon.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "contract.h"

#define DEPTH_MAX 32

struct place {
	struct arena *arena;
	json_t *documents;
	const char *id,
		*at; /* the document that relative references mean; where the value stands */
	int depth;
};

static const char *fits(const struct place *p, const json_t *schema, const json_t *value);

static const char *say(const struct place *p, const char *words, const char *what)
{
	return arena_printf(p->arena, "%s: %s%s", *p->at ? p->at : "/", words, what);
}

static struct place inside(const struct place *p, const char *name)
{
	struct place in = *p;

	in.at = arena_printf(p->arena, "%s/%s", p->at, name);
	in.depth++;
	return in;
}

static const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const json_t *document(const struct place *p, const char *id)
{
	char *path = arena_printf(p->arena, "bluesky/lexicons/%s.json", id);
	json_t *doc = json_object_get(p->documents, id);

	if (doc)
		return doc;
	for (char *c = path + strlen("bluesky/lexicons/"); c < path + strlen(path) - 5; c++)
		*c = *c == '.' ? '/' : *c;
	doc = contract_load(path);
	if (doc)
		json_object_set_new(p->documents, id, doc);
	return doc;
}

/* "#image", "app.bsky.embed.images" or both together; *in gets the document that it lies in. */
static const json_t *definition(struct place *in, const char *ref)
{
	const char *cut = strchr(ref, '#'), *name = cut ? cut + 1 : "main";
	const size_t n = cut ? (size_t)(cut - ref) : strlen(ref);

	if (n > 0)
		in->id = arena_strndup(in->arena, ref, n);
	return json_object_get(json_object_get(document(in, in->id), "defs"), name);
}

static const char *fit_object(const struct place *p, const json_t *schema, const json_t *value)
{
	const json_t *properties = json_object_get(schema, "properties"), *one, *name;
	const char *key, *why;
	size_t i;

	if (!json_is_object(value))
		return say(p, "is no object", "");
	json_array_foreach(json_object_get(schema, "required"), i, name) {
		if (!json_object_get(value, json_string_value(name)))
			return say(p, "lacks ", json_string_value(name));
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, one) {
		const json_t *of = json_object_get(properties, key);
		const struct place in = inside(p, key);

		if (strcmp(key, "$type") == 0)
			continue;
		if (!of)
			return say(&in, "is not defined", "");
		why = fits(&in, of, one);
		if (why)
			return why;
	}
	return NULL;
}

static const char *fit_record(const struct place *p, const json_t *schema, const json_t *value)
{
	const char *type = text(value, "$type");

	if (!type || strcmp(type, p->id) != 0)
		return say(p, "has not the $type ", p->id);
	return fits(p, json_object_get(schema, "record"), value);
}

static const char *fit_array(const struct place *p, const json_t *schema, const json_t *value)
{
	const json_t *most = json_object_get(schema, "maxLength"), *one;
	size_t i;

	if (!json_is_array(value))
		return say(p, "is no array", "");
	if (most && (json_int_t)json_array_size(value) > json_integer_value(most))
		return say(p, "has too many items", "");
	json_array_foreach(value, i, one) {
		char name[24];
		struct place in;
		const char *why;

		(void)snprintf(name, sizeof(name), "%zu", i);
		in = inside(p, name);
		why = fits(&in, json_object_get(schema, "items"), one);
		if (why)
			return why;
	}
	return NULL;
}

static bool is_datetime(const char *s)
{
	int64_t us;

	return strlen(s) >= 20 && rfc3339_parse(s, &us) == 0;
}

static bool is_uri(const char *s)
{
	const char *colon = strchr(s, ':');

	return colon && colon > s && colon[1] && !strpbrk(s, " \t\n");
}

static bool is_did(const char *s)
{
	return strncmp(s, "did:", 4) == 0 && strchr(s + 4, ':');
}

static bool is_at_uri(const char *s)
{
	return strncmp(s, "at://", 5) == 0 && s[5];
}

static bool is_cid(const char *s)
{
	return strncmp(s, "baf", 3) == 0 && strlen(s) > 20;
}

static bool is_language(const char *s)
{
	const size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz");

	return n >= 2 && n <= 3 && (s[n] == '\0' || s[n] == '-');
}

static bool has_format(const char *format, const char *s)
{
	static const struct {
		const char *name;
		bool (*is)(const char *s);
	} formats[] = {
		{ "datetime", is_datetime }, { "uri", is_uri }, { "did", is_did },
		{ "at-uri", is_at_uri },     { "cid", is_cid }, { "language", is_language },
	};

	for (size_t i = 0; format && i < ARRAY_LEN(formats); i++) {
		if (strcmp(format, formats[i].name) == 0)
			return formats[i].is(s);
	}
	return !format;
}

static const char *fit_string(const struct place *p, const json_t *schema, const json_t *value)
{
	const json_t *bytes = json_object_get(schema, "maxLength");
	const json_t *graphemes = json_object_get(schema, "maxGraphemes");
	const char *s = json_string_value(value);

	if (!s)
		return say(p, "is no string", "");
	if (bytes && (json_int_t)strlen(s) > json_integer_value(bytes))
		return say(p, "has too many bytes", "");
	if (graphemes && (json_int_t)utf8_graphemes(s) > json_integer_value(graphemes))
		return say(p, "has too many graphemes", "");
	if (!has_format(text(schema, "format"), s))
		return say(p, "is no ", text(schema, "format"));
	return NULL;
}

static const char *fit_integer(const struct place *p, const json_t *schema, const json_t *value)
{
	const json_t *least = json_object_get(schema, "minimum");
	const json_t *most = json_object_get(schema, "maximum");

	if (!json_is_integer(value) ||
	    (least && json_integer_value(value) < json_integer_value(least)) ||
	    (most && json_integer_value(value) > json_integer_value(most)))
		return say(p, "is no such integer", "");
	return NULL;
}

static const char *fit_boolean(const struct place *p, const json_t *schema, const json_t *value)
{
	(void)schema;
	return json_is_boolean(value) ? NULL : say(p, "is no boolean", "");
}

static bool is_accepted(const json_t *schema, const char *mime)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(schema, "accept"), i, one) {
		const char *form = json_string_value(one);
		const size_t n = strcspn(form, "*");

		if (strncmp(form, mime, n) == 0 && (form[n] == '*' || mime[n] == '\0'))
			return true;
	}
	return false;
}

static const char *fit_blob(const struct place *p, const json_t *schema, const json_t *value)
{
	const json_t *size = json_object_get(value, "size");
	const json_t *most = json_object_get(schema, "maxSize");
	const char *type = text(value, "$type"), *mime = text(value, "mimeType");
	const char *cid = text(json_object_get(value, "ref"), "$link");

	if (!type || strcmp(type, "blob") != 0 || !mime || !cid || !is_cid(cid) ||
	    !json_is_integer(size))
		return say(p, "is no blob", "");
	if (!is_accepted(schema, mime))
		return say(p, "is of a type that is not accepted: ", mime);
	if (most && json_integer_value(size) > json_integer_value(most))
		return say(p, "is too large", "");
	return NULL;
}

static const char *fit_ref(const struct place *p, const json_t *schema, const json_t *value)
{
	struct place in = *p;
	const char *ref = text(schema, "ref");
	const json_t *to = definition(&in, ref);

	return to ? fits(&in, to, value) : say(p, "no definition of ", ref);
}

static const char *fit_union(const struct place *p, const json_t *schema, const json_t *value)
{
	const char *type = text(value, "$type");
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(schema, "refs"), i, one) {
		const char *ref = json_string_value(one);
		struct place in = *p;
		const char *full = *ref == '#' ? arena_printf(p->arena, "%s%s", p->id, ref) : ref;

		if (type && strcmp(type, full) == 0)
			return fits(&in, definition(&in, full), value);
	}
	return say(p, "is of no type that is allowed: ", type ? type : "none");
}

static const char *fits(const struct place *p, const json_t *schema, const json_t *value)
{
	static const struct {
		const char *type;
		const char *(*fit)(const struct place *p, const json_t *schema,
				   const json_t *value);
	} rules[] = {
		{ "object", fit_object },   { "record", fit_record },   { "array", fit_array },
		{ "string", fit_string },   { "integer", fit_integer }, { "blob", fit_blob },
		{ "boolean", fit_boolean }, { "ref", fit_ref },         { "union", fit_union },
	};
	const char *type = text(schema, "type");

	for (size_t i = 0; type && p->depth < DEPTH_MAX && i < ARRAY_LEN(rules); i++) {
		if (strcmp(rules[i].type, type) == 0)
			return rules[i].fit(p, schema, value);
	}
	return say(p, "cannot be judged: ", type ? type : "no type");
}

json_t *lexicon_open(void)
{
	json_t *probe = contract_load("bluesky/lexicons/app/bsky/feed/post.json");

	return probe ? json_pack("{s:o}", "app.bsky.feed.post", probe) : NULL;
}

const char *lexicon_fault(struct arena *a, json_t *documents, const char *ref, const json_t *value)
{
	struct place p = { .arena = a, .documents = documents, .id = ref, .at = "" };
	const json_t *schema = definition(&p, ref);

	return schema ? fits(&p, schema, value) : say(&p, "no definition of ", ref);
}

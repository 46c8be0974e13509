/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app.bsky.feed.post as its lexicon has it. Stricter than a server in one thing: a facet must lie
 * within the text and cut no character. Sizes of files are those of before 2026, which older
 * servers still hold to.
 */
#include <string.h>

#include "base/rfc3339.h"
#include "base/utf8.h"
#include "sandbox/bs.h"

#define IMAGES_MAX 4
#define LANGS_MAX  3
#define TAGS_MAX   8
#define TEXT_MAX   300
#define TEXT_BYTES 3000
#define TAG_MAX    64
#define TAG_BYTES  640
#define FACET      "app.bsky.richtext.facet"
#define EMBED      "app.bsky.embed."

struct judge {
	struct exchange *ex;
	const struct account *account;
	struct list *media;
	const char *text;
};

typedef const char *judge_fn(struct judge *j, const json_t *value);

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool has_prefix(const char *text, const char *prefix)
{
	return text != NULL && strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_type(const json_t *object, const char *type)
{
	const char *given = text_of(object, "$type");

	return given != NULL && strcmp(given, type) == 0;
}

/* [a-z2-7]{24} behind did:plc:, or any did:web. */
static bool is_did(const char *did)
{
	if (has_prefix(did, "did:web:"))
		return did[8] != '\0';
	return has_prefix(did, "did:plc:") && strlen(did) == 32 &&
	       strspn(did + 8, "abcdefghijklmnopqrstuvwxyz234567") == 24;
}

static bool is_cid(const char *cid)
{
	return has_prefix(cid, "baf") && strlen(cid) == 59 &&
	       strspn(cid, "abcdefghijklmnopqrstuvwxyz234567") == 59;
}

static bool is_uri(const char *uri)
{
	const char *colon = uri != NULL ? strchr(uri, ':') : NULL;

	return colon != NULL && colon > uri && colon[1] != '\0' && strpbrk(uri, " \t\r\n") == NULL;
}

static const char *judge_ref(struct judge *j, const json_t *ref)
{
	const char *uri = text_of(ref, "uri");
	const char *did, *end;

	if (!has_prefix(uri, "at://") || !is_cid(text_of(ref, "cid")))
		return "Expected a strong reference of uri and cid";
	did = uri + 5;
	end = strchr(did, '/');
	if (end == NULL || !is_did(arena_strndup(j->ex->arena, did, (size_t)(end - did))))
		return "Expected an at-uri of a DID";
	return NULL;
}

static const char *judge_reply(struct judge *j, const json_t *reply)
{
	const char *why = judge_ref(j, json_object_get(reply, "root"));

	return why != NULL ? why : judge_ref(j, json_object_get(reply, "parent"));
}

static const char *judge_ratio(const json_t *of)
{
	const json_t *ratio = json_object_get(of, "aspectRatio");

	if (ratio == NULL || (json_integer_value(json_object_get(ratio, "width")) >= 1 &&
			      json_integer_value(json_object_get(ratio, "height")) >= 1))
		return NULL;
	return "aspectRatio: expected width and height of at least 1";
}

static const char *judge_blob(struct judge *j, const json_t *ref, const struct bs_use *use)
{
	const char *why = NULL;
	const struct bs_blob *b = sandbox_bs_blob(j->ex, j->account, ref, use, &why);

	if (b == NULL)
		return why;
	sandbox_list_add(j->media, (void *)(uintptr_t)&b->fact);
	return NULL;
}

static const char *judge_images(struct judge *j, const json_t *embed)
{
	static const struct bs_use use = { "image/*", 1000000 };
	const json_t *images = json_object_get(embed, "images"), *one;
	const char *why = NULL;
	size_t i;

	if (!json_is_array(images) || json_array_size(images) > IMAGES_MAX)
		return "images: expected an array of at most 4";
	json_array_foreach(images, i, one) {
		if (text_of(one, "alt") == NULL)
			return "images: Missing required key \"alt\"";
		why = why != NULL ? why : judge_ratio(one);
		why = why != NULL ? why : judge_blob(j, json_object_get(one, "image"), &use);
	}
	return why;
}

static const char *judge_video(struct judge *j, const json_t *embed)
{
	static const struct bs_use use = { "video/mp4", 100000000 };
	const json_t *alt = json_object_get(embed, "alt");
	const char *why = judge_ratio(embed);

	if (alt != NULL && !json_is_string(alt))
		return "alt: expected a string";
	return why != NULL ? why : judge_blob(j, json_object_get(embed, "video"), &use);
}

static const char *judge_external(struct judge *j, const json_t *embed)
{
	static const struct bs_use use = { "image/*", 1000000 };
	const json_t *card = json_object_get(embed, "external");
	const json_t *thumb = json_object_get(card, "thumb");

	if (!is_uri(text_of(card, "uri")) || text_of(card, "title") == NULL ||
	    text_of(card, "description") == NULL)
		return "external: expected uri, title and description";
	return thumb != NULL ? judge_blob(j, thumb, &use) : NULL;
}

static const char *judge_quote(struct judge *j, const json_t *embed)
{
	return judge_ref(j, json_object_get(embed, "record"));
}

struct embed_kind {
	const char *type;
	judge_fn *judge;
};
static const struct embed_kind media_kinds[] = {
	{ EMBED "images", judge_images },
	{ EMBED "video", judge_video },
	{ EMBED "external", judge_external },
	{ NULL, NULL },
};

static const char *judge_kind(struct judge *j, const struct embed_kind *kinds, const json_t *embed)
{
	for (; kinds->type != NULL; kinds++) {
		if (is_type(embed, kinds->type))
			return kinds->judge(j, embed);
	}
	return "embed: Expected one of the known embeds";
}

static const char *judge_both(struct judge *j, const json_t *embed)
{
	const char *why = judge_quote(j, json_object_get(embed, "record"));

	return why != NULL ? why : judge_kind(j, media_kinds, json_object_get(embed, "media"));
}

static const char *judge_embed(struct judge *j, const json_t *embed)
{
	static const struct embed_kind quotes[] = {
		{ EMBED "record", judge_quote },
		{ EMBED "recordWithMedia", judge_both },
		{ NULL, NULL },
	};

	return judge_kind(
		j, has_prefix(text_of(embed, "$type"), EMBED "record") ? quotes : media_kinds,
		embed);
}

static bool is_boundary(const char *text, json_int_t at)
{
	return at >= 0 && (size_t)at <= strlen(text) && ((unsigned char)text[at] & 0xc0) != 0x80;
}

static bool is_tag(const char *tag)
{
	return tag != NULL && *tag != '\0' && strlen(tag) <= TAG_BYTES &&
	       utf8_graphemes(tag) <= TAG_MAX;
}

static bool is_feature(const json_t *feature)
{
	if (is_type(feature, FACET "#link"))
		return is_uri(text_of(feature, "uri"));
	if (is_type(feature, FACET "#mention"))
		return is_did(text_of(feature, "did"));
	return is_type(feature, FACET "#tag") && is_tag(text_of(feature, "tag"));
}

static const char *judge_facet(struct judge *j, const json_t *facet)
{
	const json_t *index = json_object_get(facet, "index"), *one;
	const json_t *from = json_object_get(index, "byteStart");
	const json_t *to = json_object_get(index, "byteEnd");
	const json_t *features = json_object_get(facet, "features");
	size_t i;

	if (!json_is_integer(from) || !json_is_integer(to) ||
	    json_integer_value(from) >= json_integer_value(to) ||
	    !is_boundary(j->text, json_integer_value(from)) ||
	    !is_boundary(j->text, json_integer_value(to)))
		return "facets: index does not fit the text";
	if (json_array_size(features) == 0)
		return "facets: Missing required key \"features\"";
	json_array_foreach(features, i, one) {
		if (!is_feature(one))
			return "facets: feature is invalid";
	}
	return NULL;
}

static const char *judge_facets(struct judge *j, const json_t *facets)
{
	const json_t *one;
	size_t i;

	if (!json_is_array(facets))
		return "facets: expected an array";
	json_array_foreach(facets, i, one) {
		const char *why = judge_facet(j, one);

		if (why != NULL)
			return why;
	}
	return NULL;
}

static const char *judge_langs(struct judge *j, const json_t *langs)
{
	const json_t *one;
	size_t i;

	(void)j;
	if (!json_is_array(langs) || json_array_size(langs) > LANGS_MAX)
		return "langs: expected an array of at most 3";
	json_array_foreach(langs, i, one) {
		const char *lang = json_string_value(one);
		const size_t n = lang != NULL ? strspn(lang, "abcdefghijklmnopqrstuvwxyz") : 0;

		if (n < 2 || n > 8 || (lang[n] != '\0' && lang[n] != '-'))
			return "langs: Invalid language";
	}
	return NULL;
}

static const char *judge_tags(struct judge *j, const json_t *tags)
{
	const json_t *one;
	size_t i;

	(void)j;
	if (!json_is_array(tags) || json_array_size(tags) > TAGS_MAX)
		return "tags: expected an array of at most 8";
	json_array_foreach(tags, i, one) {
		if (!is_tag(json_string_value(one)))
			return "tags: tag too long";
	}
	return NULL;
}

static const char *judge_text(struct judge *j)
{
	if (j->text == NULL)
		return "Missing required key \"text\"";
	if (strlen(j->text) > TEXT_BYTES)
		return "text: string too big (maximum 3000)";
	if (utf8_graphemes(j->text) > TEXT_MAX)
		return "text: grapheme too big (maximum 300)";
	return NULL;
}

const char *sandbox_bs_record_fault(struct exchange *ex, const struct account *a,
				    const json_t *record, struct list *media)
{
	static const struct {
		const char *key;
		judge_fn *judge;
	} members[] = {
		{ "facets", judge_facets }, { "embed", judge_embed }, { "reply", judge_reply },
		{ "langs", judge_langs },   { "tags", judge_tags },
	};
	struct judge j = { ex, a, media, text_of(record, "text") };
	const char *born = text_of(record, "createdAt"), *why = judge_text(&j);
	int64_t at_us;

	if (why != NULL)
		return why;
	if (born == NULL || rfc3339_parse(born, &at_us) < 0)
		return "createdAt: Invalid datetime";
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const json_t *value = json_object_get(record, members[i].key);

		why = value != NULL ? members[i].judge(&j, value) : NULL;
		if (why != NULL)
			return why;
	}
	return NULL;
}

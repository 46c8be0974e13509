/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may write about a video: checks with their reasons, and the way onto the disk. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "sandbox/yt.h"

#define TITLE_MAX             100
#define DESCRIPTION_BYTES_MAX 5000
#define TAGS_MAX              500

static const struct {
	const char *name;
	unsigned flag;
} part_names[] = {
	{ "snippet", YT_SNIPPET },
	{ "status", YT_STATUS },
	{ "localizations", YT_LOCALIZATIONS },
	{ "recordingDetails", YT_RECORDING },
	{ "contentDetails", YT_CONTENT },
	{ "fileDetails", YT_FILE },
	{ "processingDetails", YT_PROCESSING },
	{ "statistics", YT_STATISTICS },
	{ "player", YT_PLAYER },
	{ "id", YT_ID },
	{ "suggestions", YT_SUGGESTIONS },
};

static unsigned part_flag(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(part_names); i++)
		if (strcmp(part_names[i].name, name) == 0)
			return part_names[i].flag;
	return 0;
}

bool sandbox_yt_parts(struct exchange *ex, unsigned *ret)
{
	const char *given = sandbox_exchange_param(ex, "part");
	struct list names = sandbox_list_new(ex->arena);

	if (given != NULL)
		sandbox_list_split(&names, given, ", ");
	if (names.n == 0)
		return sandbox_yt_fail_param(ex, "missingRequiredParameter", "part");
	*ret = 0;
	for (size_t i = 0; i < names.n; i++) {
		if (part_flag(names.v[i]) == 0)
			return sandbox_yt_fail(ex, "unknownPart");
		*ret |= part_flag(names.v[i]);
	}
	return true;
}

void sandbox_yt_meta_init(struct world *w, struct yt_meta *m)
{
	*m = (struct yt_meta){
		.title = "",
		.description = "",
		.category = "22",
		.privacy = "public",
		.license = "youtube",
		.tags = sandbox_list_new(w->arena),
		.publish_at_us = INSTANT_NONE,
		.kids = YT_UNSET,
		.synthetic = YT_UNSET,
		.is_embeddable = true,
		.shows_stats = true,
	};
}

static bool wrong_type(struct exchange *ex, const char *name)
{
	return sandbox_yt_fail_text(
		ex, "badRequest", arena_printf(ex->arena, "Invalid value at 'resource.%s'", name));
}

/* The member as text in the world's arena; absent: what *ret holds stays. */
static bool read_text(struct exchange *ex, const json_t *in, const char *name, const char **ret)
{
	const json_t *v = json_object_get(in, name);

	if (v == NULL || json_is_null(v))
		return true;
	if (!json_is_string(v))
		return wrong_type(ex, name);
	*ret = arena_strdup(ex->world->arena, json_string_value(v));
	return true;
}

static bool read_bool(struct exchange *ex, const json_t *in, const char *name, int *ret)
{
	const json_t *v = json_object_get(in, name);

	if (v == NULL || json_is_null(v))
		return true;
	if (!json_is_boolean(v))
		return wrong_type(ex, name);
	*ret = json_is_true(v);
	return true;
}

static bool has_angle(const char *text)
{
	return strpbrk(text, "<>") != NULL;
}

static bool title_ok(const char *title)
{
	return title[strspn(title, " \t\r\n")] != '\0' && !has_angle(title) &&
	       utf8_points(title) <= TITLE_MAX;
}

static bool description_ok(const char *text)
{
	return strlen(text) <= DESCRIPTION_BYTES_MAX && !has_angle(text);
}

/* Commas between tags count, and so do the quotes around one with a space. */
static bool tags_ok(const struct list *tags)
{
	size_t n = tags->n > 0 ? tags->n - 1 : 0;

	for (size_t i = 0; i < tags->n; i++) {
		const char *tag = tags->v[i];

		if (*tag == '\0' || has_angle(tag))
			return false;
		n += utf8_points(tag) + (strchr(tag, ' ') != NULL ? 2 : 0);
	}
	return n <= TAGS_MAX;
}

/* BCP 47 as far as its shape goes: en, pt-BR, zh-Hant-TW. */
static bool language_ok(const char *tag)
{
	size_t n = 0, parts = 0;

	for (;; tag++) {
		if (*tag == '-' || *tag == '\0') {
			if (n < 2 || n > 8 || (parts++ == 0 && n > 3))
				return false;
			if (*tag == '\0')
				return true;
			n = 0;
		} else if (isalnum((unsigned char)*tag)) {
			n++;
		} else {
			return false;
		}
	}
}

static bool read_tags(struct exchange *ex, const json_t *snippet, struct list *ret)
{
	const json_t *tags = json_object_get(snippet, "tags");

	if (tags == NULL || json_is_null(tags))
		return true;
	if (!json_is_array(tags))
		return wrong_type(ex, "snippet.tags");
	for (size_t i = 0; i < json_array_size(tags); i++) {
		const char *tag = json_string_value(json_array_get(tags, i));

		if (tag == NULL)
			return wrong_type(ex, "snippet.tags");
		sandbox_list_add_text(ret, tag);
	}
	return true;
}

static const char *snippet_wrong(const struct yt_meta *m)
{
	if (!title_ok(m->title))
		return "invalidTitle";
	if (!description_ok(m->description))
		return "invalidDescription";
	if (!tags_ok(&m->tags))
		return "invalidTags";
	if (!sandbox_yt_category_ok(m->category))
		return "invalidCategoryId";
	if ((m->language != NULL && !language_ok(m->language)) ||
	    (m->audio_language != NULL && !language_ok(m->audio_language)))
		return "invalidVideoMetadata";
	return NULL;
}

static bool read_snippet(struct exchange *ex, const json_t *in, struct yt_meta *m)
{
	const char *wrong;

	m->title = m->description = "";
	m->category = "22";
	m->language = m->audio_language = NULL;
	m->tags = sandbox_list_new(ex->world->arena);
	if (!read_text(ex, in, "title", &m->title) ||
	    !read_text(ex, in, "description", &m->description) ||
	    !read_text(ex, in, "categoryId", &m->category) ||
	    !read_text(ex, in, "defaultLanguage", &m->language) ||
	    !read_text(ex, in, "defaultAudioLanguage", &m->audio_language) ||
	    !read_tags(ex, in, &m->tags))
		return false;
	wrong = snippet_wrong(m);
	return wrong == NULL || sandbox_yt_fail(ex, wrong);
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, text) == 0)
			return true;
	return false;
}

static bool read_schedule(struct exchange *ex, const json_t *in, struct yt_meta *m)
{
	const char *at = NULL;

	m->publish_at_us = INSTANT_NONE;
	if (!read_text(ex, in, "publishAt", &at))
		return false;
	if (at == NULL)
		return true;
	if (rfc3339_parse(at, &m->publish_at_us) < 0 || strcmp(m->privacy, "private") != 0)
		return sandbox_yt_fail(ex, "invalidPublishAt");
	return true;
}

static bool read_switches(struct exchange *ex, const json_t *in, struct yt_meta *m)
{
	int kids = YT_UNSET, synthetic = YT_UNSET, embeddable = 1, stats = 1;

	if (!read_bool(ex, in, "selfDeclaredMadeForKids", &kids) ||
	    !read_bool(ex, in, "containsSyntheticMedia", &synthetic) ||
	    !read_bool(ex, in, "embeddable", &embeddable) ||
	    !read_bool(ex, in, "publicStatsViewable", &stats))
		return false;
	m->kids = (enum yt_flag)kids;
	m->synthetic = (enum yt_flag)synthetic;
	m->is_embeddable = embeddable != 0;
	m->shows_stats = stats != 0;
	return true;
}

static bool read_status(struct exchange *ex, const json_t *in, struct yt_meta *m)
{
	static const char *const privacies[] = { "public", "unlisted", "private", NULL };
	static const char *const licenses[] = { "youtube", "creativeCommon", NULL };

	m->privacy = "public";
	m->license = "youtube";
	if (!read_text(ex, in, "privacyStatus", &m->privacy) ||
	    !read_text(ex, in, "license", &m->license) || !read_switches(ex, in, m))
		return false;
	if (!is_one_of(m->privacy, privacies))
		return sandbox_yt_fail(ex, "forbiddenPrivacySetting");
	if (!is_one_of(m->license, licenses))
		return sandbox_yt_fail(ex, "forbiddenLicenseSetting");
	return read_schedule(ex, in, m);
}

static bool localization_ok(const char *language, const json_t *row)
{
	const char *title = json_string_value(json_object_get(row, "title"));
	const json_t *text = json_object_get(row, "description");

	return language_ok(language) && title != NULL && title_ok(title) &&
	       (text == NULL || (json_is_string(text) && description_ok(json_string_value(text))));
}

static bool read_localizations(struct exchange *ex, const json_t *in, struct yt_meta *m)
{
	const char *language;
	json_t *row, *copy;
	char *text;

	m->localizations = NULL;
	if (json_object_size(in) == 0)
		return true;
	if (m->language == NULL)
		return sandbox_yt_fail(ex, "defaultLanguageNotSet");
	copy = json_copy((json_t *)(uintptr_t)in); /* the iterator takes no const */
	json_object_foreach(copy, language, row) {
		if (localization_ok(language, row))
			continue;
		json_decref(copy);
		return sandbox_yt_fail(ex, "localizationValidationError");
	}
	text = json_dumps(copy, JSON_COMPACT);
	m->localizations = arena_strdup(ex->world->arena, text);
	free(text);
	json_decref(copy);
	return true;
}

static bool read_recording(struct exchange *ex, const json_t *in, struct yt_meta *m)
{
	int64_t at_us;

	m->recording_date = NULL;
	if (!read_text(ex, in, "recordingDate", &m->recording_date))
		return false;
	return m->recording_date == NULL || rfc3339_parse(m->recording_date, &at_us) == 0 ||
	       sandbox_yt_fail(ex, "invalidRecordingDetails");
}

bool sandbox_yt_meta_read(struct exchange *ex, const json_t *body, unsigned parts,
			  struct yt_meta *m)
{
	static const struct {
		unsigned flag;
		const char *name;
		bool (*read)(struct exchange *, const json_t *, struct yt_meta *);
	} readers[] = {
		{ YT_SNIPPET, "snippet", read_snippet },
		{ YT_STATUS, "status", read_status },
		{ YT_LOCALIZATIONS, "localizations", read_localizations },
		{ YT_RECORDING, "recordingDetails", read_recording },
	};

	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		const json_t *part = json_object_get(body, readers[i].name);

		if ((parts & readers[i].flag) == 0)
			continue;
		if (part != NULL && !json_is_object(part))
			return wrong_type(ex, readers[i].name);
		if (!readers[i].read(ex, part, m))
			return false;
	}
	return true;
}

json_t *sandbox_yt_meta_json(const struct yt_meta *m)
{
	char at[RFC3339_MAX] = "";
	json_t *out;

	if (m->publish_at_us != INSTANT_NONE)
		rfc3339_print_ms(m->publish_at_us, at);
	out = json_pack("{s:s,s:s,s:o,s:s,s:s?,s:s?,s:s,s:s?,s:s,s:b,s:b,s:s?,s:s?}", "title",
			m->title, "description", m->description, "tags",
			sandbox_state_texts_save(&m->tags), "categoryId", m->category,
			"defaultLanguage", m->language, "defaultAudioLanguage", m->audio_language,
			"privacyStatus", m->privacy, "publishAt", at[0] != '\0' ? at : NULL,
			"license", m->license, "embeddable", m->is_embeddable,
			"publicStatsViewable", m->shows_stats, "recordingDate", m->recording_date,
			"localizations", m->localizations);
	if (m->kids != YT_UNSET)
		json_object_set_new(out, "madeForKids", json_boolean(m->kids == YT_YES));
	if (m->synthetic != YT_UNSET)
		json_object_set_new(out, "containsSyntheticMedia",
				    json_boolean(m->synthetic == YT_YES));
	return out;
}

static enum yt_flag flag_load(const json_t *in, const char *name)
{
	const json_t *v = json_object_get(in, name);

	return !json_is_boolean(v) ? YT_UNSET : json_is_true(v) ? YT_YES : YT_NO;
}

bool sandbox_yt_meta_load(struct world *w, const json_t *in, struct yt_meta *m)
{
	const char *at = json_string_value(json_object_get(in, "publishAt"));

	sandbox_yt_meta_init(w, m);
	m->title = sandbox_state_text(w, in, "title");
	m->description = sandbox_state_text(w, in, "description");
	m->category = sandbox_state_text(w, in, "categoryId");
	m->language = sandbox_state_text(w, in, "defaultLanguage");
	m->audio_language = sandbox_state_text(w, in, "defaultAudioLanguage");
	m->privacy = sandbox_state_text(w, in, "privacyStatus");
	m->license = sandbox_state_text(w, in, "license");
	m->recording_date = sandbox_state_text(w, in, "recordingDate");
	m->localizations = sandbox_state_text(w, in, "localizations");
	sandbox_state_texts_load(&m->tags, json_object_get(in, "tags"));
	m->is_embeddable = sandbox_state_bool(in, "embeddable");
	m->shows_stats = sandbox_state_bool(in, "publicStatsViewable");
	m->kids = flag_load(in, "madeForKids");
	m->synthetic = flag_load(in, "containsSyntheticMedia");
	if (at != NULL && rfc3339_parse(at, &m->publish_at_us) < 0)
		return false;
	return m->title != NULL && m->description != NULL && m->category != NULL &&
	       m->privacy != NULL && m->license != NULL;
}

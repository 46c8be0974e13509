/* SPDX-License-Identifier: Apache-2.0 */
/* How the server counts a text, and what it makes of it for readers. */
#include <string.h>

#include "base/utf8.h"
#include "sandbox/md.h"

#define LINK_CHARS 23
#define SHOWN      30 /* bytes of a link that readers see */
#define NAME       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define SPACES     " \t\r\n"

static bool is_link(const char *word)
{
	return strncmp(word, "https://", 8) == 0 || strncmp(word, "http://", 7) == 0;
}

/* Bytes of the link at the beginning of a word; signs that end a sentence are not of it. */
static size_t link_length(const char *word)
{
	size_t n = strcspn(word, SPACES "<>\"");

	while (n > 0 && strchr(".,:;!?)'", word[n - 1]) != NULL)
		n--;
	return n;
}

/* "@name@host" at s: bytes of the whole, and of "@name"; 0: there is none. */
static size_t mention_length(const char *s, size_t *ret_name)
{
	const size_t name = *s == '@' ? strspn(s + 1, NAME) : 0;
	size_t host = 0;

	if (name == 0)
		return 0;
	if (s[1 + name] == '@')
		host = strspn(s + 2 + name, NAME ".-");
	while (host > 0 && strchr(".-", s[1 + name + host]) != NULL)
		host--;
	*ret_name = 1 + name;
	return 1 + name + (host > 0 ? 1 + host : 0);
}

static bool begins_word(const char *text, const char *s)
{
	return s == text || strchr(NAME "/", s[-1]) == NULL;
}

size_t sandbox_md_length(struct arena *a, const char *text)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	const char *s = text;

	(void)a;
	while (*s != '\0') {
		size_t name = 0, n = begins_word(text, s) ? mention_length(s, &name) : 0;

		if (begins_word(text, s) && is_link(s)) {
			n = link_length(s);
			for (int i = 0; i < LINK_CHARS; i++)
				buf_addc(&out, 'x');
		} else {
			buf_add(&out, s, n > 0 ? name : 1);
		}
		s += n > 0 ? n : 1;
	}
	return utf8_graphemes(buf_str(&out));
}

static void add_link(struct exchange *ex, struct buf *out, const char *s, size_t n)
{
	const char *url = arena_strndup(ex->arena, s, n);
	const size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : 7;
	size_t shown = strlen(url + scheme) > SHOWN ? SHOWN : strlen(url + scheme);

	while ((url[scheme + shown] & 0xc0) == 0x80) /* not within a character */
		shown--;
	buf_printf(out,
		   "<a href=\"%s\" target=\"_blank\" rel=\"nofollow noopener\" translate=\"no\">"
		   "<span class=\"invisible\">%.*s</span><span class=\"%s\">%s</span>"
		   "<span class=\"invisible\">%s</span></a>",
		   sandbox_params_escape_html(ex->arena, url), (int)scheme, url,
		   url[scheme + shown] != '\0' ? "ellipsis" : "",
		   sandbox_params_escape_html(ex->arena,
					      arena_strndup(ex->arena, url + scheme, shown)),
		   sandbox_params_escape_html(ex->arena, url + scheme + shown));
}

/* Mentions show without their host. */
static void add_mention(struct exchange *ex, struct buf *out, const char *s, size_t name)
{
	buf_printf(out,
		   "<span class=\"h-card\" translate=\"no\"><a href=\"%s/%.*s\" class=\"u-url "
		   "mention\">@<span>%.*s</span></a></span>",
		   ex->base_url, (int)name, s, (int)name - 1, s + 1);
}

static void add_tag(const struct exchange *ex, struct buf *out, const char *s, size_t n)
{
	buf_printf(out,
		   "<a href=\"%s/tags/%.*s\" class=\"mention hashtag\" rel=\"tag\">#<span>%.*s"
		   "</span></a>",
		   ex->base_url, (int)n, s + 1, (int)n, s + 1);
}

static void add_plain(struct exchange *ex, struct buf *out, const char *s)
{
	if (*s == '\n')
		buf_adds(out, "<br />");
	else
		buf_adds(out,
			 sandbox_params_escape_html(ex->arena, arena_strndup(ex->arena, s, 1)));
}

/* One thing that stands at s; how many bytes it takes. */
static size_t add_next(struct exchange *ex, struct buf *out, const char *text, const char *s)
{
	const bool is_begin = begins_word(text, s);
	const size_t tag = is_begin && *s == '#' ? strspn(s + 1, NAME) : 0;
	size_t name = 0, n = is_begin ? mention_length(s, &name) : 0;

	if (strncmp(s, "\n\n", 2) == 0) {
		buf_adds(out, "</p><p>");
		return strspn(s, "\n");
	}
	if (is_begin && is_link(s)) {
		n = link_length(s);
		add_link(ex, out, s, n);
	} else if (n > 0) {
		add_mention(ex, out, s, name);
	} else if (tag > 0) {
		add_tag(ex, out, s, tag);
		n = 1 + tag;
	} else {
		add_plain(ex, out, s);
		n = 1;
	}
	return n;
}

const char *sandbox_md_html(struct exchange *ex, const char *text)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	if (*text == '\0')
		return "";
	buf_adds(&out, "<p>");
	for (const char *s = text; *s != '\0';)
		s += add_next(ex, &out, text, s);
	buf_adds(&out, "</p>");
	return arena_strdup(ex->arena, out.p);
}

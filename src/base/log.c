/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mask.h"
#include "base/rfc3339.h"
#include "base/utf8.h"

#define VALUE_BYTES_MAX 2048

struct log_state {
	const char *program;
	enum log_level least;
	int fd;
	char context[80];
};

/* The one place of the process where log settings live, see the header. */
static struct log_state *log_state(void)
{
	static struct log_state state = { "carillon", LOG_LEVEL_INFO, STDERR_FILENO, "" };

	return &state;
}

void log_setup(const char *program, enum log_level least, int fd)
{
	struct log_state *s = log_state();

	s->program = program;
	s->least = least;
	s->fd = fd;
}

void log_context(const char *id)
{
	struct log_state *s = log_state();

	(void)snprintf(s->context, sizeof(s->context), "%s", id ? id : "");
}

static void add_escaped_byte(struct buf *out, unsigned char c)
{
	static const char from[] = "\n\r\t\"\\", to[] = "nrt\"\\";
	const char *at = c ? strchr(from, c) : NULL;

	if (at)
		buf_printf(out, "\\%c", to[at - from]);
	else
		buf_printf(out, "\\x%02x", (unsigned)c);
}

static bool is_plain(const char *s, size_t n)
{
	unsigned char c = (unsigned char)*s;

	if (n > 1) /* C1 controls move terminals too */
		return !(c == 0xc2 && (unsigned char)s[1] < 0xa0);
	return n == 1 && c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}

static void add_escaped(struct buf *out, const char *s, size_t len)
{
	size_t n;

	for (; len; s += n, len -= n) {
		n = utf8_measure(s, len);
		if (is_plain(s, n)) {
			buf_add(out, s, n);
			continue;
		}
		n = 1;
		add_escaped_byte(out, (unsigned char)*s);
	}
}

static bool needs_quotes(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f || strchr("\"\\=", s[i]))
			return true;
	}
	return !len;
}

static void add_value(struct buf *out, const char *s, size_t len, bool is_quoted)
{
	bool quotes = !is_quoted && needs_quotes(s, len);

	if (quotes)
		buf_addc(out, '"');
	add_escaped(out, s, len);
	if (len == VALUE_BYTES_MAX)
		buf_adds(out, "...");
	if (quotes)
		buf_addc(out, '"');
}

static void add_text(struct buf *out, const char *s, int precision, bool is_quoted)
{
	size_t most =
		precision >= 0 && precision < VALUE_BYTES_MAX ? (size_t)precision : VALUE_BYTES_MAX;

	if (!s)
		s = "";
	add_value(out, s, strnlen(s, most), is_quoted);
}

/* One conversion of the format: %[0][width][.precision][length]letter */
struct spec {
	bool zero;
	int width, precision;
	char size; /* 0, 'l' (long), 'q' (long long), 'z', 'j', 't' */
	char letter;
};

struct args {
	va_list ap; /* in a struct, so that every function moves the same list forward */
};

static int read_number(const char **f, struct args *args)
{
	int n = 0;

	if (**f == '*') {
		(*f)++;
		return va_arg(args->ap, int);
	}
	for (; **f >= '0' && **f <= '9' && n < 1000; (*f)++)
		n = n * 10 + (**f - '0');
	return n;
}

static struct spec read_spec(const char **f, struct args *args)
{
	struct spec s = { false, 0, -1, 0, 0 };

	for (; **f == '0' || **f == '-' || **f == '+' || **f == ' ' || **f == '#'; (*f)++)
		s.zero = s.zero || **f == '0';
	s.width = read_number(f, args);
	if (**f == '.') {
		(*f)++;
		s.precision = read_number(f, args);
	}
	for (; **f && strchr("hlzjt", **f); (*f)++)
		s.size = s.size == 'l' ? 'q' : **f;
	s.letter = **f;
	if (s.letter)
		(*f)++;
	return s;
}

static intmax_t read_signed(const struct spec *s, struct args *args)
{
	if (s->size == 'q')
		return va_arg(args->ap, long long);
	if (s->size == 'l')
		return va_arg(args->ap, long);
	if (s->size == 'j')
		return va_arg(args->ap, intmax_t);
	if (s->size == 'z' || s->size == 't')
		return va_arg(args->ap, ssize_t);
	return va_arg(args->ap, int);
}

static uintmax_t read_unsigned(const struct spec *s, struct args *args)
{
	if (s->size == 'q')
		return va_arg(args->ap, unsigned long long);
	if (s->size == 'l')
		return va_arg(args->ap, unsigned long);
	if (s->size == 'j')
		return va_arg(args->ap, uintmax_t);
	if (s->size == 'z' || s->size == 't')
		return va_arg(args->ap, size_t);
	return va_arg(args->ap, unsigned);
}

static void add_integer(struct buf *out, const struct spec *s, struct args *args)
{
	if (s->letter == 'd' || s->letter == 'i')
		buf_printf(out, s->zero ? "%0*jd" : "%*jd", s->width, read_signed(s, args));
	else if (s->letter == 'u')
		buf_printf(out, s->zero ? "%0*ju" : "%*ju", s->width, read_unsigned(s, args));
	else
		buf_printf(out, s->zero ? "%0*jx" : "%*jx", s->width, read_unsigned(s, args));
}

/* False at a conversion that is not known: the rest of the arguments cannot be found then. */
static bool add_conversion(struct buf *out, const struct spec *s, struct args *args, bool is_quoted)
{
	char one;

	if (s->letter == 's') {
		add_text(out, va_arg(args->ap, const char *), s->precision, is_quoted);
	} else if (s->letter == '%') {
		buf_addc(out, '%');
	} else if (s->letter == 'c') {
		one = (char)va_arg(args->ap, int);
		add_value(out, &one, one ? 1 : 0, is_quoted);
	} else if (s->letter && strchr("diuxX", s->letter)) {
		add_integer(out, s, args);
	} else if (s->letter && strchr("fgeFGE", s->letter)) {
		buf_printf(out, "%.*f", s->precision >= 0 ? s->precision : 6,
			   va_arg(args->ap, double));
	} else if (s->letter == 'p') {
		buf_printf(out, "%p", va_arg(args->ap, void *));
	} else {
		buf_adds(out, "[bad format]");
		return false;
	}
	return true;
}

/* The format is walked here and not by printf: only so are quotes and line ends that come from a
 * value told from those that the format itself holds. */
static void add_formatted(struct buf *out, const char *fmt, struct args *args)
{
	bool is_quoted = false, known = true;

	while (*fmt && known) {
		if (*fmt == '%') {
			struct spec s;

			fmt++;
			s = read_spec(&fmt, args);
			known = add_conversion(out, &s, args, is_quoted);
			continue;
		}
		is_quoted = is_quoted != (*fmt == '"');
		buf_addc(out, *fmt++);
	}
}

static void add_head(struct buf *out, const struct log_state *s, enum log_level level)
{
	static const char *const levels[] = { "debug", "info", "warn", "error" };
	char now[RFC3339_MAX];

	rfc3339_print_ms(clock_real_us(), now);
	buf_printf(out, "time=%s level=%s prog=%s pid=%ld", now,
		   (unsigned)level < ARRAY_LEN(levels) ? levels[level] : "error", s->program,
		   (long)getpid());
	if (s->context[0]) {
		buf_adds(out, " id=");
		add_value(out, s->context, strlen(s->context), false);
	}
}

static void write_line(int fd, const struct buf *line)
{
	size_t done = 0;

	/* One write in the usual case, so that lines of several processes do not mix. */
	while (done < line->len) {
		ssize_t n = write(fd, line->p + done, line->len - done);

		if (n <= 0)
			return; /* a log that cannot be written has nowhere to say so */
		done += (size_t)n;
	}
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	const struct log_state *s = log_state();
	CLEANUP(buf_done) struct buf line = BUF_INIT;
	CLEANUP(buf_wipe) struct buf raw = BUF_INIT;
	struct args args;

	if (level < s->least)
		return;
	va_start(args.ap, fmt);
	add_formatted(&raw, fmt, &args);
	va_end(args.ap);
	add_head(&line, s, level);
	buf_printf(&line, " event=%s", event);
	if (raw.len) {
		buf_addc(&line, ' ');
		mask_add(&line, raw.p, raw.len);
	}
	buf_addc(&line, '\n');
	write_line(s->fd, &line);
}

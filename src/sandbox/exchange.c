/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/exchange.h"

#include <ctype.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "sandbox/faults.h"
#include "sandbox/params.h"
#include "sandbox/truth.h"
#include "sandbox/world.h"

struct exchange *sandbox_exchange_new(struct sandbox *sb, const char *target)
{
	struct exchange *ex = alloc_zero(sizeof(*ex));

	ex->sandbox = sb;
	ex->arena = arena_new();
	ex->spool_fd = -1;
	ex->start_us = clock_real_us();
	ex->target = arena_strdup(ex->arena, target);
	ex->params = sandbox_list_new(ex->arena);
	ex->headers = sandbox_list_new(ex->arena);
	ex->out_headers = sandbox_list_new(ex->arena);
	sandbox_lock(sb);
	ex->req_no = ++sb->req_no;
	ex->world = sb->world;
	sandbox_world_hold(ex->world);
	sandbox_unlock(sb);
	return ex;
}

void sandbox_exchange_free(struct exchange *ex)
{
	if (ex == NULL)
		return;
	sandbox_lock(ex->sandbox);
	sandbox_world_release(ex->world);
	sandbox_unlock(ex->sandbox);
	if (ex->spool_fd >= 0)
		close(ex->spool_fd);
	if (ex->spool_path != NULL)
		unlink(ex->spool_path);
	json_decref(ex->planned_params);
	buf_done(&ex->body);
	buf_done(&ex->out);
	arena_free(ex->arena);
	free(ex);
}

static bool segment_is_version(const char *s, size_t n)
{
	size_t i = 1, major;

	if (n < 4 || s[0] != 'v')
		return false;
	while (i < n && isdigit((unsigned char)s[i]))
		i++;
	major = i;
	if (major == 1 || i == n || s[i++] != '.' || i == n)
		return false;
	while (i < n && isdigit((unsigned char)s[i]))
		i++;
	return i == n;
}

static bool row_fits(struct exchange *ex, const char *pattern)
{
	const char *path = ex->path;
	size_t captures_n = 0;

	while (*pattern == '/' && *path == '/') {
		size_t want = strcspn(++pattern, "/"), got = strcspn(++path, "/");

		if (*pattern == '{') {
			if (got == 0 || captures_n == SANDBOX_CAPTURES_MAX)
				return false;
			if (strncmp(pattern, "{version}", want) == 0 &&
			    !segment_is_version(path, got))
				return false;
			ex->captures[captures_n++] =
				sandbox_params_unescape(ex->arena, path, got, false);
		} else if (want != got || strncmp(pattern, path, want) != 0) {
			return false;
		}
		pattern += want;
		path += got;
	}
	return *pattern == '\0' && *path == '\0';
}

void sandbox_exchange_route(struct exchange *ex, const struct sandbox_row *control_rows)
{
	const char *query = strchr(ex->target, '?');
	size_t path_n = query != NULL ? (size_t)(query - ex->target) : strlen(ex->target);
	const char *first = ex->target[0] == '/' ? ex->target + 1 : ex->target;
	size_t first_n = strcspn(first, "/?");
	const char *host = sandbox_exchange_header(ex, "Host");
	const struct sandbox_row *row = control_rows;

	if (query != NULL)
		sandbox_params_query(&ex->params, query + 1, strlen(query + 1));
	ex->platform = sandbox_platform_find(first, first_n);
	ex->base_url =
		host != NULL ? arena_printf(ex->arena, "http://%s", host) : ex->sandbox->base_url;
	ex->path = arena_strndup(ex->arena, ex->target, path_n);
	if (ex->platform != NULL) {
		ex->path += 1 + first_n;
		ex->base_url = arena_printf(ex->arena, "%s/%s", ex->base_url, ex->platform->name);
		row = ex->platform->rows;
	}
	for (; row->method != NULL && ex->row == NULL; row++)
		if (strcmp(row->method, ex->method) == 0 && row_fits(ex, row->pattern))
			ex->row = row;
}

static void exchange_log(struct exchange *ex)
{
	struct world *w = ex->world;
	struct request_line *line = &w->requests[w->requests_n++ % REQUESTS_KEPT];
	const char *endpoint = ex->row != NULL ? ex->row->name : "unknown";

	memset(line, 0, sizeof(*line));
	line->no = ex->req_no;
	line->conn = ex->conn_no;
	line->us = ex->start_us;
	line->end_us = clock_real_us();
	line->bytes = ex->spool_fd >= 0 ? ex->spooled : ex->body.len;
	line->platform = ex->platform->name;
	line->endpoint = endpoint;
	line->method = ex->row != NULL ? ex->row->method : "?";
	line->fault = ex->fault; /* of a table or of this world's arena */
	snprintf(line->account, sizeof(line->account), "%s",
		 ex->account != NULL ? ex->account : "");
	snprintf(line->path, sizeof(line->path), "%s", ex->path);
	line->status = ex->status;
	line->wire = ex->wire;
	++*sandbox_world_counter(w, &w->endpoints,
				 arena_printf(ex->arena, "%s %s", ex->platform->name, endpoint));
	if (ex->fault != NULL)
		++*sandbox_world_counter(
			w, &w->faults_met,
			arena_printf(ex->arena, "%s %s", ex->platform->name, ex->fault));
}

static void exchange_handle(struct exchange *ex)
{
	if (ex->row == NULL) {
		ex->platform->unknown(ex);
		return;
	}
	ex->row->handler(ex);
}

/* The platform takes its time before it acts; others are served meanwhile. */
static void exchange_be_late(struct exchange *ex)
{
	if (!sandbox_faults_stage(ex, FAULT_LATE))
		return;
	sandbox_unlock(ex->sandbox);
	(void)poll(NULL, 0, (int)ex->late_ms);
	sandbox_lock(ex->sandbox);
}

static void exchange_platform(struct exchange *ex)
{
	if (ex->platform->identify != NULL && ex->row != NULL)
		ex->platform->identify(ex);
	sandbox_faults_draw(ex);
	ex->delay_ms = ex->row != NULL && (ex->row->flags & ROW_BROWSER) == 0
			       ? ex->world->settings.latency_ms
			       : 0;
	exchange_be_late(ex);
	if (!sandbox_faults_stage(ex, FAULT_BEFORE)) {
		exchange_handle(ex);
		if (ex->platform->finish != NULL)
			ex->platform->finish(ex);
		if (ex->wire == WIRE_NORMAL)
			sandbox_faults_stage(ex, FAULT_AFTER);
	}
	exchange_log(ex);
}

void sandbox_exchange_run(struct exchange *ex)
{
	const char *type = sandbox_exchange_header(ex, "Content-Type");

	if (sandbox_params_body(&ex->params, type, buf_str(&ex->body), ex->body.len) < 0)
		ex->status = 400;
	sandbox_lock(ex->sandbox);
	if (ex->platform != NULL)
		exchange_platform(ex);
	else if (ex->row != NULL)
		ex->row->handler(ex);
	else
		sandbox_exchange_json(ex, 404, json_pack("{s:s}", "error", "no such path"));
	sandbox_unlock(ex->sandbox);
	if (ex->truth_dirty && sandbox_truth_sync(ex->sandbox->truth) < 0) {
		log_line(LOG_LEVEL_ERROR, "sandbox.truth", "req=%llu",
			 (unsigned long long)ex->req_no);
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
	}
}

const char *sandbox_exchange_param(const struct exchange *ex, const char *name)
{
	return sandbox_params_get(&ex->params, name);
}

const char *sandbox_exchange_header(const struct exchange *ex, const char *name)
{
	return sandbox_params_get_nocase(&ex->headers, name);
}

bool sandbox_exchange_part(const struct exchange *ex, const char *name, const char **ret,
			   size_t *ret_n)
{
	const char *type = sandbox_exchange_header(ex, "Content-Type");
	const char *boundary = type != NULL ? strstr(type, "boundary=") : NULL;
	const char *body = ex->body.p, *at, *tail;
	const char *mark, *label, *end;

	if (boundary == NULL || body == NULL)
		return false;
	mark = arena_printf(ex->arena, "\r\n--%s", boundary + strlen("boundary="));
	label = arena_printf(ex->arena, " name=\"%s\"", name);
	end = body + ex->body.len;
	at = memmem(body, ex->body.len, label, strlen(label));
	at = at != NULL ? memmem(at, (size_t)(end - at), "\r\n\r\n", 4) : NULL;
	if (at == NULL)
		return false;
	at += 4;
	tail = memmem(at, (size_t)(end - at), mark, strlen(mark));
	if (tail == NULL)
		return false;
	*ret = at;
	*ret_n = (size_t)(tail - at);
	return true;
}

void sandbox_exchange_json(struct exchange *ex, int status, json_t *body)
{
	/* As the Graph API prints it: ASCII only, slashes escaped. */
	char *text = json_dumps(body, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH |
					      JSON_ENCODE_ANY);

	json_decref(body);
	buf_clear(&ex->out);
	buf_adds(&ex->out, text != NULL ? text : "{}");
	free(text);
	ex->status = status;
	ex->content_type = "application/json; charset=UTF-8";
}

void sandbox_exchange_html(struct exchange *ex, int status, const char *html)
{
	buf_clear(&ex->out);
	buf_adds(&ex->out, html);
	ex->status = status;
	ex->content_type = "text/html; charset=utf-8";
}

void sandbox_exchange_redirect(struct exchange *ex, const char *location)
{
	sandbox_exchange_html(ex, 302, "");
	sandbox_exchange_add_header(ex, "Location", location);
}

void sandbox_exchange_add_header(struct exchange *ex, const char *name, const char *value)
{
	/* A value with a line end would split the answer; it can only come from a test's params. */
	if (strpbrk(value, "\r\n") == NULL)
		sandbox_params_add(&ex->out_headers, name, value);
}

void sandbox_exchange_wire(struct exchange *ex, enum wire wire, int64_t arg)
{
	ex->wire = wire;
	ex->wire_arg = arg;
}

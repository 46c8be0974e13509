/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/secretfile.h"
#include "platform/platform.h"

#define SECRET_MAX_BYTES 4096

#define DECLARE(name, server)                         \
	extern const struct platform platform_##name; \
	extern const struct setting platform_##name##_settings[];
#define ADAPTER(name, server) &platform_##name,
#define SERVER(name, server)  server,
#define SECTIONS(name, server) \
	static const char *const sections_##name[] = { #name, #name ".test", NULL };
#define GROUP(name, server) { sections_##name, platform_##name##_settings },

/* clang-format off */
PLATFORM_EACH(DECLARE)
PLATFORM_EACH(SECTIONS)
static const struct platform *const platforms[] = { PLATFORM_EACH(ADAPTER) };
static const char *const servers[] = { PLATFORM_EACH(SERVER) };
static const struct setting_group groups[] = { PLATFORM_EACH(GROUP) };
/* clang-format on */

const struct platform *platform_find(const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(platforms); i++) {
		if (id && strcmp(platforms[i]->id, id) == 0)
			return platforms[i];
	}
	return NULL;
}

const char *platform_server_param(const struct platform *p)
{
	for (size_t i = 0; i < ARRAY_LEN(platforms); i++) {
		if (platforms[i] == p)
			return servers[i];
	}
	return NULL;
}

const struct platform *const *platform_all(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(platforms);
	return platforms;
}

const struct setting_group *platform_setting_groups(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(groups);
	return groups;
}

static const struct setting *setting_find(const struct platform *p, const char *name)
{
	for (const struct setting *s = p->settings; s->name; s++) {
		if (strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

static bool setting_is_address(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, "_base") == 0;
}

const char *platform_text(const struct platform_app *app, const char *setting)
{
	const struct setting *row = setting_find(app->platform, setting);
	const char *value = config_get(app->config, app->section, setting);

	if (!value)
		value = "";
	if (!app->livemode && row && setting_is_address(setting) &&
	    strcmp(value, row->fallback) == 0)
		return "";
	return value;
}

int64_t platform_int(const struct platform_app *app, const char *setting)
{
	return config_get_int(app->config, app->section, setting);
}

struct platform_secret {
	struct arena *arena; /* where the text is kept */
	bool is_read;
	const char *text;  /* "" none */
	const char *fault; /* why it could not be read; NULL: nothing wrong */
};

static void secret_wipe(void *p)
{
	explicit_bzero(p, strlen(p));
}

/* The file's text without the newline that editors leave at its end. */
static void secret_load(struct platform_secret *s, const char *path)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	char *secret;
	int err;

	if (!path || !*path)
		return;
	err = secretfile_read(path, SECRET_MAX_BYTES, &text);
	if (err < 0) {
		s->fault = arena_strdup(s->arena, strerrordesc_np(-err));
		return;
	}
	secret = arena_strndup(s->arena, buf_str(&text), strcspn(buf_str(&text), "\r\n"));
	buf_wipe(&text);
	arena_defer(s->arena, secret_wipe, secret);
	s->text = secret;
}

static const struct platform_secret *secret_of(const struct platform_app *app)
{
	static const struct platform_secret none = { .is_read = true, .text = "" };
	struct platform_secret *s = app->secret;

	if (!s)
		return &none;
	if (!s->is_read) {
		s->is_read = true;
		secret_load(s, config_get(app->config, app->section, "client_secret_file"));
	}
	return s;
}

const char *platform_secret(const struct platform_app *app)
{
	return secret_of(app)->text;
}

void platform_app_plain(struct platform_app *ret, struct arena *a, const struct config *cfg,
			const struct platform *p, bool livemode)
{
	*ret = (struct platform_app){ .config = cfg, .platform = p, .livemode = livemode };
	ret->section = livemode ? p->id : arena_printf(a, "%s.test", p->id);
	ret->redirect_uri = arena_printf(a, "%s/api/v1/integrations/%s/callback",
					 cfg->server_public_url, p->id);
}

void platform_app_init(struct platform_app *ret, struct arena *a, const struct config *cfg,
		       const struct platform *p, bool livemode)
{
	platform_app_plain(ret, a, cfg, p, livemode);
	ret->secret = arena_alloc(a, sizeof(*ret->secret));
	*ret->secret = (struct platform_secret){ .arena = a, .text = "" };
}

int platform_app_check(const struct platform_app *app, struct problem *reterr)
{
	const struct platform_secret *secret;

	if (setting_find(app->platform, "client_id") && !*platform_text(app, "client_id"))
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "[%s] client_id is not set",
				   app->section);
	if (!app->livemode && setting_find(app->platform, "sandbox_base") &&
	    !*platform_text(app, "sandbox_base"))
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "[%s] sandbox_base is not set",
				   app->section);
	secret = secret_of(app);
	if (secret->fault)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				   "[%s] client_secret_file cannot be read: %s", app->section,
				   secret->fault);
	if (setting_find(app->platform, "client_secret_file") && !*secret->text)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				   "[%s] client_secret_file is not set", app->section);
	return 0;
}

static bool is_below(const char *url, const char *base)
{
	size_t n = strlen(base);

	if (n > 0 && base[n - 1] == '/')
		n--;
	return n > 0 && strncmp(url, base, n) == 0 && (url[n] == '/' || url[n] == '\0');
}

void platform_app_aim(const struct platform_app *app, struct http_request *r)
{
	if (!r->is_to_users_host || app->livemode)
		return;
	if (is_below(r->url, platform_text(app, "sandbox_base")))
		r->is_to_users_host = false; /* the operator has named it */
	else
		r->url = ""; /* not sent: the URL is not usable */
}

void findings_add(struct findings *f, bool is_warning, const char *pointer, const char *code,
		  const char *fmt, ...)
{
	struct finding *v;
	va_list ap;

	if (f->n == ARRAY_LEN(f->v))
		return;
	v = &f->v[f->n++];
	*v = (struct finding){ .is_warning = is_warning };
	(void)snprintf(v->pointer, sizeof(v->pointer), "%s", pointer);
	(void)snprintf(v->code, sizeof(v->code), "%s", code);
	va_start(ap, fmt);
	(void)vsnprintf(v->detail, sizeof(v->detail), fmt, ap);
	va_end(ap);
}

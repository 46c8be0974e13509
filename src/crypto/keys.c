/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keys.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/config.h"
#include "crypto/digest.h"
#include "crypto/secretfile.h"

#define KEY_BYTES      32
#define FILE_BYTES_MAX 128

/* 32 raw bytes, or the same in hex with blanks around it, as `openssl rand -hex 32` writes it. */
static int read_key(const char *path, uint8_t ret[static KEY_BYTES])
{
	CLEANUP(buf_wipe) struct buf text = BUF_INIT;
	int error = secretfile_read(path, FILE_BYTES_MAX, &text);

	if (error)
		return error;
	if (text.len == KEY_BYTES) {
		memcpy(ret, text.p, KEY_BYTES);
		return 0;
	}
	while (text.len && strchr(" \t\r\n", text.p[text.len - 1]))
		text.p[--text.len] = '\0';
	return digest_unhex(text.p, ret, KEY_BYTES);
}

static int refuse(struct problem *reterr, const char *path, int error)
{
	if (error == -EACCES)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				   "%s: not readable, or open to others (mode 0400 or 0440)", path);
	return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "%s: %s", path,
			   error == -EINVAL ? "not a key file" : strerrordesc_np(-error));
}

int keys_load(const struct config *cfg, bool with_ring, struct keys **ret, struct problem *reterr)
{
	CLEANUP(keys_free) struct keys *k = secretfile_pages_new(sizeof(*k));
	int error = read_key(cfg->keys_pepper_file, k->pepper);

	if (error)
		return refuse(reterr, cfg->keys_pepper_file, error);
	error = read_key(cfg->keys_url_file, k->url);
	if (error)
		return refuse(reterr, cfg->keys_url_file, error);
	error = with_ring ? seal_load(cfg->keys_sealing_file, &k->ring) : 0;
	if (error)
		return refuse(reterr, cfg->keys_sealing_file, error);
	*ret = TAKE(k);
	return 0;
}

void keys_free(struct keys *k)
{
	if (!k)
		return;
	seal_free(k->ring);
	secretfile_pages_free(k, sizeof(*k));
}

void keys_harden_process(void)
{
	static const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* The leak check of a sanitizer build traces its own process and needs it dumpable. */
#ifndef ENABLE_SANITIZERS
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

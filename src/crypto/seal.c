/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key of a row: HKDF-SHA256(master key, salt "carillon/seal/v1", info = row id), 32 bytes.
 * Plaintext: four bytes of length, little endian, the secret, zeroes up to a multiple of 256: the
 * length of a token says which platform and kind it is of.
 */
#include "crypto/seal.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/secretfile.h"

#define VERSION         1
#define KEY_BYTES       32
#define KEY_ID_MAX      32
#define KEYS_MAX        32
#define NONCE_BYTES     12
#define TAG_BYTES       16
#define PAD_BYTES       ((size_t)256)
#define LENGTH_BYTES    4
#define PLAIN_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define FILE_BYTES_MAX  ((size_t)16 * 1024)
#define PATH_BYTES_MAX  512

struct master {
	char id[KEY_ID_MAX + 1];
	uint8_t key[KEY_BYTES];
};

/* Which file was read; another one at the same place differs in one of these. */
struct version {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

/* Lives in pages of its own, see secretfile.h. */
struct keyring {
	size_t n;
	struct master keys[KEYS_MAX];
	char path[PATH_BYTES_MAX]; /* "": of no file */
	struct version version;
};

DEFINE_CLEANUP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free);

static bool is_key_id(const char *s, size_t len)
{
	static const char allowed[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-";

	if (!len || len > KEY_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!s[i] || !strchr(allowed, s[i]))
			return false;
	}
	return true;
}

static const struct master *find_master(const struct keyring *k, const char *id, size_t len)
{
	for (size_t i = 0; i < k->n; i++) {
		if (strlen(k->keys[i].id) == len && memcmp(k->keys[i].id, id, len) == 0)
			return &k->keys[i];
	}
	return NULL;
}

/* One line `id hex64`, cut in place; 0 also for blank lines and comments. */
static int take_line(struct keyring *k, char *line)
{
	const char *id = line + strspn(line, " \t");
	size_t id_len = strcspn(id, " \t\r");
	const char *hex = id + id_len + strspn(id + id_len, " \t");
	size_t hex_len = strcspn(hex, " \t\r");
	struct master *to;

	if (!id_len || *id == '#')
		return 0;
	if (k->n == KEYS_MAX || !is_key_id(id, id_len) || find_master(k, id, id_len))
		return -EINVAL;
	if (hex[hex_len + strspn(hex + hex_len, " \t\r")])
		return -EINVAL;
	line[hex - line + (ptrdiff_t)hex_len] = '\0';
	to = &k->keys[k->n];
	if (digest_unhex(hex, to->key, KEY_BYTES) < 0)
		return -EINVAL;
	memcpy(to->id, id, id_len);
	k->n++;
	return 0;
}

static int take_lines(struct keyring *k, struct buf *text)
{
	char *line = text->p, *end = text->p + text->len;

	if (memchr(text->p, 0, text->len))
		return -EINVAL;
	while (line < end) {
		char *stop = strchr(line, '\n');

		if (stop)
			*stop = '\0';
		if (take_line(k, line) < 0)
			return -EINVAL;
		line = stop ? stop + 1 : end;
	}
	return k->n ? 0 : -EINVAL;
}

static int look_up_version(const char *path, struct version *ret)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	*ret = (struct version){ st.st_dev, st.st_ino, st.st_size, st.st_ctim };
	return 0;
}

int seal_load(const char *path, struct keyring **ret)
{
	CLEANUP(buf_wipe) struct buf text = BUF_INIT;
	CLEANUP(seal_free) struct keyring *k = secretfile_pages_new(sizeof(*k));
	/* Looked up before it is read: what replaces it in between is noticed later. */
	int error = look_up_version(path, &k->version);

	if (!error)
		error = secretfile_read(path, FILE_BYTES_MAX, &text);
	if (!error)
		error = take_lines(k, &text);
	if (error)
		return error;
	if (strlen(path) < sizeof(k->path))
		memcpy(k->path, path, strlen(path));
	*ret = TAKE(k);
	return 0;
}

static bool is_same(const struct version *a, const struct version *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

void seal_follow(struct keyring *k)
{
	CLEANUP(seal_free) struct keyring *fresh = NULL;
	struct version now = { 0 };
	int error;

	if (!k->path[0])
		return;
	error = look_up_version(k->path, &now);
	if (!error && is_same(&now, &k->version))
		return;
	if (!error)
		error = seal_load(k->path, &fresh);
	if (error || !fresh) {
		log_line(LOG_LEVEL_ERROR, "keys.ring_unread", "errno=%d", -error);
		return;
	}
	memcpy(k, fresh, sizeof(*k));
}

struct keyring *seal_ring_of(const uint8_t key[static KEY_BYTES])
{
	struct keyring *k = secretfile_pages_new(sizeof(*k));

	k->n = 1;
	memcpy(k->keys[0].key, key, KEY_BYTES);
	k->keys[0].id[0] = '1';
	return k;
}

void seal_free(struct keyring *k)
{
	secretfile_pages_free(k, sizeof(*k));
}

const char *seal_current_id(const struct keyring *k)
{
	return k->keys[0].id;
}

const char *seal_id(const struct keyring *k, size_t i)
{
	return i < k->n ? k->keys[i].id : NULL;
}

static void derive_key(const struct master *m, const char *row, uint8_t ret[static KEY_BYTES])
{
	static const char digest[] = "SHA256", salt[] = "carillon/seal/v1";
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	/* The parameter type has no const; HKDF only reads what it points at. */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest,
						 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)m->key,
						  KEY_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt,
						  sizeof(salt) - 1),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)row,
						  strlen(row)),
		OSSL_PARAM_construct_end(),
	};

	if (!ctx || EVP_KDF_derive(ctx, ret, KEY_BYTES, params) != 1)
		alloc_failed(KEY_BYTES);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

/* '|' inside a part would let two places share their associated data. */
static bool is_place(const struct seal_place *at)
{
	const char *const parts[] = { at->workspace, at->row, at->column };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (!parts[i] || !*parts[i] || strchr(parts[i], '|'))
			return false;
	}
	return true;
}

/* Cipher set up with key, nonce and associated data; ends the process without memory. */
static EVP_CIPHER_CTX *cipher_new(const struct master *m, const struct seal_place *at,
				  const uint8_t *nonce, int encrypt)
{
	CLEANUP(buf_done) struct buf aad = BUF_INIT;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[KEY_BYTES];
	int n, ok;

	buf_printf(&aad, "v%d|%s|%s|%s|%s", VERSION, m->id, at->workspace, at->row, at->column);
	derive_key(m, at->row, key);
	ok = ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) == 1 &&
	     EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)aad.p, (int)aad.len) == 1;
	digest_wipe(key, sizeof(key));
	if (!ok)
		alloc_failed(KEY_BYTES);
	return ctx;
}

static void pad_plain(const char *plain, size_t n, struct buf *ret)
{
	size_t padded = (LENGTH_BYTES + n + PAD_BYTES - 1) / PAD_BYTES * PAD_BYTES;
	char *to = buf_reserve(ret, padded);

	memset(to, 0, padded);
	for (int i = 0; i < LENGTH_BYTES; i++)
		to[i] = (char)(n >> (8 * i) & 0xff);
	if (n)
		memcpy(to + LENGTH_BYTES, plain, n);
	ret->len += padded;
}

int seal_close(struct keyring *k, const struct seal_place *at, const char *plain, size_t n,
	       struct buf *ret_blob)
{
	CLEANUP(EVP_CIPHER_CTX_free) EVP_CIPHER_CTX *ctx = NULL;
	CLEANUP(buf_wipe) struct buf padded = BUF_INIT;
	const struct master *m = &k->keys[0];
	uint8_t nonce[NONCE_BYTES], tag[TAG_BYTES];
	uint8_t *to;
	int out = 0, rest = 0;

	if (!is_place(at) || n > PLAIN_BYTES_MAX)
		return -EINVAL;
	seal_follow(k);
	random_bytes(nonce, sizeof(nonce));
	ctx = cipher_new(m, at, nonce, 1);
	pad_plain(plain, n, &padded);
	buf_addc(ret_blob, VERSION);
	buf_addc(ret_blob, (char)strlen(m->id));
	buf_adds(ret_blob, m->id);
	buf_add(ret_blob, nonce, sizeof(nonce));
	to = (uint8_t *)buf_reserve(ret_blob, padded.len);
	if (EVP_CipherUpdate(ctx, to, &out, (const uint8_t *)padded.p, (int)padded.len) != 1 ||
	    EVP_CipherFinal_ex(ctx, to + out, &rest) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) != 1)
		alloc_failed(padded.len);
	ret_blob->len += padded.len;
	buf_add(ret_blob, tag, sizeof(tag));
	return 0;
}

/* The parts of a blob, borrowed from it. */
struct parts {
	const char *id;
	size_t id_len;
	const uint8_t *nonce, *body, *tag;
	size_t body_len;
};

static int split_blob(const uint8_t *p, size_t n, struct parts *ret)
{
	size_t head;

	if (n < 2 || p[0] != VERSION)
		return -EINVAL;
	ret->id_len = p[1];
	head = 2 + ret->id_len + NONCE_BYTES;
	if (n < head + PAD_BYTES + TAG_BYTES || (n - head - TAG_BYTES) % PAD_BYTES ||
	    n - head > PLAIN_BYTES_MAX + 2 * PAD_BYTES)
		return -EINVAL;
	ret->id = (const char *)p + 2;
	ret->nonce = p + 2 + ret->id_len;
	ret->body = p + head;
	ret->body_len = n - head - TAG_BYTES;
	ret->tag = ret->body + ret->body_len;
	return is_key_id(ret->id, ret->id_len) ? 0 : -EINVAL;
}

static int unpad(const struct buf *padded, struct buf *ret_plain)
{
	const uint8_t *p = (const uint8_t *)padded->p;
	size_t n = 0;

	for (int i = 0; i < LENGTH_BYTES; i++)
		n |= (size_t)p[i] << (8 * i);
	if (n > padded->len - LENGTH_BYTES)
		return -EBADMSG;
	buf_add(ret_plain, p + LENGTH_BYTES, n);
	return 0;
}

static const struct master *find_or_follow(struct keyring *k, const struct parts *parts)
{
	const struct master *m = find_master(k, parts->id, parts->id_len);

	if (m)
		return m;
	seal_follow(k);
	return find_master(k, parts->id, parts->id_len);
}

int seal_open(struct keyring *k, const struct seal_place *at, const void *blob, size_t n,
	      struct buf *ret_plain)
{
	CLEANUP(EVP_CIPHER_CTX_free) EVP_CIPHER_CTX *ctx = NULL;
	CLEANUP(buf_wipe) struct buf padded = BUF_INIT;
	const struct master *m;
	uint8_t tag[TAG_BYTES];
	struct parts parts;
	int out = 0, rest = 0;
	uint8_t *to;

	if (!is_place(at) || split_blob(blob, n, &parts) < 0)
		return -EINVAL;
	m = find_or_follow(k, &parts);
	if (!m)
		return -ENOENT;
	ctx = cipher_new(m, at, parts.nonce, 0);
	memcpy(tag, parts.tag, sizeof(tag));
	to = (uint8_t *)buf_reserve(&padded, parts.body_len);
	if (EVP_CipherUpdate(ctx, to, &out, parts.body, (int)parts.body_len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) != 1 ||
	    EVP_CipherFinal_ex(ctx, to + out, &rest) != 1)
		return -EBADMSG;
	padded.len = parts.body_len;
	return unpad(&padded, ret_plain);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch - reads a URL as a platform's fetcher would
 * Layer sandbox; the only file with libcurl. http and https only, TLS verified, no redirects, no
 * proxy. Blocks: call without the lock. The file belongs to the caller (unlink).
 */
#ifndef CARILLON_SANDBOX_FETCH_H
#define CARILLON_SANDBOX_FETCH_H

#include <stdbool.h>
#include <stdint.h>

struct fetch_ask {
	const char *url, *ca_file, *path; /* path: where the bytes go; NULL: dropped */
	int64_t timeout_ms;
	uint64_t bytes_max;
};

enum fetch_end {
	FETCH_OK,
	FETCH_REFUSED, /* no connection, TLS trouble, bad URL, broken off */
	FETCH_TIMEOUT,
	FETCH_STATUS, /* answered, but not 200 */
	FETCH_TOO_LONG,
};

struct fetched {
	enum fetch_end end;
	long status;
	uint64_t bytes;
	char type[128]; /* Content-Type, "" when absent */
	char sha256[65];
	char why[128];
};

void sandbox_fetch_setup(void); /* once, before any thread */
void sandbox_fetch(const struct fetch_ask *ask, struct fetched *ret);

#endif

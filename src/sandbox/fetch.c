/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "crypto/digest.h"

struct sink {
	const struct fetch_ask *ask;
	struct fetched *ret;
	struct digest *digest;
	FILE *file;
};

void sandbox_fetch_setup(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t sink_take(char *data, size_t one, size_t n, void *cls)
{
	struct sink *sink = cls;

	n *= one;
	sink->ret->bytes += n;
	if (sink->ret->bytes > sink->ask->bytes_max) {
		sink->ret->end = FETCH_TOO_LONG;
		return 0;
	}
	digest_add(sink->digest, data, n);
	if (sink->file != NULL && fwrite(data, 1, n, sink->file) != n)
		return 0;
	return n;
}

static void fetch_options(CURL *curl, const struct fetch_ask *ask, struct sink *sink)
{
	curl_easy_setopt(curl, CURLOPT_URL, ask->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ask->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "facebookexternalua");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, sink_take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
	if (ask->ca_file != NULL && ask->ca_file[0] != '\0')
		curl_easy_setopt(curl, CURLOPT_CAINFO, ask->ca_file);
}

static void fetch_perform(CURL *curl, struct sink *sink)
{
	struct fetched *ret = sink->ret;
	uint8_t hash[SHA256_BYTES];
	CURLcode code;
	char *type = NULL;

	fetch_options(curl, sink->ask, sink);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	snprintf(ret->type, sizeof(ret->type), "%s", type != NULL ? type : "");
	digest_end(sink->digest, hash);
	sink->digest = NULL;
	digest_hex(hash, sizeof(hash), ret->sha256);
	if (ret->end == FETCH_TOO_LONG)
		return;
	ret->end = FETCH_OK;
	if (code == CURLE_OPERATION_TIMEDOUT)
		ret->end = FETCH_TIMEOUT;
	else if (code != CURLE_OK)
		ret->end = FETCH_REFUSED;
	else if (ret->status != 200)
		ret->end = FETCH_STATUS;
	snprintf(ret->why, sizeof(ret->why), "%s", curl_easy_strerror(code));
}

void sandbox_fetch(const struct fetch_ask *ask, struct fetched *ret)
{
	struct sink sink = { ask, ret, NULL, NULL };
	CURL *curl = curl_easy_init();

	memset(ret, 0, sizeof(*ret));
	ret->end = FETCH_REFUSED;
	if (curl == NULL)
		return;
	sink.digest = digest_new();
	if (ask->path != NULL)
		sink.file = fopen(ask->path, "we");
	if (ask->path == NULL || sink.file != NULL)
		fetch_perform(curl, &sink);
	if (sink.file != NULL && fclose(sink.file) != 0)
		ret->end = FETCH_REFUSED;
	if (sink.digest != NULL)
		digest_free(sink.digest);
	curl_easy_cleanup(curl);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_client - a client, a media server and a running sandbox for the sandbox's tests
 * One fixture a test process; client_setup() and client_teardown() are its checked fixture.
 */
#ifndef CARILLON_TESTS_SANDBOX_CLIENT_H
#define CARILLON_TESTS_SANDBOX_CLIENT_H

#include <curl/curl.h>
#include <jansson.h>

#include "base/buf.h"
#include "sandbox/server.h"

#define IG       "17841400008460056"
#define REDIRECT "https://127.0.0.1:8443/api/v1/integrations/instagram/callback"
#define SCOPES                                                                             \
	"instagram_basic,instagram_content_publish,pages_show_list,pages_read_engagement," \
	"business_management"
#define BASE_SCOPES "instagram_basic,pages_show_list,pages_read_engagement"

struct MHD_Daemon;

struct fixture {
	struct sandbox *sandbox;
	struct MHD_Daemon *media;
	char folder[64], media_url[64];
	char token[256];
};

struct answer {
	int curl;
	long status;
	char location[1024];
	struct buf body, headers;
	json_t *json;
};

extern struct fixture client;

void client_answer_done(struct answer *a);
DEFINE_CLEANUP_VALUE(struct answer, client_answer_done);

/* The parts of the fixture for who runs the sandbox otherwise: folder and media server; settings
 * without delays and a connection, as client.token. client.sandbox->base_url must be right. */
void client_open(void);
void client_greet(void);
void client_close(void);
void client_setup(void);
void client_teardown(void);
/* Sends what curl was told, takes the whole answer, and frees both. */
struct answer client_perform(CURL *curl, const char *method, const char *url,
			     struct curl_slist *headers);
/* form NULL: no body; what looks like JSON is sent as JSON. auth NULL: the fixture's token, "": none. */
struct answer client_ask(const char *method, const char *url, const char *form, const char *auth);
const char *client_url(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *client_text(const struct answer *a, const char *name);
int client_error(const struct answer *a, const char *name); /* a number inside "error" */
void client_control(const char *path, const char *body);
struct answer client_dialog(const char *scopes, const char *more);
const char *client_code(const char *location);
struct answer client_exchange(const char *code, const char *redirect);
void client_connect(const char *scopes, const char *more);
/* "@/..." in the form stands for the media server: jpg/W/H, mp4/SECONDS/W/H, big, png, moved. */
struct answer client_create(const char *account, const char *form);
const char *client_created(const char *form); /* the container's id */
struct answer client_publish(const char *container);
struct answer client_node(const char *id, const char *fields);
void client_wait(const char *container, const char *wanted); /* a status_code */
size_t client_truth(const char *with); /* lines of the truth log that hold this text */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* carillon-sandbox: the social platforms as a local server. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "sandbox/server.h"

static int usage(FILE *out, int status)
{
	fputs("usage: carillon-sandbox [-c FILE] [-l ADDRESS:PORT] [-d FOLDER]\n"
	      "  -c FILE   settings, section [sandbox]\n"
	      "  -l, -d    instead of the settings `listen` and `folder`\n",
	      out);
	return status;
}

static int run(const struct config *cfg, const char *listen, const char *folder)
{
	struct sandbox *sb = NULL;
	sigset_t set;
	int r, got = 0;

	/* Before any thread starts, so that all of them inherit the mask. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = sandbox_server_start(listen, folder, cfg->sandbox_ca_file, &sb);
	if (r < 0) {
		fprintf(stderr, "carillon-sandbox: cannot listen on %s with folder %s: %s\n",
			listen, folder, strerrordesc_np(-r));
		return 1;
	}
	printf("%s\n", sb->base_url);
	fflush(stdout);
	log_line(LOG_LEVEL_INFO, "sandbox.ready", "url=%s folder=%s", sb->base_url, folder);
	sigwait(&set, &got);
	log_line(LOG_LEVEL_INFO, "sandbox.end", "signal=%d", got);
	sandbox_server_stop(sb);
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP(config_free) struct config *cfg = NULL;
	const char *path = NULL, *listen = NULL, *folder = NULL;
	/* The file is the server's own; what its platforms are told is none of our business. */
	const struct setting_group others = { NULL, NULL };
	struct problem why = { 0 };
	int option;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no thread runs yet */
	while ((option = getopt(argc, argv, "c:l:d:h")) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'l':
			listen = optarg;
			break;
		case 'd':
			folder = optarg;
			break;
		default:
			return usage(option == 'h' ? stdout : stderr, option == 'h' ? 0 : 2);
		}
	}
	log_setup("carillon-sandbox", LOG_LEVEL_INFO, 2);
	if (config_load(path, &others, 1, &cfg, &why) < 0) {
		fprintf(stderr, "carillon-sandbox: %s\n", why.detail);
		return 1;
	}
	return run(cfg, listen != NULL ? listen : cfg->sandbox_listen,
		   folder != NULL ? folder : cfg->sandbox_folder);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connector - a person of the sandbox's Facebook, and a browser that connects what it owns
 * Every person and account is new, so that tests never meet. Texts live until the process ends.
 */
#ifndef CARILLON_TESTS_CONNECTOR_H
#define CARILLON_TESTS_CONNECTOR_H

#include "support/client.h"

struct person {
	char id[24];
	char account[3][24]; /* Instagram ids behind the pages */
	size_t pages;
};

/* Tells the sandbox something; the case fails unless it answers with that status. */
void sandbox_post(const char *path, const char *body, long status);

void person_make(struct person *ret, size_t pages);
/* A person of another platform, with one account of that id (of YouTube: a channel, UC...). */
void person_known(const char *platform, const char *id);

/* Address of the consent page for this query (such as "?redirect=/x"); the cookie it came with. */
struct start {
	char url[1600], cookie[200];
};
void connect_start(struct start *ret, const char *token, const char *query);
/* The same for another platform; persons of it are made by the test. */
void connect_start_on(struct start *ret, const char *platform, const char *token,
		      const char *query);
/* The person's yes (or more: "&sandbox_auto=deny"): where the platform sends the browser; caller frees. */
char *connect_consent(const struct start *s, const char *user, const char *more);
/* The browser follows it, with the cookie unless NULL. */
struct answer *connect_callback(const char *url, const char *cookie);
/* Checks that this answer sends the browser to an address with that piece. */
void connect_ends_at(const struct answer *a, const char *piece);
/* All of it for a person with one page; gives the account's id, caller frees. */
char *connect_instagram(const char *token, const struct person *p, const char *mode);
/* Connects that person of another platform, live; the account's id, caller frees. */
char *connect_user(const char *token, const char *platform, const char *user);

#endif

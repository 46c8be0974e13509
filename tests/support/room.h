/* SPDX-License-Identifier: Apache-2.0 */
/*
 * room - one workspace with an owner, a connection and a key ring for each case of a store test
 * Layer tests. room_setup() and room_teardown() are the checked fixture; what lives in `arena` ends
 * with the case.
 */
#ifndef CARILLON_TESTS_ROOM_H
#define CARILLON_TESTS_ROOM_H

#include <check.h>

#include "base/arena.h"
#include "base/clock.h"
#include "crypto/random.h"
#include "store/accounts.h"
#include "store/content.h"
#include "store/posts.h"
#include "store/sessions.h"
#include "support/database.h"
#include "support/suite.h"

#define LEAD_S 900 /* the stage lead that cases schedule with */

extern struct database database;
extern struct db *db;
extern struct arena *arena;
extern struct problem why;
extern struct keys keys;
extern char ws[ID_MAX], user[ID_MAX];
extern int64_t now_us; /* the database's clock when the case began */

void ok(int result);
void refused(int result, enum problem_kind kind);
void room_setup(void);
void room_teardown(void);
struct session_tokens some_tokens(void);
const char *connect_account(const char *remote, bool livemode);
const char *new_account(void);
const char *make_content(bool is_approved);
struct post schedule(const char *content, const char *account, int64_t due_us);
struct post get_post(const char *id);
void set_state(const char *id, const char *state);
size_t events_of(const char *type, const char *subject);
int64_t whole_hour(int hours);
void decide(const char *content, enum content_move move);

/* Runs the cases (NULL-terminated) on a database of their own; the program's exit status. */
int room_run(const char *name, const struct suite_case *cases);

#endif

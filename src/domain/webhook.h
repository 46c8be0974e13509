/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webhook - which events there are, who wants them, and when a delivery is tried; pure
 * Layer domain. Source: Standard Webhooks 1.0 (schedule of retries, size of payloads).
 */
#ifndef CARILLON_DOMAIN_WEBHOOK_H
#define CARILLON_DOMAIN_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBHOOK_TEST         "webhook.test" /* sent by hand, to one endpoint, whatever it wants */
#define WEBHOOK_TRIES        10
#define WEBHOOK_WAIT_MAX_S   86400
#define WEBHOOK_BODY_MAX     20000
#define WEBHOOK_EVENTS_BYTES 1000 /* of a list of all names */

extern const char *const webhook_event_names[]; /* NULL-terminated; without WEBHOOK_TEST */

bool webhook_event_is_known(const char *name);
/* list: names separated by single spaces; NULL: all. */
bool webhook_wants(const char *list, const char *name);

/*
 * What to wait before the next try when so many have failed (1 ...), in microseconds: the schedule,
 * up to a tenth more by chance, and never less than the peer asks for (up to a day). -1: no more.
 */
int64_t webhook_wait_us(int64_t failed, int64_t asked_s, uint32_t random);

#endif

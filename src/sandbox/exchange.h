/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange - reading a request and writing its answer
 * Layer sandbox. Everything lives in the exchange's arena. The last answer written wins.
 */
#ifndef CARILLON_SANDBOX_EXCHANGE_H
#define CARILLON_SANDBOX_EXCHANGE_H

#include "sandbox/sandbox.h"

struct exchange *sandbox_exchange_new(struct sandbox *sb, const char *target);
void sandbox_exchange_free(struct exchange *ex);
/* Finds platform and row from method and target; ex->row stays NULL when there is none. */
void sandbox_exchange_route(struct exchange *ex, const struct sandbox_row *control_rows);
/* Runs the handler with faults, log and truth around it. Any thread but the server's own. */
void sandbox_exchange_run(struct exchange *ex);

const char *sandbox_exchange_param(const struct exchange *ex, const char *name);  /* or NULL */
const char *sandbox_exchange_header(const struct exchange *ex, const char *name); /* or NULL */
/* The bytes of one part of a multipart body; false: there is none. */
bool sandbox_exchange_part(const struct exchange *ex, const char *name, const char **ret,
			   size_t *ret_n);

void sandbox_exchange_json(struct exchange *ex, int status, json_t *body); /* steals body */
void sandbox_exchange_html(struct exchange *ex, int status, const char *html);
void sandbox_exchange_redirect(struct exchange *ex, const char *location);
void sandbox_exchange_add_header(struct exchange *ex, const char *name, const char *value);
void sandbox_exchange_wire(struct exchange *ex, enum wire wire, int64_t arg);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - bytes to nginx as they are, over TLS or not
 * Tests only. Goes to CARILLON_URL. Failures to connect end the case.
 */
#ifndef CARILLON_TESTS_WIRE_H
#define CARILLON_TESTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>

struct wire;

struct wire *wire_open(bool is_tls);
void wire_send(struct wire *w, const void *bytes, size_t n);
/* What came back until the server closed or fell silent; a whole answer ends our side, too. Caller
 * frees. */
char *wire_rest(struct wire *w, int silence_s, bool *ret_is_closed);
void wire_end(struct wire *w); /* no more will be sent */
void wire_close(struct wire *w);
/* All of it at once over TLS: what came back until the server closed or fell silent for 5 s. */
char *wire_ask(const void *bytes, size_t n);
/* Whether the server speaks TLS up to that version, and with those ciphers (NULL: any). */
bool wire_handshakes(int version, const char *ciphers);

#endif

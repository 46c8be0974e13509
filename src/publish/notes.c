/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "publish/notes.h"

static struct note *note_of(struct notes *n, const struct breaker_key *key)
{
	const char *server = key->server ? key->server : "";
	struct note *note;

	for (size_t i = 0; i < n->n; i++) {
		const struct breaker_key *k = &n->v[i].key;

		if (k->livemode == key->livemode && k->class == key->class &&
		    strcmp(k->platform, key->platform) == 0 && strcmp(k->server, server) == 0)
			return &n->v[i];
	}
	if (n->n == NOTES_MAX)
		return NULL;
	note = &n->v[n->n++];
	*note = (struct note){ .key = *key };
	(void)snprintf(note->server, sizeof(note->server), "%s", server);
	note->key.server = note->server;
	return note;
}

void notes_add(struct notes *n, const struct breaker_key *key, bool is_fault)
{
	struct note *note = note_of(n, key);

	if (!note)
		return;
	if (is_fault) {
		note->faults++;
		return;
	}
	note->has_answer = true;
	note->faults = 0;
}

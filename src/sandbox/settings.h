/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings - what POST /_control/config changes, by name
 * Layer sandbox. The values are world->settings; needs the sandbox's lock.
 */
#ifndef CARILLON_SANDBOX_SETTINGS_H
#define CARILLON_SANDBOX_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>

struct world;

bool sandbox_settings_set(struct world *w, const char *name, const json_t *value);
json_t *sandbox_settings_json(const struct world *w); /* all of them; new reference */

#endif

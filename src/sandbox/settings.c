/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/settings.h"

#include <stddef.h>
#include <string.h>

#include "sandbox/world.h"

struct knob {
	const char *name;
	size_t offset; /* of an int64_t in struct settings */
};

#define KNOB(member)                                       \
	{                                                  \
#member, offsetof(struct settings, member) \
	}
static const struct knob knobs[] = {
	KNOB(seed),          KNOB(image_delay_ms),    KNOB(video_delay_ms),   KNOB(listing_lag_ms),
	KNOB(latency_ms),    KNOB(quota_total),       KNOB(container_limit),  KNOB(app_calls),
	KNOB(account_calls), KNOB(container_life_s),  KNOB(code_life_s),      KNOB(short_life_s),
	KNOB(long_life_s),   KNOB(refresh_age_s),     KNOB(fetch_timeout_ms), KNOB(strict_moov),
	KNOB(strict_edits),  KNOB(republish_same_id),
};

static bool consent_set(struct world *w, const char *mode)
{
	static const char *const modes[] = { "manual", "approve", "deny" };

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (strcmp(modes[i], mode) != 0)
			continue;
		w->settings.consent = modes[i];
		return true;
	}
	return false;
}

bool sandbox_settings_set(struct world *w, const char *name, const json_t *value)
{
	if (strcmp(name, "consent") == 0 && json_is_string(value))
		return consent_set(w, json_string_value(value));
	for (size_t i = 0; json_is_integer(value) && i < ARRAY_LEN(knobs); i++) {
		int64_t *at = (int64_t *)(void *)((char *)&w->settings + knobs[i].offset);

		if (strcmp(knobs[i].name, name) == 0 && json_integer_value(value) >= 0) {
			*at = json_integer_value(value);
			return true;
		}
	}
	return false;
}

json_t *sandbox_settings_json(const struct world *w)
{
	json_t *out = json_pack("{s:s}", "consent", w->settings.consent);

	for (size_t i = 0; i < ARRAY_LEN(knobs); i++) {
		int64_t value;

		memcpy(&value, (const char *)&w->settings + knobs[i].offset, sizeof(value));
		json_object_set_new(out, knobs[i].name, json_integer(value));
	}
	return out;
}

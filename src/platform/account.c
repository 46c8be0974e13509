/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/platform.h"
#include "json/keep.h"

static const json_t *object_of(struct arena *a, const char *text)
{
	const json_t *value = text ? json_keep(a, json_loads(text, 0, NULL)) : NULL;

	return json_is_object(value) ? value : NULL;
}

void platform_account_of(struct arena *a, const struct account *row, struct platform_account *ret)
{
	*ret = (struct platform_account){
		.id = row->id,
		.remote_id = row->remote_id,
		.username = row->username,
		.display_name = row->display_name,
		.scopes = row->scopes,
		.expires_us = row->expires_us,
		.meta = object_of(a, row->meta),
		.settings = object_of(a, row->settings),
	};
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address - whether an upload address that a platform names may be followed; pure
 * Layer platform. The address is the platform's word, and tokens or media go to it: only the
 * operator's own upload host (the setting `base`, same scheme, host and port), or https at the
 * default port of a host below the domain in the setting `suffix`.
 */
#ifndef CARILLON_PLATFORM_ADDRESS_H
#define CARILLON_PLATFORM_ADDRESS_H

#include "platform/platform.h"

bool address_is_trusted(const struct platform_app *app, const char *url, const char *base,
			const char *suffix);

#endif

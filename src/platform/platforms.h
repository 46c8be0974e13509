/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platforms - which platforms there are; the order is the one in which people see them
 * Layer platform. PLATFORM_EACH(ROW) writes ROW(name) for each of them.
 */
#ifndef CARILLON_PLATFORM_PLATFORMS_H
#define CARILLON_PLATFORM_PLATFORMS_H

/* clang-format off */
#define PLATFORM_EACH(PLATFORM) \
	PLATFORM(instagram) \
	PLATFORM(tiktok) \
	PLATFORM(pinterest) \
	PLATFORM(twitter) \
	PLATFORM(youtube)
/* clang-format on */

#endif

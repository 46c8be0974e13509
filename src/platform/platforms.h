/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platforms - which platforms there are; the order is the one in which people see them
 * Layer platform. PLATFORM_EACH(ROW) writes ROW(name, server) for each of them; server: where its
 * accounts live on servers that people name, the query parameter of auth-url that names one, else
 * NULL. PLATFORM_PASSWORD_EACH(ROW) writes ROW(name) for those that connect by password, too;
 * PLATFORM_CLIENT_EACH(ROW) for those whose login servers read a document about this instance.
 */
#ifndef CARILLON_PLATFORM_PLATFORMS_H
#define CARILLON_PLATFORM_PLATFORMS_H

/* clang-format off */
#define PLATFORM_EACH(PLATFORM) \
	PLATFORM(instagram, NULL) \
	PLATFORM(tiktok, NULL) \
	PLATFORM(pinterest, NULL) \
	PLATFORM(twitter, NULL) \
	PLATFORM(youtube, NULL) \
	PLATFORM(mastodon, "instance") \
	PLATFORM(bluesky, "handle")
#define PLATFORM_PASSWORD_EACH(PLATFORM) \
	PLATFORM(bluesky)
#define PLATFORM_CLIENT_EACH(PLATFORM) \
	PLATFORM(bluesky)
/* clang-format on */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tlds - which words are top-level domains; pure
 * Layer platform. Where a text is searched for links without a scheme.
 */
#ifndef CARILLON_PLATFORM_TLDS_H
#define CARILLON_PLATFORM_TLDS_H

#include <stdbool.h>

/* name: in lower case, UTF-8 */
bool tld_is_known(const char *name);

#endif

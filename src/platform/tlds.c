/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/tlds.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const names[] = {
#define TLD(text) text,
#include "platform/tlds.def"
#undef TLD
};

static int by_text(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

bool tld_is_known(const char *name)
{
	return bsearch(name, names, ARRAY_LEN(names), sizeof(*names), by_text);
}

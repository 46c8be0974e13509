/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postchange - the changes of store/posts.h: patch, resolve, pause and resume
 * Layer store. Each is one conditional UPDATE on the state, version and fence that were read.
 */
#ifndef CARILLON_STORE_POSTCHANGE_H
#define CARILLON_STORE_POSTCHANGE_H

#include "db/stmt.h"

extern const struct stmt store_postchange_statements[];

#endif

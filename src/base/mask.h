/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask - the second wall between secrets and the log
 * Layer base. Pure. Recognises our own tokens (sk_live_, sk_test_, at_, rt_) and secrets
 * (whsec_), tokens of the platforms (EAA..., IGAA..., IGQV...), Bearer credentials, and members or query parts whose name
 * says that a secret follows. What is recognised is replaced by "***"; its kind stays readable.
 */
#ifndef CARILLON_BASE_MASK_H
#define CARILLON_BASE_MASK_H

#include "base/buf.h"

/* Appends the text, masked. */
void mask_add(struct buf *out, const char *text, size_t len);

#endif

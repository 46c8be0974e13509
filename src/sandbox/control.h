/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control - the tests' own door: /_control, JSON in and out
 * Layer sandbox. Endpoints and members are described in docs/sandbox.md.
 */
#ifndef CARILLON_SANDBOX_CONTROL_H
#define CARILLON_SANDBOX_CONTROL_H

#include "sandbox/sandbox.h"

extern const struct sandbox_row sandbox_control_rows[];

#endif

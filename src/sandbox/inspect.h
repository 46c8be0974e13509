/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect - what the control API shows: objects, requests, fetches, tokens, settings
 * Layer sandbox. Handlers of control.c's rows.
 */
#ifndef CARILLON_SANDBOX_INSPECT_H
#define CARILLON_SANDBOX_INSPECT_H

#include "sandbox/sandbox.h"

void sandbox_inspect_state(struct exchange *ex);
void sandbox_inspect_objects(struct exchange *ex);
void sandbox_inspect_commits(struct exchange *ex);
void sandbox_inspect_requests(struct exchange *ex);
void sandbox_inspect_fetches(struct exchange *ex);
void sandbox_inspect_faults(struct exchange *ex);
void sandbox_inspect_plan(struct exchange *ex);

#endif

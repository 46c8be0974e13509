/* SPDX-License-Identifier: Apache-2.0 */
/*
 * responder_confine - what a worker of either pool gives up before its first request
 * Every capability, and by base/confine.h all files but those that its work is done with: programs
 * and their libraries, the system's settings, the media, for the platform pool the journal, and the
 * folders of the few files that the settings name. Needs what the master has loaded already.
 */
#ifndef CARILLON_RESPONDER_CONFINE_H
#define CARILLON_RESPONDER_CONFINE_H

#include <stdbool.h>

#include "base/config.h"

/*
 * Takes the media tools' bubblewrap out of cfg, which could build no box any more: child.h boxes
 * them by the same means instead. What the kernel lacks is logged and done without.
 */
void responder_confine(struct config *cfg, bool is_platform);

#endif

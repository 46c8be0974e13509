/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retry - back-off; pure
 * Layer domain. Faults: full jitter over base * 2^tries up to cap. Throttling: equal jitter, and
 * never before what the platform asked for. `random` is any uniform 32 bit number.
 */
#ifndef CARILLON_DOMAIN_RETRY_H
#define CARILLON_DOMAIN_RETRY_H

#include <stdint.h>

int64_t retry_fault_us(int tries, int64_t base_us, int64_t cap_us, uint32_t random);
int64_t retry_throttle_us(int tries, int64_t base_us, int64_t cap_us, int64_t asked_us,
			  uint32_t random);

#endif

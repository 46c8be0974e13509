/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/retry.h"

#include "base/bug.h"

#define DOUBLINGS_MAX 40

static int64_t step_us(int tries, int64_t base_us, int64_t cap_us)
{
	int64_t step = base_us;

	for (int i = 0; i < tries && i < DOUBLINGS_MAX && step < cap_us; i++)
		step *= 2;
	return step < cap_us ? step : cap_us;
}

/* A point of [0, span], by the 32 random bits. */
static int64_t part_of(int64_t span_us, uint32_t random)
{
	const int64_t whole = span_us >> 32, rest = span_us & 0xffffffffLL;

	return whole * random + (int64_t)(((uint64_t)rest * random) >> 32);
}

int64_t retry_fault_us(int tries, int64_t base_us, int64_t cap_us, uint32_t random)
{
	return part_of(step_us(tries, base_us, cap_us), random);
}

int64_t retry_throttle_us(int tries, int64_t base_us, int64_t cap_us, int64_t asked_us,
			  uint32_t random)
{
	const int64_t step = step_us(tries, base_us, cap_us);
	const int64_t wait = step - step / 2 + part_of(step / 2, random);

	/* The jitter comes on top of what was asked: everybody was told the same instant. */
	return asked_us > 0 && !BUG(retry_after_ignored) ? asked_us + part_of(step / 2, random)
							 : wait;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/draw.h"

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL; /* splitmix64 */
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

uint64_t draw(uint64_t seed, uint64_t round, uint64_t index, uint64_t use)
{
	return mix(mix(mix(mix(seed) ^ round) ^ index) ^ use);
}

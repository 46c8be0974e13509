/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw - random bits as a pure function of a seed and of what they are for
 * Tests only. Each use has a number of its own, so that no draw depends on another.
 */
#ifndef CARILLON_TESTS_DRAW_H
#define CARILLON_TESTS_DRAW_H

#include <stdint.h>

uint64_t draw(uint64_t seed, uint64_t round, uint64_t index, uint64_t use);

#endif

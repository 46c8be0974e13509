/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fp - named crash points
 * Layer base. FP(F10_before_permit) does nothing in a release build (--enable-failpoints lacks).
 * With it, the file named by CARILLON_FAILPOINTS holds lines `NAME HIT ACTION` (ACTION: kill,
 * stop:MS, sleep:MS, errno:E) and each passage is appended to `<file>.hits`, one name a line,
 * so a test can tell which points fired. Names: reliability numbers F01..F27 and a word.
 */
#ifndef CARILLON_BASE_FP_H
#define CARILLON_BASE_FP_H

#ifdef ENABLE_FAILPOINTS
int fp_hit(const char *name); /* 0, or -errno when the plan injects one */
#define FP(name) fp_hit(#name)
#else
#define FP(name) 0
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleanup - scope-bound ownership
 * Layer base. A local that owns something carries CLEANUP(type_free); TAKE() moves it out.
 */
#ifndef CARILLON_BASE_CLEANUP_H
#define CARILLON_BASE_CLEANUP_H

#define CLEANUP(fn) __attribute__((__cleanup__(fn##_cleanup), __unused__))

/* For a destructor `void fn(T)` that accepts NULL, T a pointer type. */
#define DEFINE_CLEANUP(T, fn)                 \
	static inline void fn##_cleanup(T *p) \
	{                                     \
		if (*p)                       \
			fn(*p);               \
	}                                     \
	struct cleanup_needs_semicolon

/* For a destructor `void fn(T *)` that empties an embedded struct. */
#define DEFINE_CLEANUP_VALUE(T, fn)           \
	static inline void fn##_cleanup(T *p) \
	{                                     \
		fn(p);                        \
	}                                     \
	struct cleanup_needs_semicolon

/* Yields the pointer and leaves NULL behind. */
#define TAKE(p)                             \
	(__extension__({                    \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	}))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif

dnl SPDX-License-Identifier: Apache-2.0
dnl APP_WARNINGS
dnl Set WARNING_CFLAGS: the language standard and each warning that the compiler knows.
dnl --enable-werror makes them errors; a release does not, because a newer compiler warns anew.
AC_DEFUN([APP_WARNINGS], [
AC_ARG_ENABLE([werror],
	[AS_HELP_STRING([--enable-werror], [treat warnings as errors])])
WARNING_CFLAGS=
APP_TRY_CFLAGS([WARNING_CFLAGS], [-std=gnu17 -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wwrite-strings \
	-Wformat=2 -Wcast-qual -Wundef -Wvla -Walloca -Wpointer-arith -Wnull-dereference \
	-Wimplicit-fallthrough -Wdouble-promotion -Wdate-time -Wformat-signedness -Wlogical-op \
	-Wduplicated-cond -Wduplicated-branches -Wjump-misses-init])
AS_IF([test "x$enable_werror" = xyes], [WARNING_CFLAGS="$WARNING_CFLAGS -Werror"])
AC_SUBST([WARNING_CFLAGS])
])

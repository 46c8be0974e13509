dnl SPDX-License-Identifier: Apache-2.0
dnl APP_SANITIZERS
dnl --enable-sanitizers: address (with leaks) and undefined behaviour, the first finding ends the
dnl program; a compiler that has libFuzzer also counts for it (FUZZER), which costs little.
dnl --enable-coverage: gcov counters, no optimisation. Sets INSTRUMENT_CFLAGS/LDFLAGS.
AC_DEFUN([APP_SANITIZERS], [
AC_ARG_ENABLE([sanitizers],
	[AS_HELP_STRING([--enable-sanitizers], [find memory errors and undefined behaviour at run time])])
AC_ARG_ENABLE([coverage],
	[AS_HELP_STRING([--enable-coverage], [count executed lines for `make coverage'])])
INSTRUMENT_CFLAGS=
INSTRUMENT_LDFLAGS=
FUZZER_CFLAGS=
AS_IF([test "x$enable_sanitizers" = xyes],
	[INSTRUMENT_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
	APP_TRY_CFLAGS([FUZZER_CFLAGS], [-fsanitize=fuzzer-no-link])
	INSTRUMENT_CFLAGS="$INSTRUMENT_CFLAGS$FUZZER_CFLAGS"
	INSTRUMENT_LDFLAGS="-fsanitize=address,undefined"
	APP_CPPFLAGS="$APP_CPPFLAGS -DENABLE_SANITIZERS"])
AS_IF([test "x$enable_coverage" = xyes],
	[INSTRUMENT_CFLAGS="$INSTRUMENT_CFLAGS --coverage -O0"
	INSTRUMENT_LDFLAGS="$INSTRUMENT_LDFLAGS --coverage"])
AC_SUBST([INSTRUMENT_CFLAGS])
AC_SUBST([INSTRUMENT_LDFLAGS])
AM_CONDITIONAL([FUZZER], [test "x$FUZZER_CFLAGS" != x])
AM_CONDITIONAL([COVERAGE], [test "x$enable_coverage" = xyes])
])

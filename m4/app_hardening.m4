dnl SPDX-License-Identifier: Apache-2.0
dnl APP_HARDENING
dnl Set HARDENING_CFLAGS and HARDENING_LDFLAGS to what compiler and linker offer against exploits.
dnl Fortified libc calls need optimisation and hide findings from the sanitizers, so an
dnl instrumented build goes without them.
AC_DEFUN([APP_HARDENING], [
HARDENING_CFLAGS=
HARDENING_LDFLAGS=
APP_TRY_CFLAGS([HARDENING_CFLAGS], [-fPIE -fno-common -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero \
	-fno-delete-null-pointer-checks -fno-strict-aliasing])
APP_TRY_LDFLAGS([HARDENING_LDFLAGS], [-pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack])
AS_IF([test "x$enable_sanitizers$enable_coverage" = x ||
		test "x$enable_sanitizers$enable_coverage" = xnono],
	[APP_CPPFLAGS="$APP_CPPFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"])
AC_SUBST([HARDENING_CFLAGS])
AC_SUBST([HARDENING_LDFLAGS])
])

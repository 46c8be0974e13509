dnl SPDX-License-Identifier: Apache-2.0
dnl APP_TRY_CFLAGS(VARIABLE, FLAGS)
dnl Append each of FLAGS to VARIABLE that the compiler takes without a word.
AC_DEFUN([APP_TRY_CFLAGS], [
for app_flag in $2; do
	AC_MSG_CHECKING([whether $CC takes $app_flag])
	app_saved_cflags=$CFLAGS
	CFLAGS="$CFLAGS -Werror $app_flag"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
		[AC_MSG_RESULT([yes])
		$1="$$1 $app_flag"],
		[AC_MSG_RESULT([no])])
	CFLAGS=$app_saved_cflags
done
])

dnl APP_TRY_LDFLAGS(VARIABLE, FLAGS)
dnl The same for flags of the link step.
AC_DEFUN([APP_TRY_LDFLAGS], [
for app_flag in $2; do
	AC_MSG_CHECKING([whether the linker takes $app_flag])
	app_saved_cflags=$CFLAGS
	app_saved_ldflags=$LDFLAGS
	CFLAGS="$CFLAGS -Werror -fPIE"
	LDFLAGS="$LDFLAGS $app_flag"
	AC_LINK_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
		[AC_MSG_RESULT([yes])
		$1="$$1 $app_flag"],
		[AC_MSG_RESULT([no])])
	CFLAGS=$app_saved_cflags
	LDFLAGS=$app_saved_ldflags
done
])

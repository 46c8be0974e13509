dnl SPDX-License-Identifier: Apache-2.0
dnl APP_PACKAGES(LIST, GROUP)
dnl Look for every pkg-config module that the rows of GROUP in LIST name; report all that are
dnl missing at once, with the one command that installs them.
AC_DEFUN([APP_PACKAGES], [
AC_PATH_PROG([PKG_CONFIG], [pkg-config])
app_missing_modules=
app_missing_packages=
AS_IF([test -z "$PKG_CONFIG"],
	[app_missing_modules=" pkg-config"
	app_missing_packages=" pkg-config"
	PKG_CONFIG=false])
while read app_package app_group app_probe; do
	AS_CASE([$app_package], [""|"#"*], [continue])
	test "x$app_group" = "x$2" || continue
	AS_CASE([$app_probe],
		[pc:*], [app_module=`expr "$app_probe" : 'pc:\(.*\)'`],
		[continue])
	AC_MSG_CHECKING([for $app_module])
	AS_IF([$PKG_CONFIG --exists "$app_module"],
		[AC_MSG_RESULT([`$PKG_CONFIG --modversion "$app_module"`])],
		[AC_MSG_RESULT([no])
		app_missing_modules="$app_missing_modules $app_module"
		app_missing_packages="$app_missing_packages $app_package"])
done < "$srcdir/$1"
AS_IF([test -n "$app_missing_modules"],
	[AC_MSG_ERROR([missing:$app_missing_modules
Install them with:
    apt-get install$app_missing_packages])])

app_modules="fcgi libcurl jansson libmariadb libssl libcrypto glib-2.0 inih libargon2 libseccomp"
dnl Headers of packages count as the system's: warnings are for our own code.
CARILLON_CFLAGS=`$PKG_CONFIG --cflags $app_modules | sed "s,-I,-isystem ,g"`
CARILLON_LIBS=`$PKG_CONFIG --libs $app_modules`
MICROHTTPD_CFLAGS=`$PKG_CONFIG --cflags libmicrohttpd | sed "s,-I,-isystem ,g"`
MICROHTTPD_LIBS=`$PKG_CONFIG --libs libmicrohttpd`
CHECK_CFLAGS=`$PKG_CONFIG --cflags check`
CHECK_LIBS=`$PKG_CONFIG --libs check`
AC_SUBST([CARILLON_CFLAGS])
AC_SUBST([CARILLON_LIBS])
AC_SUBST([MICROHTTPD_CFLAGS])
AC_SUBST([MICROHTTPD_LIBS])
AC_SUBST([CHECK_CFLAGS])
AC_SUBST([CHECK_LIBS])
])

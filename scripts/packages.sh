# SPDX-License-Identifier: Apache-2.0
# Installs what packages.txt names; nothing that it installs may start a service.
# shellcheck shell=bash

package_present() {
	case $2 in
	cmd:*) PATH=$PATH:/usr/sbin:/sbin command -v "${2#cmd:}" >/dev/null 2>&1 ;;
	file:*) [ -e "${2#file:}" ] ;;
	pc:*) have pkg-config && pkg-config --exists "${2#pc:}" ;;
	*) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
	esac
}

# missing_packages GROUP...
missing_packages() {
	local package group probe wanted=" $* "
	while read -r package group probe; do
		case $package in '' | '#'*) continue ;; esac
		case $wanted in *" $group "*) ;; *) continue ;; esac
		package_present "$package" "$probe" || printf '%s\n' "$package"
	done <"$TOP/packages.txt"
}

# While packages are unpacked no maintainer script may start a daemon; what stood there before
# comes back whatever happens.
guard_services() {
	POLICY=/usr/sbin/policy-rc.d
	POLICY_SAVED=
	if [ -e "$POLICY" ] || [ -L "$POLICY" ]; then
		POLICY_SAVED=$POLICY.carillon-saved
		mv -f "$POLICY" "$POLICY_SAVED"
	fi
	trap unguard_services EXIT
	trap 'exit 130' INT TERM
	printf '#!/bin/sh\nexit 101\n' >"$POLICY"
	chmod 755 "$POLICY"
}

unguard_services() {
	rm -f "$POLICY"
	[ -z "$POLICY_SAVED" ] || mv -f "$POLICY_SAVED" "$POLICY"
	trap - EXIT INT TERM
}

# A service that came with a package of ours shall not start at the next boot either.
disable_new_services() {
	have systemctl || return 0
	local unit
	dpkg-query -L "$@" 2>/dev/null | sed -n 's,^\(/usr\)\?/lib/systemd/system/\([^@/]*\.service\)$,\2,p' |
		sort -u | while read -r unit; do
		systemctl disable --quiet "$unit" >/dev/null 2>&1 || true
	done
}

apt_install() {
	local log=$1 before
	shift
	before=$(dpkg-query -W -f '${Package}\n' | sort)
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 || return 1
	apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
		--no-install-recommends install "$@" >>"$log" 2>&1 </dev/null || return 1
	# shellcheck disable=SC2046 # one name a word
	disable_new_services $(comm -13 <(printf '%s\n' "$before") \
		<(dpkg-query -W -f '${Package}\n' | sort))
}

install_packages() {
	local missing log
	missing=$(missing_packages "$@" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	is_root || die "missing packages; install them with: apt-get install $missing"
	step "installing $missing"
	log=$(mktemp /tmp/carillon-apt.XXXXXX)
	# shellcheck disable=SC2086 # one package a word
	if ! (guard_services && apt_install "$log" $missing); then
		tail -n 20 "$log" >&2
		die "could not install $missing(see $log)"
	fi
	rm -f "$log"
}

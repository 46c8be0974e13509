# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# The checkout belongs to whoever called sudo: what is built in it shall be theirs too.
builder() {
	if is_root && [ -n "${SUDO_UID:-}" ] && [ "$SUDO_UID" != 0 ]; then
		setpriv --reuid="$SUDO_UID" --regid="${SUDO_GID:-$SUDO_UID}" --clear-groups -- "$@"
	else
		"$@"
	fi
}

configure_is_stale() {
	[ -x "$TOP/configure" ] && [ -f "$TOP/Makefile.in" ] || return 0
	[ -n "$(find "$TOP/configure.ac" "$TOP/m4" "$TOP/Makefile.am" "$TOP/src/files.am" \
		"$TOP/tests/files.am" -newer "$TOP/configure" -print -quit)" ]
}

# logged FILE COMMAND...: silent when all is well, the end of the log when not.
logged() {
	local log=$1
	shift
	"$@" >>"$log" 2>&1 </dev/null && return 0
	tail -n 40 "$log" >&2
	warn "failed: $* (whole log: $log)"
	return 1
}

jobs_of_make() { nproc 2>/dev/null || echo 2; }

# build_tree FOLDER TARGET [CONFIGURE ARGUMENT...]
build_tree() {
	local dir=$1 target=$2 log=$1/build.log
	shift 2
	builder mkdir -p "$dir"
	builder sh -c ': >"$1"' sh "$log"
	if configure_is_stale; then
		step "autoreconf"
		(cd "$TOP" && logged "$log" builder autoreconf -i) || return 1
		touch -c "$TOP/configure"
	fi
	if [ ! -f "$dir/Makefile" ] || [ "$(cat "$dir/configured" 2>/dev/null)" != "$*" ]; then
		step "configure $* in $dir"
		(cd "$dir" && logged "$log" builder "$TOP/configure" -q "$@") || return 1
		builder sh -c 'printf "%s\n" "$2" >"$1"' sh "$dir/configured" "$*"
	fi
	step "make $target in $dir"
	logged "$log" builder make -C "$dir" -s -j"$(jobs_of_make)" "$target"
}

PROGRAMS="carillon-responder carillon-publish carillon-admin carillon-sandbox"

# An instance runs copies, so that a rebuild never changes what is running. What runs an older
# build is stopped here and starts again with the rest.
install_programs() {
	local program replaced=no
	folder "$BIN_DIR" root root 755
	for program in $PROGRAMS; do
		[ -x "$BUILD_DIR/$program" ] || die "$BUILD_DIR/$program is missing: build first"
		cmp -s "$BUILD_DIR/$program" "$BIN_DIR/$program" || {
			install -m 755 "$BUILD_DIR/$program" "$BIN_DIR/$program.new"
			mv -f "$BIN_DIR/$program.new" "$BIN_DIR/$program"
			replaced=yes
		}
	done
	if [ "$replaced" = yes ] || programs_are_old; then
		stop_programs
	fi
	rm -rf "$HOME_DIR/sql"
	cp -r "$TOP/sql" "$HOME_DIR/sql"
}

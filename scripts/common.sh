# SPDX-License-Identifier: Apache-2.0
# Where things are and who runs them. Sourced by ./carillon; TOP is the checkout.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*" >&2; }
warn() { printf 'carillon: %s\n' "$*" >&2; }
die() {
	warn "$*"
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }
short_hash() { printf '%s' "$1" | sha256sum | cut -c1-8; }

# Can a uid that owns nothing here reach this folder? Looks at the nearest that exists and up.
reachable() {
	local dir=$1
	while [ ! -d "$dir" ]; do dir=$(dirname "$dir"); done
	while [ "$dir" != / ]; do
		case $(stat -c %A "$dir") in
		*x | *t) ;;
		*) return 1 ;;
		esac
		dir=$(dirname "$dir")
	done
}

# Everything about one instance follows from where it is wanted.
place_instance() {
	local wanted=${CARILLON_HOME:-$TOP/var} hash
	wanted=$(realpath -m "$wanted")
	hash=$(short_hash "$wanted")
	HOME_DIR=$wanted
	RUN_DIR=/run/carillon-$hash
	if is_root; then
		reachable "$wanted" || HOME_DIR=/var/lib/carillon-$hash
	else
		RUN_DIR=/tmp/carillon-$(id -u)-$hash
		[ ! -w "${XDG_RUNTIME_DIR:-/nonexistent}" ] || RUN_DIR=$XDG_RUNTIME_DIR/carillon-$hash
	fi
	CONF_DIR=$HOME_DIR/conf
	LOG_DIR=$HOME_DIR/log
	PID_DIR=$RUN_DIR/pids
	CONFIG=$CONF_DIR/carillon.ini
	SANDBOX_CONFIG=$CONF_DIR/sandbox.ini
	CREDENTIALS=$CONF_DIR/credentials
	DB_SOCKET=$RUN_DIR/db/mariadb.sock
	BIN_DIR=$HOME_DIR/bin
	BUILD_DIR=${CARILLON_BUILD:-$TOP/build}
}

# The system users; without root every part runs as the one who called.
choose_users() {
	if is_root; then
		WEB_USER=carillon-web RUN_USER=carillon-run MEDIA_USER=carillon-media
		DB_USER=carillon-db GROUP=carillon
	else
		WEB_USER=$(id -un) GROUP=$(id -gn)
		RUN_USER=$WEB_USER MEDIA_USER=$WEB_USER DB_USER=$WEB_USER
	fi
}

create_users() {
	is_root || return 0
	getent group "$GROUP" >/dev/null || groupadd --system "$GROUP"
	local user
	for user in "$WEB_USER" "$RUN_USER" "$MEDIA_USER" "$DB_USER"; do
		id "$user" >/dev/null 2>&1 || useradd --system --user-group --no-create-home \
			--home-dir /nonexistent --shell /usr/sbin/nologin "$user"
	done
	usermod -a -G "$GROUP" "$WEB_USER"
	usermod -a -G "$GROUP" "$RUN_USER"
}

# as USER COMMAND...: run under that uid with its groups and without a way back.
as() {
	local user=$1
	shift
	if is_root && [ "$user" != root ]; then
		exec_as "$user" "$@"
	else
		"$@"
	fi
}
exec_as() {
	local user=$1
	shift
	setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --no-new-privs \
		--inh-caps=-all --bounding-set=-all -- "$@"
}

# folder PATH OWNER GROUP MODE
folder() {
	mkdir -p "$1"
	! is_root || chown "$2:$3" "$1"
	chmod "$4" "$1"
}

# put FILE OWNER GROUP MODE < content: appears whole, and never with wider rights than asked for.
put() {
	local new
	new=$(mktemp "$1.XXXXXX")
	cat >"$new"
	! is_root || chown "$2:$3" "$new"
	chmod "$4" "$new"
	mv -f "$new" "$1"
}

# render FILE NAME=VALUE...: print FILE with each @NAME@ replaced; a name left over is an error.
render() {
	local file=$1 text pair
	shift
	text=$(cat "$file")
	for pair in "$@"; do
		text=${text//@${pair%%=*}@/${pair#*=}}
	done
	if printf '%s\n' "$text" | grep -q '@[A-Z_]*@'; then
		die "$file: unknown name $(printf '%s\n' "$text" | grep -o '@[A-Z_]*@' | head -n 1)"
	fi
	printf '%s\n' "$text"
}

# render_to TARGET FILE NAME=VALUE...
render_to() {
	local target=$1 text
	shift
	text=$(render "$@") || exit 1
	printf '%s\n' "$text" | put "$target" root root 644
}

# setting SECTION NAME DEFAULT: a value of the instance's INI file.
setting() {
	local value
	value=$(awk -v section="[$1]" -v name="$2" '
		/^[ \t]*\[/ { gsub(/[ \t\r]/, ""); inside = ($0 == section); next }
		inside && match($0, /^[ \t]*[a-z0-9_]+[ \t]*=/) {
			key = substr($0, 1, RLENGTH - 1); gsub(/[ \t]/, "", key)
			if (key == name) {
				value = substr($0, RLENGTH + 1)
				sub(/[ \t]+;.*$/, "", value); gsub(/^[ \t]+|[ \t\r]+$/, "", value)
				print value; exit
			}
		}' "$CONFIG" 2>/dev/null)
	printf '%s\n' "${value:-$3}"
}

# One caller at a time changes an instance.
lock_instance() {
	exec 9>"$RUN_DIR/lock"
	flock -w 300 9 || die "another ./carillon works on this instance"
}

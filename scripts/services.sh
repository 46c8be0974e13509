# SPDX-License-Identifier: Apache-2.0
# The processes of an instance, each known by pid and start time, so that a number used again by a
# stranger is never signalled.
# shellcheck shell=bash

start_time_of() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# service_pid NAME: prints the pid while that very process lives.
service_pid() {
	local pid since
	[ -f "$PID_DIR/$1" ] || return 1
	read -r pid since <"$PID_DIR/$1" || return 1
	[ -n "$since" ] && [ "$(start_time_of "$pid")" = "$since" ] || return 1
	[ "$(sed 's/^.*) //' "/proc/$pid/stat" 2>/dev/null | cut -c1)" != Z ] || return 1
	printf '%s\n' "$pid"
}

# start_service NAME USER COMMAND...: output goes to LOG_DIR/NAME.log
start_service() {
	local name=$1 user=$2 pid
	shift 2
	service_pid "$name" >/dev/null && return 0
	(
		exec 9>&- </dev/null >>"$LOG_DIR/$name.log" 2>&1
		cd /
		umask 0027
		if is_root && [ "$user" != root ]; then
			exec setsid setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
				--no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
		fi
		exec setsid "$@"
	) &
	pid=$!
	disown "$pid" 2>/dev/null || true
	printf '%s %s\n' "$pid" "$(start_time_of "$pid")" >"$PID_DIR/$name"
}

# wait_for SECONDS SERVICE COMMAND...: until COMMAND succeeds and the service lives, for a stranger
# might have answered in its place; the service's log says why not.
wait_for() {
	local end=$((SECONDS + $1)) name=$2
	shift 2
	until "$@" >/dev/null 2>&1 && service_pid "$name" >/dev/null; do
		if [ "$SECONDS" -ge "$end" ] || ! service_pid "$name" >/dev/null; then
			tail -n 20 "$LOG_DIR/$name.log" >&2
			warn "$name does not come up (log: $LOG_DIR/$name.log)"
			return 1
		fi
		sleep 0.1
	done
}

# stop_service NAME SECONDS [SIGNAL]
stop_service() {
	local name=$1 end=$((SECONDS + $2)) pid
	if pid=$(service_pid "$name"); then
		kill "-${3:-TERM}" "$pid" 2>/dev/null || true
		while service_pid "$name" >/dev/null; do
			if [ "$SECONDS" -ge "$end" ]; then
				warn "$name did not end in $2 s; killing it"
				kill -KILL "$pid" 2>/dev/null || true
				break
			fi
			sleep 0.05
		done
	fi
	rm -f "$PID_DIR/$name"
}

# Runners outlive whoever started them; what runs from this instance's own bin folder is ours. They
# hide their exe link from all but root; without root their own word must do.
program_of() {
	local word
	readlink "/proc/$1/exe" 2>/dev/null && return 0
	! is_root || return 1
	{ IFS= read -r -d '' word <"/proc/$1/cmdline"; } 2>/dev/null && printf '%s\n' "$word"
}

programs_left() {
	local dir
	for dir in /proc/[0-9]*; do
		case $(program_of "${dir#/proc/}") in "$BIN_DIR"/*) printf '%s\n' "${dir#/proc/}" ;; esac
	done
}

# A program whose file was replaced under it is known by the link's last word.
programs_are_old() {
	local pid
	for pid in $(programs_left); do
		case $(readlink "/proc/$pid/exe" 2>/dev/null) in *' (deleted)') return 0 ;; esac
	done
	return 1
}

stop_programs_left() {
	local end=$((SECONDS + $1)) left
	left=$(programs_left)
	# shellcheck disable=SC2086 # one pid a word
	[ -z "$left" ] || kill -TERM $left 2>/dev/null || true
	while left=$(programs_left) && [ -n "$left" ]; do
		if [ "$SECONDS" -ge "$end" ]; then
			# shellcheck disable=SC2086
			kill -KILL $left 2>/dev/null || true
			sleep 0.2
			return 0
		fi
		sleep 0.1
	done
}

# A build with crash points looks for what to do at them; the tests write that file.
start_pools() {
	local -x CARILLON_FAILPOINTS=$CONF_DIR/failpoints
	start_service api "$WEB_USER" "$BIN_DIR/carillon-responder" -c "$CONFIG" api
	start_service platform "$RUN_USER" "$BIN_DIR/carillon-responder" -c "$CONFIG" platform
	wait_for 20 api test -S "$(setting pool api_socket '')" || return 1
	wait_for 20 platform test -S "$(setting pool platform_socket '')"
}

start_sandbox() {
	start_service sandbox "$MEDIA_USER" "$BIN_DIR/carillon-sandbox" -c "$SANDBOX_CONFIG"
	wait_for 20 sandbox port_answers "$(setting sandbox listen 127.0.0.1:8090)"
}

start_runner() {
	render_to "$CONF_DIR/carillon.cron" "$TOP/etc/carillon.cron.in" RUN_USER="$RUN_USER" \
		SBINDIR="$BIN_DIR" CONFIG="$CONFIG" LOG_FOLDER="$LOG_DIR"
	install -m 755 "$TOP/scripts/each-minute" "$BIN_DIR/each-minute"
	start_service runner "$RUN_USER" "$BIN_DIR/each-minute" "$CONF_DIR/carillon.cron"
}

SERVICES="mariadb sandbox api platform nginx runner"

stop_programs() {
	stop_service runner 5
	stop_service api 20
	stop_service platform 30
	stop_service sandbox 5
	stop_programs_left 30
}

stop_services() {
	stop_service nginx 10
	stop_programs
	stop_service mariadb 60
}

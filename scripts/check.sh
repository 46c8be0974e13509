# SPDX-License-Identifier: Apache-2.0
# Builds and tests everything on an instance of its own, beside one that may be running. Its last
# line is "N passed, N failed"; it leaves no process behind, however it ends.
#
# Tests mostly wait, so three things go on at once: what needs the instance, one program after
# another; what brings its own database and sandbox, some at a time; and, at a lower priority, what
# only computes: the second compiler, the lints. The sanitized tree is clang's, so one build shows that
# clang has nothing to say, finds errors of memory, and holds the fuzz targets.
# shellcheck shell=bash

BESIDE_WIDTH=3

check() {
	SECONDS=0
	CHECK_DIR=$TOP/build-check
	VERDICTS=$CHECK_DIR/verdicts
	BESIDE=()
	export CARILLON_HOME=$CHECK_DIR/home CARILLON_DEMO
	install_packages build run check
	place_instance
	builder mkdir -p "$CHECK_DIR/logs"
	: >"$VERDICTS"
	trap check_stop EXIT
	trap 'exit 130' INT TERM
	check_everything
	check_stop
	trap - EXIT
	report
}

report() {
	local passed failed skipped
	passed=$(count_of PASS) failed=$(count_of FAIL) skipped=$(count_of SKIP)
	[ "$failed" -gt 0 ] || rm -rf "$HOME_DIR"
	[ "$skipped" -eq 0 ] || say "$skipped skipped"
	say "took $((SECONDS / 60)) min $((SECONDS % 60)) s; logs are in $CHECK_DIR/logs"
	say "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

count_of() { awk -v word="$1" '$1 == word { n += $2 } END { print n + 0 }' "$VERDICTS"; }

check_everything() {
	check_build normal --enable-werror --enable-failpoints || return 0
	export RACE_ROUNDS=12
	beside computing check_sanitized_build
	local build=${BESIDE[0]}
	beside computing check_sources "$build"
	beside at_ease run_beside normal
	local programs=${BESIDE[2]}
	check_suites normal yes
	tail -f --pid="$build" /dev/null
	# What tries orders, accidents and servers rather than code: the code of them is walked by the others.
	LEFT_OUT='^tests/(model/|networks/|faults/(crash|hosts|clock|disk_full)_test|publish/convert_test)'
	export CHAOS_POSTS=200 RACE_ROUNDS=4
	if [ -e "$CHECK_DIR/sanitized/complete" ]; then
		beside at_ease check_sanitized_programs "$programs"
		check_suites sanitized no
	fi
	end_beside
}

check_sanitized_build() {
	check_build sanitized --enable-werror --enable-sanitizers --enable-failpoints CC=clang \
		CFLAGS='-g1 -O1' && builder touch "$CHECK_DIR/sanitized/complete"
}

# check_sanitized_programs PID: when that process has ended.
check_sanitized_programs() {
	tail -f --pid="$1" /dev/null
	run_beside sanitized
}

# check_sources PID: what needs no program to run, when that process has ended.
check_sources() {
	tail -f --pid="$1" /dev/null
	check_lint normal
	check_installation normal
	check_command reproducible env CARILLON_BUILD="$CHECK_DIR/normal" CARILLON_SRCDIR="$TOP" \
		"$TOP/tests/reproducible/run" || true
	check_command "no planted bugs" env CARILLON_BUILD="$CHECK_DIR/normal" CARILLON_SRCDIR="$TOP" \
		"$TOP/tests/planted/absent" || true
}

# verdict PASS|FAIL|SKIP NAME [COUNT OF CASES]
verdict() {
	printf '%s %s\n' "$1" "${3:-1}" >>"$VERDICTS"
	printf '%4s s  %s  %s\n' "$SECONDS" "$1" "$2"
}

# check_command NAME COMMAND...: one test that is a command.
check_command() {
	local name=$1 log=$CHECK_DIR/logs/${1//[\/ ]/-}.log status=0
	shift
	"$@" >"$log" 2>&1 </dev/null || status=$?
	if [ "$status" -eq 0 ]; then
		verdict PASS "$name"
	else
		tail -n 40 "$log"
		verdict FAIL "$name (log: $log)"
	fi
	return "$status"
}

check_build() {
	local tree=$1
	shift
	check_command "$tree build" build_check_tree "$tree" "$@"
}

# Compiling needs no order: programs and tests in one make.
build_check_tree() {
	build_tree "$CHECK_DIR/$1" all "${@:2}" &&
		logged "$CHECK_DIR/$1/build.log" builder make -C "$CHECK_DIR/$1" -s \
			-j"$(jobs_of_make)" check TESTS=
}

check_lint() {
	local line log=$CHECK_DIR/logs/lint.log
	builder make -C "$CHECK_DIR/$1" -s lint >"$log" 2>&1 </dev/null || true
	grep -v '^\(PASS\|SKIP\): ' "$log" | grep -v '^make' | head -n 60 || true
	while IFS= read -r line; do
		verdict "${line%%:*}" "${line#*: }"
	done < <(grep '^\(PASS\|FAIL\|SKIP\): ' "$log")
}

# What `make install` lays down, `make uninstall` takes away.
check_installation() {
	check_command installation install_and_uninstall "$CHECK_DIR/$1" "$CHECK_DIR/root" || true
	rm -rf "$CHECK_DIR/root"
}

install_and_uninstall() {
	local file
	rm -rf "$2"
	make -C "$1" -s install DESTDIR="$2" prefix=/usr sysconfdir=/etc || return 1
	for file in usr/sbin/carillon-responder usr/bin/carillon-admin etc/cron.d/carillon \
		etc/nginx/sites-available/carillon etc/nginx/carillon/tls.conf \
		etc/carillon/carillon.ini.sample usr/lib/systemd/system/carillon-api.service; do
		[ -f "$2/$file" ] || { echo "$file was not installed"; return 1; }
	done
	make -C "$1" -s uninstall DESTDIR="$2" prefix=/usr sysconfdir=/etc || return 1
	file=$(find "$2" -type f | head -n 5)
	[ -z "$file" ] || { echo "left behind: $file"; return 1; }
}

# programs_of TREE instance|beside: the test programs that need an instance, or the others, in the
# order of tests/files.am.
programs_of() {
	make -C "$CHECK_DIR/$1" -s "print-$2-tests" | tr ' ' '\n' | grep -vE "${LEFT_OUT:-^$}"
}

# beside computing|at_ease COMMAND...: until end_beside.
beside() {
	"$@" </dev/null 9>&- &
	BESIDE+=("$!")
}

# Whoever computes leaves the processors to those that mind being late.
computing() {
	renice -n 10 -p "$BASHPID" >/dev/null
	at_ease "$@"
}

at_ease() {
	trap - EXIT INT TERM
	"$@"
}

end_beside() {
	wait "${BESIDE[@]}" || true
	BESIDE=()
}

# run_beside TREE: the programs that need no instance, BESIDE_WIDTH at a time.
run_beside() {
	local name running=0
	while read -r name; do
		[ "$((running += 1))" -le "$BESIDE_WIDTH" ] || wait -n || true
		check_program "$1" "$name" &
	done < <(programs_of "$1" beside)
	wait
}

# check_program TREE NAME: counts libcheck's cases; a program that dies is at least one failure. What
# is not in the tree is a script of the checkout.
check_program() {
	local tree=$1 name=$2 file=./$2 log status=0 checks failures
	[ -e "$CHECK_DIR/$tree/$name" ] || file=$TOP/$name
	log=$CHECK_DIR/logs/$tree-${name//\//-}.log
	(cd "$CHECK_DIR/$tree" && exec 9>&- && CARILLON_BUILD=$PWD CARILLON_SRCDIR=$TOP CK_DEFAULT_TIMEOUT=120 \
		timeout -k 10 900 "$file") >"$log" 2>&1 </dev/null || status=$?
	if [ "$status" -eq 77 ]; then
		verdict SKIP "$tree $name ($(tail -n 1 "$log"))"
		return 0
	fi
	checks=$(sum_of Checks "$log")
	failures=$(($(sum_of Failures "$log") + $(sum_of Errors "$log")))
	if [ "$status" -eq 0 ] && [ "$failures" -eq 0 ]; then
		verdict PASS "$tree $name ($checks)" "$((checks > 0 ? checks : 1))"
		return 0
	fi
	grep -v ':P:' "$log" | tail -n 40
	printf 'PASS %s\n' "$((checks - failures))" >>"$VERDICTS"
	verdict FAIL "$tree $name (status $status, log: $log)" "$((failures > 0 ? failures : 1))"
}

sum_of() {
	sed -n "s/^[0-9]*%: .*\b$1: \([0-9]*\).*/\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

# check_suites TREE DEMO: what needs an instance, on one that runs this tree's programs.
check_suites() {
	local tree=$1 name
	export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
	rm -rf "$HOME_DIR"
	CARILLON_DEMO=$2 CARILLON_BUILD=$CHECK_DIR/$tree check_command "$tree carillon up" \
		"$TOP/carillon" up || { check_stop; return 0; }
	check_command "$tree short waits" shorten_waits || true
	eval "$("$TOP/carillon" env)"
	CARILLON_BUILD=$CHECK_DIR/$tree
	while read -r name; do
		check_program "$tree" "$name"
	done < <(programs_of "$tree" instance)
	check_command "$tree carillon down" stop_and_look || true
	check_command "$tree logs" clean_logs || true
	cp -r "$LOG_DIR" "$CHECK_DIR/logs/instance-$tree" 2>/dev/null || true
	unset CARILLON_BUILD
}

# A doubt takes minutes to settle by design; the tests of the platforms want many of them.
shorten_waits() {
	sed -i -e '/^\[publish\]$/a quarantine_ms = 3000\nnegative_gap_ms = 500\nretry_base_ms = 100\nretry_cap_ms = 1000\nlease_s = 5\nsend_deadline_ms = 2000\nlate_spacing_s = 1' \
		-e '/^\[instagram\(\.test\)\?\]$/a poll_image_ms = 100 100 200\npoll_video_ms = 200 200 300\nrenewal_wait_ms = 200\nlink_wait_s = 1' \
		"$CONFIG" &&
		"$TOP/carillon" reload
}

stop_and_look() {
	"$TOP/carillon" down || return 1
	[ -z "$(programs_left)" ] || { echo "still running: $(programs_left)"; return 1; }
}

# No finding of a sanitizer and no secret may stand in a log.
clean_logs() {
	! grep -E 'ERROR: (Address|Leak)Sanitizer|runtime error:|Assertion .* failed' "$LOG_DIR"/*.log |
		head -n 20 | grep . || return 1
	! grep -lFf <(cat "$HOME_DIR"/keys/*.password; credential API_KEY; credential TEST_KEY;
		credential PASSWORD) "$LOG_DIR"/*.log || return 1
}

check_stop() {
	local one
	for one in "${BESIDE[@]}"; do
		stop_tree "$one"
	done
	[ ! -d "$RUN_DIR" ] || "$TOP/carillon" down >/dev/null 2>&1 || true
}

# stop_tree PID: that process and all that came from it. None of them runs meanwhile, or it starts the
# next program when it sees that one has ended.
stop_tree() {
	local child
	kill -STOP "$1" 2>/dev/null || true
	for child in $(pgrep -P "$1"); do
		stop_tree "$child"
	done
	kill -TERM "$1" 2>/dev/null || true
	kill -CONT "$1" 2>/dev/null || true
}

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A private MariaDB for tests, on a unix socket in a folder of its own; no network.
#   mariadb.sh start FOLDER [DATABASE]   prints the socket; the caller's account is its root
#   mariadb.sh stop FOLDER               ends it by its pid file
# FOLDER must not be longer than 80 bytes: a socket's path has 107.
set -eu

action=${1:?start or stop}
folder=${2:?folder}
database=${3:-carillon}

program() {
	for name in "$@"; do
		if command -v "$name" >/dev/null 2>&1; then
			command -v "$name"
			return
		fi
		if [ -x "/usr/sbin/$name" ]; then
			echo "/usr/sbin/$name"
			return
		fi
	done
	echo "mariadb.sh: none of these is installed: $* (apt install mariadb-server-core)" >&2
	exit 69
}

start() {
	user=$(id -un)
	mkdir -p "$folder/tmp"
	chmod 700 "$folder"
	if [ ! -d "$folder/data/mysql" ]; then
		# Its temporary tables are named by pid alone, and pids repeat between containers.
		TMPDIR=$folder/tmp "$(program mariadb-install-db mysql_install_db)" --no-defaults --user="$user" \
			--datadir="$folder/data" --auth-root-authentication-method=socket \
			--auth-root-socket-user="$user" --skip-test-db >"$folder/install.log" 2>&1 ||
			{ cat "$folder/install.log" >&2; exit 70; }
	fi
	printf 'CREATE DATABASE IF NOT EXISTS `%s` CHARACTER SET utf8mb4;\n' "$database" \
		>"$folder/init.sql"
	LD_PRELOAD=${CARILLON_TEST_PRELOAD-} "$(program mariadbd mysqld)" --no-defaults --user="$user" --datadir="$folder/data" \
		--socket="$folder/db.sock" --pid-file="$folder/db.pid" --tmpdir="$folder/tmp" \
		--log-error="$folder/db.err" --skip-networking --init-file="$folder/init.sql" \
		--innodb-buffer-pool-size="${CARILLON_TEST_POOL:-48M}" \
		--innodb-log-file-size="${CARILLON_TEST_LOG:-16M}" \
		--innodb-flush-log-at-trx-commit="${CARILLON_TEST_FLUSH:-0}" --performance-schema=OFF \
		--character-set-server=utf8mb4 --collation-server=utf8mb4_general_ci \
		--binlog-format=ROW --max-connections=500 >/dev/null 2>&1 &
	pid=$!
	tries=0
	until grep -q 'ready for connections' "$folder/db.err" 2>/dev/null && [ -S "$folder/db.sock" ]; do
		tries=$((tries + 1))
		if [ $tries -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; then
			cat "$folder/db.err" >&2
			exit 70
		fi
		sleep 0.1
	done
	echo "$folder/db.sock"
}

stop() {
	[ -f "$folder/db.pid" ] || return 0
	pid=$(cat "$folder/db.pid")
	kill "$pid" 2>/dev/null || return 0
	tries=0
	while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	kill -KILL "$pid" 2>/dev/null || true
}

case $action in
start) rm -f "$folder/db.err"; start ;;
stop) stop ;;
*) echo "mariadb.sh: start or stop" >&2; exit 64 ;;
esac

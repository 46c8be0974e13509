# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

start_database() {
	folder "$HOME_DIR/mariadb" "$DB_USER" root 700
	folder "$HOME_DIR/mariadb-tmp" "$DB_USER" root 700
	folder "$HOME_DIR/mariadb-files" "$DB_USER" root 700
	folder "$RUN_DIR/db" "$DB_USER" "$GROUP" 750
	[ -f "$LOG_DIR/mariadb.log" ] || : >"$LOG_DIR/mariadb.log"
	! is_root || chown "$DB_USER" "$LOG_DIR/mariadb.log"
	render_to "$CONF_DIR/mariadb.cnf" "$TOP/etc/mariadb.cnf.in" DATA_FOLDER="$HOME_DIR/mariadb" \
		SOCKET="$DB_SOCKET" RUN_FOLDER="$RUN_DIR/db" LOG_FOLDER="$LOG_DIR" \
		TEMP_FOLDER="$HOME_DIR/mariadb-tmp" FILES_FOLDER="$HOME_DIR/mariadb-files"
	[ -d "$HOME_DIR/mariadb/mysql" ] || install_database
	start_service mariadb "$DB_USER" mariadbd --defaults-file="$CONF_DIR/mariadb.cnf"
	wait_for 60 mariadb db_root -e 'SELECT 1'
}

install_database() {
	step "creating the database server's files"
	as "$DB_USER" mariadb-install-db --defaults-file="$CONF_DIR/mariadb.cnf" \
		--auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" \
		--skip-test-db >"$LOG_DIR/mariadb-install.log" 2>&1 && return 0
	rm -rf "$HOME_DIR/mariadb"
	tail -n 20 "$LOG_DIR/mariadb-install.log" >&2
	die "could not create the database (see $LOG_DIR/mariadb-install.log)"
}

# Whoever runs this script is the server's root, by their uid.
db_root() {
	mariadb --no-defaults --socket="$DB_SOCKET" --user="$(id -un)" --batch "$@"
}

# Passwords go in through a pipe: no argument list shows them.
prepare_database() {
	local role
	{
		printf 'SET SESSION max_statement_time=0;\n'
		printf 'CREATE DATABASE IF NOT EXISTS carillon CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;\n'
		for role in admin api run; do
			printf "CREATE USER IF NOT EXISTS carillon_%s@localhost;\n" "$role"
			printf "ALTER USER carillon_%s@localhost IDENTIFIED BY '%s';\n" "$role" \
				"$(cat "$HOME_DIR/keys/$role.password")"
		done
		printf 'GRANT ALL ON carillon.* TO carillon_admin@localhost WITH GRANT OPTION;\n'
	} | db_root || die "could not prepare the database"
	admin migrate "$HOME_DIR/sql" >>"$LOG_DIR/migrate.log" 2>&1 || {
		tail -n 10 "$LOG_DIR/migrate.log" >&2
		die "the schema could not be brought up to date (log: $LOG_DIR/migrate.log)"
	}
}

admin() { "$BIN_DIR/carillon-admin" -c "$CONFIG" "$@"; }

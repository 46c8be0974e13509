# SPDX-License-Identifier: Apache-2.0
# nginx of a private instance: the site that `make install` ships, inside a server of its own.
# shellcheck shell=bash

port_answers() { (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }

# free_port FIRST: FIRST or the next one that nobody answers on.
free_port() {
	local port=$1
	while port_answers "127.0.0.1:$port"; do port=$((port + 1)); done
	printf '%s\n' "$port"
}

# address_taken SERVICE HOST:PORT: somebody answers there, and it is not that service.
address_taken() {
	! service_pid "$1" >/dev/null && port_answers "$2"
}

# move_port SERVICE PORT: away from a stranger, as long as nobody was told our addresses.
move_port() {
	local new
	[ -z "$(credential TEST_KEY)" ] ||
		die "another program listens on port $2, where $1 belongs: end it or edit $CONFIG"
	new=$(free_port "$2")
	sed "s/\(localhost\|127\.0\.0\.1\):$2\b/\1:$new/" "$CONFIG" | put "$CONFIG" root "$GROUP" 640
}

# The ports were free when the INI file was written, which may be long ago.
settle_ports() {
	local port
	port=$(setting sandbox listen 127.0.0.1:8090)
	port=${port##*:}
	! address_taken sandbox "127.0.0.1:$port" || move_port sandbox "$port"
	port=$(port_of_url "$(setting server public_url '')")
	! address_taken nginx "127.0.0.1:$port" || move_port nginx "$port"
	make_sandbox_config
}

host_of_url() { printf '%s\n' "$1" | sed 's,^[a-z]*://,,; s,/.*$,,; s,:[0-9]*$,,'; }
port_of_url() {
	local port
	port=$(printf '%s\n' "$1" | sed -n 's,^[a-z]*://[^/]*:\([0-9]*\).*$,\1,p')
	printf '%s\n' "${port:-443}"
}

render_site() {
	local url host listen hsts=$1
	url=$(setting server public_url https://localhost)
	host=$(host_of_url "$url")
	listen=${CARILLON_LISTEN:-127.0.0.1}:$(port_of_url "$url")
	render_to "$CONF_DIR/carillon/site.conf" "$TOP/nginx/carillon.conf.in" \
		API_SOCKET="$(setting pool api_socket /run/carillon/api/api.sock)" \
		PLATFORM_SOCKET="$(setting pool platform_socket /run/carillon/platform/platform.sock)" \
		LISTEN="$listen" SERVER_NAMES="$host" HSTS="$hsts" LOG_FOLDER="$LOG_DIR" \
		BODY_MAX="$(setting server body_max_bytes 1048576)" \
		UPLOAD_MAX="$(setting server upload_max_bytes 1073741824)" \
		MEDIA_FOLDER="$(setting media folder '')" UPLOAD_FOLDER="$(setting media upload_folder '')" \
		RATE=5000 BURST=10000 CONNECTIONS=2000
	rm -f "$CONF_DIR/carillon/loopback.conf"
	[ "$host" = 127.0.0.1 ] ||
		render_to "$CONF_DIR/carillon/loopback.conf" "$TOP/nginx/loopback.conf.in" \
			LISTEN="$listen" URL="${url%/}"
}

render_nginx() {
	local dir=$CONF_DIR/carillon user_line="user $WEB_USER $GROUP;" hsts=
	is_root || user_line='# every part runs as one user'
	folder "$dir" root root 755
	cp "$TOP"/nginx/carillon/*.conf "$dir/"
	render_to "$dir/tls.conf" "$TOP/nginx/carillon/tls.conf.in" \
		CERTIFICATE="$HOME_DIR/tls/server.pem" CERTIFICATE_KEY="$HOME_DIR/tls/server.key"
	# A browser would carry the promise over to every other server on localhost.
	[ "$(host_of_url "$(setting server public_url https://localhost)")" != localhost ] ||
		hsts='# not on localhost: '
	render_to "$dir/headers.conf" "$TOP/nginx/carillon/headers.conf.in" HSTS="$hsts"
	render_site "$hsts"
	render_to "$CONF_DIR/nginx.conf" "$TOP/nginx/instance.conf.in" USER_LINE="$user_line" \
		RUN_FOLDER="$RUN_DIR" LOG_FOLDER="$LOG_DIR" TEMP_FOLDER="$HOME_DIR/nginx"
}

check_nginx() {
	nginx -q -t -c "$CONF_DIR/nginx.conf" -e "$LOG_DIR/nginx.log" >"$LOG_DIR/nginx-test.log" 2>&1 || {
		cat "$LOG_DIR/nginx-test.log" >&2
		die "nginx refuses its configuration"
	}
}

start_web() {
	folder "$HOME_DIR/nginx" "$WEB_USER" "$GROUP" 700
	render_nginx
	check_nginx
	service_pid nginx >/dev/null || rm -f "$RUN_DIR/nginx.pid"
	start_service nginx root nginx -c "$CONF_DIR/nginx.conf" -e "$LOG_DIR/nginx.log"
	# It writes the number once it listens; that the port answers would prove less.
	wait_for 20 nginx test -s "$RUN_DIR/nginx.pid"
}

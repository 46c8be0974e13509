# SPDX-License-Identifier: Apache-2.0
# Keys, database passwords and certificates: made once, kept for good.
# shellcheck shell=bash

make_keys() {
	local dir=$HOME_DIR/keys
	folder "$dir" root root 755
	[ -f "$dir/sealing.key" ] || printf 'k1 %s\n' "$(openssl rand -hex 32)" |
		put "$dir/sealing.key" "$RUN_USER" root 400
	[ -f "$dir/pepper.key" ] || openssl rand 32 | put "$dir/pepper.key" root "$GROUP" 440
	[ -f "$dir/url.key" ] || openssl rand 32 | put "$dir/url.key" root "$GROUP" 440
	[ -f "$dir/api.password" ] || openssl rand -hex 24 | put "$dir/api.password" "$WEB_USER" root 400
	[ -f "$dir/run.password" ] || openssl rand -hex 24 | put "$dir/run.password" "$RUN_USER" root 400
	[ -f "$dir/admin.password" ] || openssl rand -hex 24 | put "$dir/admin.password" root root 400
}

make_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -sha256 \
		-subj "/CN=Carillon instance CA $(short_hash "$HOME_DIR")" \
		-addext basicConstraints=critical,CA:TRUE,pathlen:0 \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-keyout "$1/ca.key" -out "$1/ca.pem"
}

make_server_certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
		-keyout "$1/server.key" -out "$1/server.csr" || return 1
	printf '%s\n' 'subjectAltName=DNS:localhost,IP:127.0.0.1' 'basicConstraints=CA:FALSE' \
		'keyUsage=digitalSignature' 'extendedKeyUsage=serverAuth' >"$1/server.ext"
	openssl x509 -req -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial \
		-days 820 -sha256 -extfile "$1/server.ext" -out "$1/server.pem" || return 1
	rm -f "$1/server.csr" "$1/server.ext"
}

make_certificate() {
	local dir=$HOME_DIR/tls
	folder "$dir" root root 755
	if [ ! -f "$dir/ca.pem" ]; then
		(umask 077 && make_ca "$dir") 2>"$LOG_DIR/openssl.log" || die "see $LOG_DIR/openssl.log"
	fi
	if [ ! -f "$dir/server.pem" ] ||
		! openssl x509 -checkend 2592000 -noout -in "$dir/server.pem" >/dev/null; then
		(umask 077 && make_server_certificate "$dir") 2>"$LOG_DIR/openssl.log" ||
			die "see $LOG_DIR/openssl.log"
	fi
	chmod 644 "$dir/ca.pem" "$dir/server.pem"
}

# SPDX-License-Identifier: Apache-2.0
# One private instance: its folders, its INI file, its people.
# shellcheck shell=bash

# Who may do what: nginx and the api pool are one uid (nginx spools uploads for it); runner and
# platform pool are another, the only one that can open tokens; both share the group of the media
# and of the sockets.
make_folders() {
	folder "$HOME_DIR" root root 755
	folder "$CONF_DIR" root root 755
	folder "$LOG_DIR" root "$GROUP" 775
	folder "$HOME_DIR/media" "$WEB_USER" "$GROUP" 2770
	find "$HOME_DIR/media" -mindepth 1 -type d ! -perm -g+w -exec chmod g+w {} +
	folder "$HOME_DIR/upload" "$WEB_USER" "$GROUP" 2770
	folder "$HOME_DIR/journal" "$RUN_USER" root 700
	folder "$HOME_DIR/sandbox" "$MEDIA_USER" root 755
	folder "$RUN_DIR" root root 755
	folder "$PID_DIR" root root 755
	folder "$RUN_DIR/api" "$WEB_USER" "$GROUP" 2750
	folder "$RUN_DIR/platform" "$RUN_USER" "$GROUP" 2750
	[ -f "$LOG_DIR/publish.log" ] || : >"$LOG_DIR/publish.log"
	! is_root || chown "$RUN_USER" "$LOG_DIR/publish.log"
}

# sandbox_section SECTION URL SETTING...: the sandbox stands where the platform's servers would;
# its app id and secret are public words.
sandbox_section() {
	local section=$1 url=$2 name
	shift 2
	printf '\n[%s]\nclient_id = 1234567890\n' "$section"
	printf 'client_secret_file = %s\n' "$HOME_DIR/keys/sandbox.secret"
	for name in "$@"; do
		printf '%s = %s\n' "$name" "$url"
	done
}

platform_sections() {
	local url=$1 mode
	for mode in "" .test; do
		sandbox_section "instagram$mode" "$url/instagram" dialog_base graph_base rupload_base \
			ig_dialog_base ig_token_base ig_graph_base
		printf 'upload_host_suffix = 127.0.0.1\n'
		sandbox_section "tiktok$mode" "$url/tiktok" dialog_base api_base upload_base profile_url
		sandbox_section "pinterest$mode" "$url/pinterest" oauth_base api_base upload_base pin_url
		sandbox_section "twitter$mode" "$url/twitter" dialog_base api_base profile_url
		sandbox_section "youtube$mode" "$url/youtube" dialog_base token_base api_base \
			upload_base watch_base
	done
	# Of platforms whose accounts live on servers that people name, a test account has one here.
	printf '\n[mastodon.test]\nsandbox_base = %s\n' "$url/mastodon"
	printf '\n[bluesky.test]\nsandbox_base = %s/bluesky\nprofile_url = %s/bluesky\n' "$url" "$url"
}

# Sections of the text on stdin that the INI file lacks: those of platforms that came later.
sections_lacking() {
	awk 'FNR == NR { if (/^[ \t]*\[/) { gsub(/[ \t\r]/, ""); has[$0] = 1 } next }
		/^\[/ { lacks = !($0 in has); if (lacks) print "" }
		lacks && NF' "$CONFIG" -
}

# An INI file of an older version is added to and otherwise left as it is.
complete_config() {
	local more
	more=$(platform_sections "http://$(setting sandbox listen 127.0.0.1:8090)" | sections_lacking)
	[ -n "$more" ] || return 0
	step "adding to $CONFIG: $(printf '%s\n' "$more" | grep '^\[' | tr '\n' ' ')"
	printf '\n%s\n' "${more#$'\n'}" >>"$CONFIG"
	stop_programs
}

first_config() {
	local port sandbox
	port=$(free_port "${CARILLON_PORT:-8443}")
	sandbox=$(free_port "${CARILLON_SANDBOX_PORT:-8090}")
	cat <<EOT
; This instance of Carillon. Yours to edit; \`./carillon reload\` applies it. Every setting with
; its default: $BIN_DIR/carillon-admin print-config

[server]
public_url = https://localhost:$port
log_level = info

[pool]
api_socket = $RUN_DIR/api/api.sock
platform_socket = $RUN_DIR/platform/platform.sock
socket_group = $GROUP

; The machine itself stands for all clients of this instance, load tests among them.
[limits]
key_per_minute = 600000
workspace_per_minute = 1200000
connect_per_hour = 600000
address_per_minute = 600000

[database]
socket = $DB_SOCKET
name = carillon
api_password_file = $HOME_DIR/keys/api.password
run_password_file = $HOME_DIR/keys/run.password
admin_password_file = $HOME_DIR/keys/admin.password

[keys]
sealing_file = $HOME_DIR/keys/sealing.key
pepper_file = $HOME_DIR/keys/pepper.key
url_file = $HOME_DIR/keys/url.key

[media]
folder = $HOME_DIR/media
upload_folder = $HOME_DIR/upload

[publish]
journal_folder = $HOME_DIR/journal

[sandbox]
listen = 127.0.0.1:$sandbox
folder = $HOME_DIR/sandbox
ca_file = $HOME_DIR/tls/ca.pem
EOT
	platform_sections "http://127.0.0.1:$sandbox"
}

make_config() {
	[ -f "$CONFIG" ] || first_config | put "$CONFIG" root "$GROUP" 640
	complete_config
	[ -f "$HOME_DIR/keys/sandbox.secret" ] ||
		printf 'sandbox-secret\n' | put "$HOME_DIR/keys/sandbox.secret" "$RUN_USER" "$GROUP" 440
	make_sandbox_config
}

# The sandbox plays a stranger: it learns its own settings and nothing else.
make_sandbox_config() {
	{
		printf '; from carillon.ini\n[sandbox]\n'
		printf 'listen = %s\n' "$(setting sandbox listen 127.0.0.1:8090)"
		printf 'folder = %s\n' "$(setting sandbox folder "$HOME_DIR/sandbox")"
		printf 'ca_file = %s\n' "$(setting sandbox ca_file "$HOME_DIR/tls/ca.pem")"
	} | put "$SANDBOX_CONFIG" root root 644
}

# api METHOD PATH [JSON] [curl option...]: calls the instance with TOKEN. Prints the answer.
api() {
	local method=$1 path=$2
	shift 2
	case ${1:-} in
	'{'*)
		set -- -H 'Content-Type: application/json' --data-binary "$@"
		;;
	esac
	# The token goes in by file descriptor: no argument list shows it.
	curl -sS --fail-with-body --max-time 90 --cacert "$HOME_DIR/tls/ca.pem" -X "$method" \
		-K <(printf 'header = "Authorization: Bearer %s"\n' "${TOKEN:-none}") "$@" \
		"$(setting server public_url '')$path"
}

healthy() { api GET /api/v1/health; }

# credential NAME: a line of the credentials file.
credential() { sed -n "s/^$1=//p" "$CREDENTIALS" 2>/dev/null; }

first_user() {
	local email=owner@localhost password
	password=$(openssl rand -hex 16)
	# The old file may stem from a database that is gone: the user's password is set either way.
	printf '%s\n' "$password" | admin user-add "$email" --workspace Demo --role owner \
		--password-stdin >>"$LOG_DIR/migrate.log" 2>&1 || {
		tail -n 5 "$LOG_DIR/migrate.log" >&2
		die "could not make the first user"
	}
	printf 'EMAIL=%s\nPASSWORD=%s\n' "$email" "$password" | put "$CREDENTIALS" root root 600
}

log_in() {
	TOKEN=$(admin create-token "$(credential EMAIL)" --workspace Demo) || die "could not make a token"
}

# api_key NAME LIVEMODE: makes one with every scope and prints the secret.
api_key() {
	api POST /api/v1/api-keys "$(jq -nc --arg n "$1" --argjson l "$2" '{name: $n, livemode: $l}')" |
		jq -er .secret
}

make_credentials() {
	local live test
	[ -n "$(credential PASSWORD)" ] || first_user
	log_in
	[ -z "$(credential TEST_KEY)" ] || return 0
	live=$(api_key quickstart true) || die "could not make an API key"
	test=$(api_key quickstart-test false) || die "could not make a test key"
	printf 'EMAIL=%s\nPASSWORD=%s\nAPI_KEY=%s\nTEST_KEY=%s\n' "$(credential EMAIL)" \
		"$(credential PASSWORD)" "$live" "$test" | put "$CREDENTIALS" root root 600
}

print_env() {
	if [ ! -f "$CREDENTIALS" ] || ! service_pid nginx >/dev/null; then
		die "not running: ./carillon up"
	fi
	log_in
	printf "%s='%s'\n" CARILLON_URL "$(setting server public_url '')" \
		CARILLON_CA "$HOME_DIR/tls/ca.pem" CARILLON_TOKEN "$TOKEN" \
		CARILLON_API_KEY "$(credential API_KEY)" CARILLON_TEST_KEY "$(credential TEST_KEY)" \
		CARILLON_SANDBOX_URL "http://$(setting sandbox listen '')" CARILLON_CONF "$CONFIG" \
		CARILLON_SOCKET "$DB_SOCKET" CARILLON_BUILD "$BUILD_DIR"
	say 'export CARILLON_URL CARILLON_CA CARILLON_TOKEN CARILLON_API_KEY CARILLON_TEST_KEY' \
		'CARILLON_SANDBOX_URL CARILLON_CONF CARILLON_SOCKET CARILLON_BUILD'
}

# start_instance: everything but the demonstration; what runs already stays.
start_instance() {
	create_users
	make_folders
	lock_instance
	install_programs
	make_keys
	make_certificate
	make_config
	start_database
	prepare_database
	settle_ports
	start_sandbox
	start_pools
	start_web
	wait_for 30 api healthy
	make_credentials
	start_runner
}

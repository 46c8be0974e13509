# SPDX-License-Identifier: Apache-2.0
# Carillon at work: pictures and a video, real ones, go out on every platform of the sandbox, at
# their second and at once, through the public API alone.
# shellcheck shell=bash

demo_media() {
	local dir=$HOME_DIR/demo
	folder "$dir" root root 755
	[ -f "$dir/picture.jpg" ] || ffmpeg -v error -y -f lavfi -i mandelbrot=s=1080x1080:end_scale=0.02 \
		-frames:v 1 -q:v 3 "$dir/picture.jpg" </dev/null
	[ -f "$dir/second.jpg" ] || ffmpeg -v error -y -f lavfi -i gradients=s=1080x1080:nb_colors=5:seed=7 \
		-frames:v 1 -q:v 3 "$dir/second.jpg" </dev/null
	[ -f "$dir/reel.mp4" ] || ffmpeg -v error -y -f lavfi -i testsrc2=s=720x1280:r=30 \
		-f lavfi -i sine=frequency=523:sample_rate=48000 -t 5 -c:v libx264 -preset veryfast \
		-profile:v high -pix_fmt yuv420p -g 60 -c:a aac -b:a 128k -ac 2 \
		-movflags +faststart "$dir/reel.mp4" </dev/null
}

# demo_modes PLATFORM: the modes in which the sandbox stands for it. Where people name servers, live
# mode would go to real ones.
demo_modes() {
	if [ -n "$(setting "$1" client_id '')" ]; then
		printf 'live test\n'
	elif [ -n "$(setting "$1.test" sandbox_base '')" ]; then
		printf 'test\n'
	fi
}

# The platforms that this server knows and this instance has an app for.
demo_platforms() {
	local name
	for name in $(api GET /api/v1/integrations | jq -r '.integrations[].platform'); do
		if [ -n "$(demo_modes "$name")" ]; then
			printf '%s\n' "$name"
		else
			warn "[$name] has no app in $CONFIG: left out"
		fi
	done
}

# demo_server PLATFORM: what names a server or a person there, for the query; in test mode any server
# will do.
demo_server() {
	case $1 in
	mastodon) printf '&instance=social.example' ;;
	bluesky) printf '&handle=acmebakery.test' ;;
	esac
}

# demo_connect PLATFORM MODE: each time anew, to show the way of it; the account stays the same.
# The person's part of OAuth: the sandbox's consent page, answered with yes, and if several
# accounts come back, the first one.
demo_connect() {
	local name=$1 mode=$2 url jar page flow
	jar=$(mktemp)
	# The answer's cookie binds the flow to this browser.
	url=$(api GET "/api/v1/integrations/$name/auth-url?redirect=/&mode=$mode$(demo_server "$name")" \
		-c "$jar" | jq -er .url) || die "no consent address for $name"
	page=$(demo_browse "$jar" "$url&sandbox_auto=approve")
	# Bluesky sends loopback clients to the number, from where nginx sends them to the name.
	while [[ $page == */callback\?* ]]; do
		page=$(demo_browse "$jar" "$page")
	done
	rm -f "$jar"
	case $page in
	*connected="$name"*) ;;
	*choose=*)
		flow=${page##*choose=}
		demo_choose "$name" "${flow%%&*}"
		;;
	*) die "connecting $name ended at ${page:-nowhere}" ;;
	esac
}

demo_choose() {
	local first
	first=$(api GET "/api/v1/integrations/$1/candidates?flow=$2" |
		jq -er '.candidates[0].remote_id') || die "no account of $1 to choose"
	api POST "/api/v1/integrations/$1/select" "$(jq -nc --arg f "$2" --arg r "$first" \
		'{flow: $f, remote_ids: [$r]}')" >/dev/null || die "could not choose the account of $1"
}

# demo_account PLATFORM: prints the id of its account, live if it has one, ready to be published on
demo_account() {
	local account livemode=false
	[[ $(demo_modes "$1") != *live* ]] || livemode=true
	account=$(api GET "/api/v1/accounts?platform=$1&livemode=$livemode" |
		jq -er '.accounts[0].id') || die "$1 is not connected"
	[ "$1" != pinterest ] || demo_board "$account"
	printf '%s\n' "$account"
}

# A pin goes on a board: the first one, unless one was chosen already.
demo_board() {
	local board
	api GET "/api/v1/accounts/$1" | jq -e '.settings.default_board.id' >/dev/null && return 0
	board=$(api GET "/api/v1/integrations/pinterest/boards?account_id=$1" | jq -er '.boards[0].id') ||
		die "the Pinterest account has no board"
	api PATCH /api/v1/integrations/pinterest/default-board "$(jq -nc --arg a "$1" --arg b "$board" \
		'{account_id: $a, board_id: $b}')" >/dev/null || die "could not choose the board"
}

# demo_browse COOKIES URL: one step of a browser; prints where it is sent next.
demo_browse() {
	curl -sS --max-time 60 --cacert "$HOME_DIR/tls/ca.pem" -b "$1" -c "$1" -o /dev/null \
		-w '%{redirect_url}' "$2"
}

# demo_upload FILE TYPE: prints the id
demo_upload() {
	curl -sS --fail-with-body --max-time 90 --cacert "$HOME_DIR/tls/ca.pem" \
		-K <(printf 'header = "Authorization: Bearer %s"\n' "$TOKEN") \
		-F "file=@$1;type=$2" "$(setting server public_url '')/api/v1/media" | jq -er .id
}

# demo_content KIND WHAT MEDIA...: approved content; prints the id
demo_content() {
	local kind=$1 what=$2 id
	shift 2
	id=$(api POST /api/v1/content "$(jq -nc --arg k "$kind" --arg c "$what, $(date -u +%FT%TZ)" \
		'{kind: $k, title: $c, caption: $c, media: [$ARGS.positional[] | {media_id: .}]}' \
		--args "$@")" | jq -er .id) || return 1
	api POST "/api/v1/content/$id/submit" >/dev/null || return 1
	api POST "/api/v1/content/$id/approve" >/dev/null || return 1
	printf '%s\n' "$id"
}

# demo_schedule CONTENT WHAT WHEN ACCOUNTS: on those accounts (a JSON list) whose platform takes it;
# prints lines of `id what`.
demo_schedule() {
	local fit
	fit=$(api GET "/api/v1/content/$1/preflight" | jq -c --argjson a "$4" \
		'[.targets[] | select(.ok and (.account_id | IN($a[]))) | .account_id]') || return 1
	api POST "/api/v1/content/$1/schedule" "$(jq -nc --argjson a "$fit" --arg t "$3" \
		'{scheduled_at: $t, account_ids: $a}')" |
		jq -r --arg w "$2" '.scheduled_posts[] | "\(.id) \($w)"'
}

demo_wait() {
	local end=$((SECONDS + 90)) id status
	for id in "$@"; do
		until status=$(api GET "/api/v1/schedule/$id" | jq -r .status) && [ "$status" != pending ]; do
			[ "$SECONDS" -lt "$end" ] || return 1
			sleep 0.5
		done
	done
}

# The posts file has lines of `id what`.
demo_table() {
	local format='  %-10s %-20s %-10s %-21s %-28s %s\n' id what
	# shellcheck disable=SC2059 # one format for head and rows
	printf "\n$format" platform what status due published where
	while read -r id what; do
		api GET "/api/v1/schedule/$id" | jq -r --arg what "$what" '
			def late: (.published_at | fromdateiso8601) - (.scheduled_at | fromdateiso8601);
			[.platform, $what, .status, .scheduled_at,
			(if .published_at == null then "-"
			 elif late < 0 then "\(.published_at) at once"
			 else "\(.published_at) +\(late) s" end),
			(.remote_url // .error.message // "-")] | @tsv'
	done <"$1" | sort -s -t "$(printf '\t')" -k 1,1 |
		awk -F '\t' -v format="$format" '{ printf format, $1, $2, $3, $4, $5, $6 }'
}

demo_report() {
	local url ca
	url=$(setting server public_url '') ca=$HOME_DIR/tls/ca.pem
	demo_table "$1"
	cat <<EOT

  API            $url/api/v1      (document: $url/api/v1/openapi.json)
  sandbox        http://$(setting sandbox listen '')
  certificate    $ca
  bearer token   $TOKEN   (1 hour; ./carillon env gives a new one)
  API key        $(credential API_KEY)
  test key       $(credential TEST_KEY)

  Next:
    curl --cacert $ca $url/api/v1/health/publish
    curl --cacert $ca -H "Authorization: Bearer $(credential API_KEY)" $url/api/v1/schedule
    curl --cacert $ca -H "Authorization: Bearer $(credential API_KEY)" -F file=@picture.jpg $url/api/v1/media
EOT
}

# Every platform has taken something, and all of it is live.
demo_is_live() {
	local posts=$1 id what seen=' ' name
	shift
	while read -r id what; do
		name=$(api GET "/api/v1/schedule/$id" |
			jq -er 'select(.status == "published").platform') || return 1
		seen="$seen$name "
	done <"$posts"
	for name in "$@"; do
		case $seen in *" $name "*) ;; *) return 1 ;; esac
	done
}

demo_connect_all() {
	local name mode
	for name in "$@"; do
		for mode in $(demo_modes "$name"); do
			demo_connect "$name" "$mode"
		done
	done
}

# demo_post_all POSTS ACCOUNTS: schedules one of each kind everywhere, and one more that goes at once.
demo_post_all() {
	local posts=$1 accounts=$2 picture second reel image carousel video now when
	picture=$(demo_upload "$HOME_DIR/demo/picture.jpg" image/jpeg)
	second=$(demo_upload "$HOME_DIR/demo/second.jpg" image/jpeg)
	reel=$(demo_upload "$HOME_DIR/demo/reel.mp4" video/mp4)
	image=$(demo_content image 'A photo' "$picture")
	carousel=$(demo_content carousel 'Two photos' "$picture" "$second")
	video=$(demo_content video 'A video' "$reel")
	now=$(demo_content image 'At once' "$second")
	when=$(date -u -d '+15 seconds' +%FT%TZ)
	{
		demo_schedule "$video" video "$when" "$accounts"
		demo_schedule "$carousel" carousel "$when" "$accounts"
		demo_schedule "$image" photo "$when" "$accounts"
		demo_schedule "$now" 'photo, publish-now' "$(date -u -d '+1 day' +%FT%TZ)" \
			"$(jq -c '.[:1]' <<<"$accounts")"
	} >"$posts" || die "could not schedule"
	api POST "/api/v1/schedule/$(tail -n 1 "$posts" | cut -d' ' -f1)/publish-now" >/dev/null ||
		warn "publish-now did not succeed"
}

demo() {
	local posts name accounts platforms
	posts=$(mktemp)
	demo_media || die "ffmpeg could not make the demonstration's media"
	mapfile -t platforms < <(demo_platforms)
	step "connecting accounts of the sandbox: ${platforms[*]}"
	demo_connect_all "${platforms[@]}"
	accounts=$(for name in "${platforms[@]}"; do demo_account "$name"; done | jq -Rnc '[inputs]')
	step "uploading, approving, scheduling"
	demo_post_all "$posts" "$accounts"
	step "waiting for the scheduled ones"
	# shellcheck disable=SC2046 # one id a word
	demo_wait $(cut -d' ' -f1 "$posts") || warn "not published yet; ./carillon logs publish"
	demo_report "$posts"
	demo_is_live "$posts" "${platforms[@]}" || die "not every post is live"
	rm -f "$posts"
}

# SPDX-License-Identifier: Apache-2.0
# Carillon at work: a real picture and a real video go out on the sandbox's Instagram, at their
# second and at once, through the public API alone.
# shellcheck shell=bash

demo_media() {
	local dir=$HOME_DIR/demo
	folder "$dir" root root 755
	[ -f "$dir/picture.jpg" ] || ffmpeg -v error -y -f lavfi -i mandelbrot=s=1080x1080:end_scale=0.02 \
		-frames:v 1 -q:v 3 "$dir/picture.jpg" </dev/null
	[ -f "$dir/now.jpg" ] || ffmpeg -v error -y -f lavfi -i gradients=s=1080x1350:nb_colors=5:seed=7 \
		-frames:v 1 -q:v 3 "$dir/now.jpg" </dev/null
	[ -f "$dir/reel.mp4" ] || ffmpeg -v error -y -f lavfi -i testsrc2=s=720x1280:r=30 \
		-f lavfi -i sine=frequency=523:sample_rate=48000 -t 5 -c:v libx264 -preset veryfast \
		-profile:v high -pix_fmt yuv420p -g 60 -c:a aac -b:a 128k -ac 2 \
		-movflags +faststart "$dir/reel.mp4" </dev/null
}

# Each time anew, to show the way of it; the account stays the same.
# The person's part of OAuth: the sandbox's consent page, answered with yes, and if several
# accounts come back, the first one.
demo_connect() {
	local mode=$1 url jar page flow
	jar=$(mktemp)
	# The answer's cookie binds the flow to this browser.
	url=$(api GET "/api/v1/integrations/instagram/auth-url?redirect=/&mode=$mode" -c "$jar" |
		jq -er .url) || die "no consent address for Instagram"
	page=$(demo_browse "$jar" "$url&sandbox_auto=approve")
	page=$(demo_browse "$jar" "$page")
	rm -f "$jar"
	case $page in
	*connected=instagram*) ;;
	*choose=*)
		flow=${page##*choose=}
		demo_choose "${flow%%&*}"
		;;
	*) die "connecting Instagram ended at ${page:-nowhere}" ;;
	esac
}

demo_choose() {
	local first
	first=$(api GET "/api/v1/integrations/instagram/candidates?flow=$1" |
		jq -er '.candidates[0].remote_id') || die "no Instagram account to choose"
	api POST /api/v1/integrations/instagram/select "$(jq -nc --arg f "$1" --arg r "$first" \
		'{flow: $f, remote_ids: [$r]}')" >/dev/null || die "could not choose the Instagram account"
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

# demo_content KIND CAPTION MEDIA: approved content; prints the id
demo_content() {
	local id
	id=$(api POST /api/v1/content "$(jq -nc --arg k "$1" --arg c "$2" --arg m "$3" \
		'{kind: $k, title: $c, caption: $c, media: [{media_id: $m}]}')" | jq -er .id) || return 1
	api POST "/api/v1/content/$id/submit" >/dev/null || return 1
	api POST "/api/v1/content/$id/approve" >/dev/null || return 1
	printf '%s\n' "$id"
}

# demo_schedule CONTENT ACCOUNT WHEN: prints the scheduled post's id
demo_schedule() {
	api POST "/api/v1/content/$1/schedule" "$(jq -nc --arg a "$2" --arg t "$3" \
		'{scheduled_at: $t, account_ids: [$a]}')" |
		jq -er '(.scheduled_posts // [.])[0].id'
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

demo_row() {
	api GET "/api/v1/schedule/$1" | jq -r --arg what "$2" '[$what, .status,
		.scheduled_at, (.published_at // "-"), (.remote_url // .error.message // "-")] | @tsv' |
		awk -F '\t' '{ printf "  %-22s %-10s %-21s %-21s %s\n", $1, $2, $3, $4, $5 }'
}

demo_report() {
	local url ca
	url=$(setting server public_url '') ca=$HOME_DIR/tls/ca.pem
	printf '\n  %-22s %-10s %-21s %-21s %s\n' what status due published where
	demo_row "$1" 'photo, scheduled'
	demo_row "$2" 'reel, scheduled'
	demo_row "$3" 'photo, publish-now'
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

demo() {
	local picture now reel account photo_post reel_post now_post when
	step "connecting an Instagram account of the sandbox"
	demo_media || die "ffmpeg could not make the demonstration's media"
	demo_connect live
	demo_connect test
	account=$(api GET '/api/v1/accounts?platform=instagram&livemode=true' | jq -er '.accounts[0].id')
	step "uploading, approving, scheduling"
	picture=$(demo_upload "$HOME_DIR/demo/picture.jpg" image/jpeg)
	now=$(demo_upload "$HOME_DIR/demo/now.jpg" image/jpeg)
	reel=$(demo_upload "$HOME_DIR/demo/reel.mp4" video/mp4)
	when=$(date -u -d '+12 seconds' +%Y-%m-%dT%H:%M:%SZ)
	photo_post=$(demo_schedule "$(demo_content image "A photo, $when" "$picture")" "$account" "$when")
	reel_post=$(demo_schedule "$(demo_content video "A reel, $when" "$reel")" "$account" "$when")
	now_post=$(demo_schedule "$(demo_content image "At once, $when" "$now")" "$account" \
		"$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)")
	api POST "/api/v1/schedule/$now_post/publish-now" >/dev/null || warn "publish-now did not succeed"
	step "waiting for the scheduled ones"
	demo_wait "$photo_post" "$reel_post" || warn "not published yet; ./carillon logs publish"
	demo_report "$photo_post" "$reel_post" "$now_post"
	demo_is_live "$photo_post" "$reel_post" "$now_post" || die "not every post is live"
}

demo_is_live() {
	local id
	for id in "$@"; do
		[ "$(api GET "/api/v1/schedule/$id" | jq -r .status)" = published ] || return 1
	done
}

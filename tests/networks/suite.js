// SPDX-License-Identifier: Apache-2.0
// Runs the cases of one file, each with what `prepare` hands out, and counts as the other test
// programs do. NETWORKS_ONLY names one case.
'use strict';

async function runCase(file, name, body, world) {
	const begun = Date.now();

	try {
		await body(world);
		console.log(`${file}:P:networks:${name}: ${(Date.now() - begun) / 1000} s`);
		return 0;
	} catch (why) {
		console.log(`${file}:F:networks:${name}: ${why.stack}`);
		return 1;
	}
}

// Sets the exit code. `world` is given to each case in turn.
async function runCases(file, cases, world) {
	const names = Object.keys(cases).filter((name) => name === (process.env.NETWORKS_ONLY ?? name));
	let failed = 0;

	for (const name of names)
		failed += await runCase(file, name, cases[name], world);
	const share = names.length === 0 ? 100 : 100 * (names.length - failed) / names.length;

	console.log(`${Math.floor(share)}%: Checks: ${names.length}, Failures: ${failed}, Errors: 0`);
	process.exitCode = failed === 0 ? 0 : 1;
}

module.exports = { runCases };

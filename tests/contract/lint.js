// SPDX-License-Identifier: Apache-2.0
// The served OpenAPI document fits the schema of OpenAPI 3.1, and the recommended rules of Redocly
// have nothing to say about it.
'use strict';
const { createConfig, lintFromString } = require('@redocly/openapi-core');

const rules = {
	// An instance is served under the name that it has.
	'no-server-example.com': 'off',
	// schedule/calendars/{x} and schedule/{id}/{y}: the more literal pattern wins, and "calendars" is
	// no id of a post.
	'no-ambiguous-paths': 'off',
	// The callbacks of the platforms only ever redirect.
	'operation-2xx-response': 'off',
};

async function main() {
	const source = await (await fetch(`${process.env.CARILLON_URL}/api/v1/openapi.json`)).text();
	const config = await createConfig({ extends: ['recommended'], rules });
	const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });

	for (const p of problems)
		console.log(`${p.severity} ${p.ruleId}: ${p.message} ${p.location[0].pointer}`);
	console.log(`lint: ${problems.length} problems in ${source.length} bytes`);
	process.exitCode = problems.length ? 1 : 0;
}

main();

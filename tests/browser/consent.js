// SPDX-License-Identifier: Apache-2.0
// A person connects Instagram: auth-url, the platform's consent page, the callback, and where the
// browser stands at the end. Each case has a workspace and a person of its own.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { randomInt } = require('node:crypto');
const { chromium } = require('playwright-core');

const env = process.env;
const STATE = '/api/v1/integrations/instagram';
const QUIET = ['--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync', '--disable-gpu'];

const digits = (n) => Array.from({ length: n }, () => randomInt(10)).join('');

function admin(args, input) {
	return execFileSync(`${env.CARILLON_BUILD}/carillon-admin`, ['-c', env.CARILLON_CONF, ...args],
		{ input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] }).trim();
}

function makeOwner() {
	const name = `browser-${digits(12)}`;
	const email = `${name}@example.com`;

	admin(['user-add', email, '--workspace', name, '--role', 'owner', '--password-stdin'],
		`password-${digits(16)}\n`);
	return admin(['create-token', email, '--workspace', name]);
}

async function makePerson(pages) {
	const person = { id: `1022${digits(13)}`, name: 'Robin Field', pages: [] };

	for (let i = 0; i < pages; i++) {
		const ig = `1784${digits(13)}`;

		person.pages.push({ id: `1029${digits(11)}`, name: `Field Notes ${i + 1}`,
			instagram: { id: ig, username: `field${ig}` } });
	}
	const reply = await fetch(`${env.CARILLON_SANDBOX_URL}/_control/world`, { method: 'POST',
		body: JSON.stringify({ platform: 'instagram', users: [person] }) });

	assert.equal(reply.status, 200);
	return person;
}

async function call(token, path) {
	const reply = await fetch(env.CARILLON_URL + path,
		{ headers: { Authorization: `Bearer ${token}` } });

	assert.equal(reply.status, 200, path);
	return reply.json();
}

// Opens the consent page as the application's own page would: the answer to auth-url leaves its
// cookie in this browser.
async function openConsent(page, token, person) {
	const reply = await page.request.get(`${env.CARILLON_URL}${STATE}/auth-url?redirect=/&mode=live`,
		{ headers: { Authorization: `Bearer ${token}` } });

	assert.equal(reply.status(), 200);
	const { url } = await reply.json();

	await page.goto(`${url}&sandbox_user=${person.id}`);
	await page.getByRole('heading', { name: 'asks for access to your account' }).waitFor();
}

async function answer(page, button) {
	const landed = page.waitForURL((url) => url.origin === env.CARILLON_URL &&
		!url.pathname.startsWith('/api/'));

	await page.getByRole('button', { name: button, exact: true }).click();
	await landed;
	return new URL(page.url()).searchParams;
}

const cases = {
	async allowing_connects_the_account(page, token) {
		const person = await makePerson(1);

		await openConsent(page, token, person);
		assert.ok(await page.getByRole('radio', { name: /Robin Field/ }).isChecked());
		assert.ok(await page.getByText(`@${person.pages[0].instagram.username}`).isVisible());
		const query = await answer(page, 'Allow');

		assert.equal(query.get('connected'), 'instagram', `${query}`);
		const state = await call(token, STATE);

		assert.equal(state.connected, true);
		assert.equal(state.account.remote_id, person.pages[0].instagram.id);
		assert.deepEqual(state.missing_scopes, []);
		assert.ok(!JSON.stringify(state).includes('EAAB'));
	},

	async denying_leaves_nothing_behind(page, token) {
		await openConsent(page, token, await makePerson(1));
		const query = await answer(page, 'Deny');

		assert.equal(query.get('error'), 'access_denied', `${query}`);
		assert.equal(query.get('connected'), null);
		const state = await call(token, STATE);

		assert.equal(state.connected, false);
		assert.equal(state.status, 'disconnected');
		assert.equal(state.account, null);
		assert.deepEqual((await call(token, '/api/v1/accounts')).accounts, []);
	},

	async unticked_permission_is_reported_missing(page, token) {
		await openConsent(page, token, await makePerson(1));
		await page.getByRole('checkbox', { name: 'instagram_content_publish' }).uncheck();
		const query = await answer(page, 'Allow');

		assert.equal(query.get('connected'), 'instagram', `${query}`);
		const state = await call(token, STATE);

		assert.deepEqual(state.missing_scopes, ['instagram_content_publish']);
		assert.ok(!state.scopes.includes('instagram_content_publish'));
	},

	async only_chosen_pages_are_offered(page, token) {
		const person = await makePerson(3);

		await openConsent(page, token, person);
		await page.getByRole('checkbox', { name: 'Field Notes 2' }).uncheck();
		const flow = (await answer(page, 'Allow')).get('choose');

		assert.match(`${flow}`, /^flow_/);
		const { candidates } = await call(token, `${STATE}/candidates?flow=${flow}`);

		assert.deepEqual(candidates.map((c) => c.remote_id).sort(),
			[person.pages[0], person.pages[2]].map((p) => p.instagram.id).sort());
		assert.equal((await call(token, STATE)).connected, false);
	},

	async one_chosen_page_is_connected_at_once(page, token) {
		const person = await makePerson(3);

		await openConsent(page, token, person);
		await page.getByRole('checkbox', { name: 'Field Notes 1' }).uncheck();
		await page.getByRole('checkbox', { name: 'Field Notes 3' }).uncheck();
		const query = await answer(page, 'Allow');

		assert.equal(query.get('connected'), 'instagram', `${query}`);
		assert.equal((await call(token, STATE)).account.remote_id, person.pages[1].instagram.id);
	},

	async going_back_to_an_answered_page_asks_to_start_again(page, token) {
		await openConsent(page, token, await makePerson(1));
		await answer(page, 'Deny');
		await page.goBack();
		await page.getByRole('button', { name: 'Allow', exact: true }).click();
		await page.getByRole('heading', { name: 'Session expired' }).waitFor();
		assert.equal((await call(token, STATE)).connected, false);
	},
};

async function run(browser, name) {
	const context = await browser.newContext({ ignoreHTTPSErrors: true });

	context.setDefaultTimeout(20000);
	try {
		await cases[name](await context.newPage(), makeOwner());
		console.log(`consent.js:P:browser:${name}`);
		return 0;
	} catch (why) {
		console.log(`consent.js:F:browser:${name}: ${why.stack}`);
		return 1;
	} finally {
		await context.close();
	}
}

async function main() {
	const browser = await chromium.launch({ executablePath: env.CHROMIUM, args: QUIET });
	const names = Object.keys(cases);
	let failed = 0;

	for (const name of names)
		failed += await run(browser, name);
	await browser.close();
	// As the other test programs count.
	console.log(`${Math.floor(100 * (names.length - failed) / names.length)}%: ` +
		`Checks: ${names.length}, Failures: ${failed}, Errors: 0`);
	process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((why) => {
	console.error(why);
	process.exitCode = 1;
});

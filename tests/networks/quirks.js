// SPDX-License-Identifier: Apache-2.0
// How the real Personal Data Server answers where the Bluesky adapter depends on it, and the
// sandbox copies it. A newer server that answers otherwise shows here first.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { createHmac, randomBytes } = require('node:crypto');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { Client } = require('./oauth.js');
const { Person } = require('./person.js');
const { makeAccount, startServers, HOST } = require('./servers.js');
const { runCases } = require('./suite.js');

const JWT_SECRET = randomBytes(32).toString('hex');
const POSTS = 'app.bsky.feed.post';
const REDIRECT = 'http://127.0.0.1:9/callback';
const SCOPE = 'atproto transition:generic';

let keys = 0;
// A record key nobody has yet.
const newKey = () => `3k${'234567abcdefghij'[keys++ % 16].repeat(10)}${keys % 2 ? '2' : '3'}`;

function xrpc(world, name, body, { token = world.account.accessJwt, type = 'application/json' } = {}) {
	return answerOf(fetch(`${world.url}/xrpc/${name}`, { method: 'POST', body,
		headers: { 'Content-Type': type, ...(token && { Authorization: `Bearer ${token}` }) } }));
}

async function answerOf(pending) {
	const reply = await pending;

	return { status: reply.status, body: await reply.json() };
}

const read = (world, key) => answerOf(fetch(`${world.url}/xrpc/com.atproto.repo.getRecord?` +
	new URLSearchParams({ repo: world.account.did, collection: POSTS, rkey: key })));

function write(world, call, key, record, more = {}, options = {}) {
	return xrpc(world, `com.atproto.repo.${call}`, JSON.stringify({ repo: world.account.did,
		collection: POSTS, rkey: key, ...more,
		record: { $type: POSTS, text: 'hello', createdAt: '2026-01-02T03:04:05.000Z', ...record } }),
	options);
}

function refused(answer, status, error, message) {
	assert.equal(answer.status, status, JSON.stringify(answer));
	assert.equal(answer.body.error, error);
	if (message)
		assert.match(answer.body.message, message);
}

// Signed by the server's own key, as of a time long past.
function expiredToken(world) {
	const [head, body] = world.account.accessJwt.split('.');
	const claims = JSON.parse(Buffer.from(body, 'base64url'));

	claims.iat -= 86400;
	claims.exp -= 86400;
	const text = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;

	return `${text}.${createHmac('sha256', JWT_SECRET).update(text).digest('base64url')}`;
}

// A client through the whole dialogue, with the answer of the token endpoint.
async function grant(world) {
	const client = new Client(REDIRECT, SCOPE);

	await client.push(world.url);
	const pushed = await client.push(world.url);
	const told = await new Person(world.account).allow(client.page(world.url, pushed.body.request_uri));
	const reply = await client.exchange(world.url, told.code);

	assert.equal(reply.status, 200, JSON.stringify(reply.body));
	return { client, told, tokens: reply.body };
}

const cases = {
	async servers_listen_on_the_loopback_address_alone() {
		const mine = execFileSync('ss', ['-ltnpH'], { encoding: 'utf8' }).split('\n')
			.filter((line) => line.includes(`pid=${process.pid},`)).map((line) => line.split(/\s+/)[3]);

		assert.equal(mine.length, 2, `${mine}`);
		assert.ok(mine.every((address) => address.startsWith(`${HOST}:`)), `${mine}`);
	},

	async invalid_token_is_a_bad_request(world) {
		refused(await write(world, 'putRecord', newKey(), {}, {}, { token: 'nonsense' }), 400,
			'InvalidToken', /^Token could not be verified$/);
	},

	async expired_token_is_a_bad_request(world) {
		refused(await write(world, 'putRecord', newKey(), {}, {}, { token: expiredToken(world) }),
			400, 'ExpiredToken', /^Token has expired$/);
	},

	async missing_token_is_unauthorized(world) {
		refused(await write(world, 'putRecord', newKey(), {}, {}, { token: null }), 401, 'AuthMissing');
	},

	async missing_record_is_a_bad_request(world) {
		refused(await read(world, newKey()), 400, 'RecordNotFound', /^Could not locate record: at:/);
	},

	async creating_what_exists_is_a_server_error(world) {
		const key = newKey();
		const first = await write(world, 'createRecord', key, {});

		assert.equal(first.status, 200, JSON.stringify(first.body));
		refused(await write(world, 'createRecord', key, { text: 'other' }), 500, 'InternalServerError');
		assert.equal((await read(world, key)).body.value.text, 'hello');
	},

	async putting_the_same_again_changes_nothing(world) {
		const key = newKey();
		const first = await write(world, 'putRecord', key, {});
		const again = await write(world, 'putRecord', key, {});

		assert.deepEqual([first.status, again.status], [200, 200]);
		assert.equal(first.body.cid, again.body.cid);
		assert.ok(first.body.commit);
		assert.equal(again.body.commit, undefined);
	},

	async putting_something_else_overwrites(world) {
		const key = newKey();
		const first = await write(world, 'putRecord', key, {});
		const again = await write(world, 'putRecord', key, { text: 'other' });

		assert.equal(again.status, 200);
		assert.notEqual(first.body.cid, again.body.cid);
		assert.equal((await read(world, key)).body.value.text, 'other');
	},

	async putting_without_a_predecessor_only_creates(world) {
		const key = newKey();
		const first = await write(world, 'putRecord', key, {}, { swapRecord: null });

		assert.equal(first.status, 200, JSON.stringify(first.body));
		refused(await write(world, 'putRecord', key, { text: 'other' }, { swapRecord: null }), 400,
			'InvalidSwap', new RegExp(`^Record was at ${first.body.cid}$`));
		assert.equal((await read(world, key)).body.value.text, 'hello');
	},

	async key_that_is_no_tid_is_refused(world) {
		refused(await write(world, 'putRecord', 'hello', {}), 400, 'InvalidRequest',
			/Invalid TID string/);
	},

	async long_text_is_refused_by_graphemes(world) {
		const flag = '\u{1F1EE}\u{1F1EA}';

		assert.equal((await write(world, 'putRecord', newKey(), { text: flag.repeat(300) })).status, 200);
		refused(await write(world, 'putRecord', newKey(), { text: flag.repeat(301) }), 400,
			'InvalidRequest', /grapheme too big \(maximum 300, got 301\)/);
	},

	async large_image_is_refused_with_the_record_not_with_the_upload(world) {
		const upload = await xrpc(world, 'com.atproto.repo.uploadBlob', randomBytes(1000001),
			{ type: 'image/jpeg' });

		assert.equal(upload.status, 200, JSON.stringify(upload.body));
		assert.equal(upload.body.blob.size, 1000001);
		refused(await write(world, 'putRecord', newKey(), { embed: { $type: 'app.bsky.embed.images',
			images: [{ alt: '', image: upload.body.blob }] } }), 400, 'InvalidRequest',
		/blob too big \(maximum 1000000, got 1000001\)/);
	},

	async session_token_may_be_used_twice_within_the_grace(world) {
		const again = () => xrpc(world, 'com.atproto.server.refreshSession', undefined,
			{ token: world.account.refreshJwt });
		const [first, second] = [await again(), await again()];

		assert.deepEqual([first.status, second.status], [200, 200]);
		assert.deepEqual(JSON.parse(atob(first.body.refreshJwt.split('.')[1])).jti,
			JSON.parse(atob(second.body.refreshJwt.split('.')[1])).jti);
		refused(await xrpc(world, 'com.atproto.server.refreshSession', undefined), 400, 'InvalidToken');
	},

	async wrong_password_is_unauthorized(world) {
		refused(await xrpc(world, 'com.atproto.server.createSession', JSON.stringify({
			identifier: world.account.handle, password: 'wrong' }), { token: null }), 401,
		'AuthenticationRequired');
	},

	async first_proof_lacks_the_nonce_and_is_told_one(world) {
		const client = new Client(REDIRECT, SCOPE);
		const first = await client.push(world.url);

		refused(first, 400, 'use_dpop_nonce');
		assert.ok(first.headers.get('dpop-nonce'));
		const second = await client.push(world.url);

		assert.equal(second.status, 201, JSON.stringify(second.body));
		assert.match(second.body.request_uri, /^urn:ietf:params:oauth:request_uri:/);
	},

	async resource_wants_a_nonce_too(world) {
		const { client, tokens } = await grant(world);
		const url = `${world.url}/xrpc/com.atproto.server.getSession`;
		const ask = (nonce) => fetch(url, { headers: { Authorization: `DPoP ${tokens.access_token}`,
			DPoP: client.proof('GET', url, { nonce, token: tokens.access_token }) } });
		const first = await ask();

		assert.equal(first.status, 401);
		assert.match(first.headers.get('www-authenticate'), /error="use_dpop_nonce"/);
		assert.equal((await first.json()).error, 'use_dpop_nonce');
		const second = await ask(first.headers.get('dpop-nonce'));

		assert.equal(second.status, 200);
		assert.equal((await second.json()).did, world.account.did);
	},

	async callback_names_the_issuer_and_the_grant_the_person(world) {
		const { told, tokens } = await grant(world);

		assert.equal(told.iss, world.url);
		assert.equal(told.state, 'a-state');
		assert.equal(tokens.sub, world.account.did);
		assert.equal(tokens.token_type, 'DPoP');
		assert.equal(tokens.scope, SCOPE);
	},

	async refreshed_token_used_again_kills_the_grant(world) {
		const { client, tokens } = await grant(world);
		const fresh = await client.refresh(world.url, tokens.refresh_token);

		assert.equal(fresh.status, 200, JSON.stringify(fresh.body));
		assert.notEqual(fresh.body.refresh_token, tokens.refresh_token);
		const reuse = await client.refresh(world.url, tokens.refresh_token);

		refused(reuse, 400, 'invalid_grant');
		const after = await client.refresh(world.url, fresh.body.refresh_token);

		refused(after, 400, 'invalid_grant');
	},

	async other_verifier_gets_no_token(world) {
		const client = new Client(REDIRECT, SCOPE);

		await client.push(world.url);
		const pushed = await client.push(world.url);
		const told = await new Person(world.account)
			.allow(client.page(world.url, pushed.body.request_uri));
		const reply = await client.exchange(world.url, told.code, randomBytes(32).toString('base64url'));

		refused(reply, 400, 'invalid_grant');
		assert.match(reply.body.error_description, /code_verifier/);
	},
};

async function main() {
	const folder = mkdtempSync(join(tmpdir(), 'networks-'));
	const world = await startServers(folder, { jwtSecret: JWT_SECRET });

	world.account = await makeAccount(world.url, 'robin');
	await runCases('quirks.js', cases, world);
	await world.stop();
	rmSync(folder, { recursive: true, force: true });
	process.exit();
}

main().catch((why) => {
	console.error(why);
	process.exit(1);
});

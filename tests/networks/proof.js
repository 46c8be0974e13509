// SPDX-License-Identifier: Apache-2.0
// Carillon on the real Personal Data Server: people connect, posts go out, and what the server then
// holds is what was asked for. Each case has a workspace and accounts of its own.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { chromium } = require('playwright-core');
const { Gate } = require('./gate.js');
const { Instance, call, digits, makeOwner, sql, until } = require('./instance.js');
const { makeAccount, startServers } = require('./servers.js');
const { runCases } = require('./suite.js');

const env = process.env;
const STATE = '/api/v1/integrations/bluesky';
const POSTS = 'app.bsky.feed.post';
const QUIET = ['--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync', '--disable-gpu'];
const OUTSTANDING = 30, ROUNDS = 2, RUNNERS = 4;
const LEASE_S = 5;

const newAccount = (world) => makeAccount(world.url, `r${digits(12)}`);

async function connectByPassword(token, account, password = account.password) {
	await call(token, 'POST', `${STATE}/password`, { identifier: account.handle, password });
	return idOf(token, account);
}

async function appPassword(world, account) {
	const reply = await fetch(`${world.url}/xrpc/com.atproto.server.createAppPassword`, {
		method: 'POST', body: JSON.stringify({ name: 'carillon' }), headers: {
			'Content-Type': 'application/json', Authorization: `Bearer ${account.accessJwt}` } });

	return (await reply.json()).password;
}

async function idOf(token, account) {
	const { accounts } = await call(token, 'GET', '/api/v1/accounts');

	return accounts.find((one) => one.remote_id === account.did).id;
}

// What the account's repository holds, the oldest first.
async function records(world, account) {
	const query = new URLSearchParams({ repo: account.did, collection: POSTS, limit: 100,
		reverse: true });
	const reply = await fetch(`${world.url}/xrpc/com.atproto.repo.listRecords?${query}`);

	return (await reply.json()).records;
}

async function blob(world, account, cid) {
	const query = new URLSearchParams({ did: account.did, cid });
	const reply = await fetch(`${world.url}/xrpc/com.atproto.sync.getBlob?${query}`);

	assert.equal(reply.status, 200);
	return Buffer.from(await reply.arrayBuffer());
}

async function publish(token, accountId, content) {
	const { id } = await call(token, 'POST', '/api/v1/content', content);

	await call(token, 'POST', `/api/v1/content/${id}/submit`);
	await call(token, 'POST', `/api/v1/content/${id}/approve`);
	await call(token, 'POST', `/api/v1/content/${id}/schedule`,
		{ scheduled_at: new Date(Date.now() + 1500).toISOString(), account_ids: [accountId] });
}

const posts = async (token) => (await call(token, 'GET', '/v1/posts?limit=100')).data;

// Until every post of the workspace is out.
async function published(token, n) {
	return until(`${n} published posts`, async () => {
		const all = await posts(token);
		const bad = all.find((one) => ['failed', 'cancelled'].includes(one.status));

		assert.equal(bad, undefined, JSON.stringify(bad));
		return all.length === n && all.every((one) => one.status === 'posted') && all;
	}, 90000);
}

function picture(folder, name, size) {
	const file = join(folder, name);

	execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=s=${size}`,
		'-frames:v', '1', '-q:v', '3', file], { stdio: ['ignore', 'inherit', 'inherit'] });
	return readFileSync(file);
}

async function upload(token, bytes) {
	return (await call(token, 'POST', '/api/v1/media?filename=a.jpg', bytes, 'image/jpeg')).id;
}

// The consent page of the PDS, as a person goes through it.
async function allow(page, account) {
	await page.getByRole('textbox', { name: 'Password' }).fill(account.password);
	await page.getByRole('button', { name: /^(Sign in|Next)$/ }).click();
	await page.getByRole('button', { name: /^(Authorize|Allow|Accept)$/ }).click();
	await page.waitForURL((url) => url.origin === env.CARILLON_URL &&
		!url.pathname.startsWith('/api/'));
	return new URL(page.url()).searchParams;
}

async function connectInBrowser(world, token, account) {
	const context = await world.browser.newContext({ ignoreHTTPSErrors: true });

	context.setDefaultTimeout(30000);
	try {
		const page = await context.newPage();
		const reply = await page.request.get(`${env.CARILLON_URL}${STATE}/auth-url?` +
			new URLSearchParams({ redirect: '/', mode: 'live', handle: account.handle }),
		{ headers: { Authorization: `Bearer ${token}` } });

		assert.equal(reply.status(), 200, await reply.text());
		const { url } = await reply.json();

		assert.equal(new URL(url).origin, world.url);
		await page.goto(url);
		try {
			return await allow(page, account);
		} catch (why) {
			console.log(page.url(), await page.locator('body').innerText());
			throw why;
		}
	} finally {
		await context.close();
	}
}

const cases = {
	async person_connects_on_the_consent_page(world) {
		const { token } = makeOwner();
		const account = await newAccount(world);
		const query = await connectInBrowser(world, token, account);

		assert.equal(query.get('connected'), 'bluesky', `${query}`);
		const state = await call(token, 'GET', STATE);

		assert.equal(state.connected, true);
		assert.equal(state.account.remote_id, account.did);
		assert.equal(state.account.username, account.handle);
		assert.deepEqual(state.missing_scopes, []);
	},

	async text_goes_out_with_its_facets(world) {
		const { token } = makeOwner();
		const [account, friend] = [await newAccount(world), await newAccount(world)];
		const text = `Grüße 👩‍👩‍👧 from @${friend.handle}, see https://example.com/a?b=c #Übung`;
		const at = (part) => {
			const byteStart = Buffer.byteLength(text.slice(0, text.indexOf(part)));

			return { byteStart, byteEnd: byteStart + Buffer.byteLength(part) };
		};
		const facet = (part, kind, value) => ({ $type: 'app.bsky.richtext.facet', index: at(part),
			features: [{ $type: `app.bsky.richtext.facet#${kind}`, ...value }] });

		await connectInBrowser(world, token, account);
		await publish(token, await idOf(token, account), { kind: 'text', caption: text });
		const [post] = await published(token, 1);
		const [record, ...more] = await records(world, account);

		assert.deepEqual(more, []);
		const { createdAt, ...value } = record.value;

		assert.deepEqual(value, { $type: POSTS, text, facets: [
			facet(`@${friend.handle}`, 'mention', { did: friend.did }),
			facet('https://example.com/a?b=c', 'link', { uri: 'https://example.com/a?b=c' }),
			facet('#Übung', 'tag', { tag: 'Übung' })] });
		assert.ok(!Number.isNaN(Date.parse(createdAt)));
		assert.equal(post.remotePostId, record.uri);
	},

	async images_arrive_byte_for_byte(world) {
		const { token } = makeOwner();
		const account = await newAccount(world);
		const id = await connectByPassword(token, account, await appPassword(world, account));
		const bytes = [picture(world.folder, 'a.jpg', '800x600'), picture(world.folder, 'b.jpg', '300x500')];
		const media = [];

		for (const one of bytes)
			media.push({ media_id: await upload(token, one), alt_text: `Picture ${media.length + 1}` });
		await publish(token, id, { kind: 'carousel', caption: 'Two pictures', media });
		await published(token, 1);
		const [{ value }] = await records(world, account);
		const { images } = value.embed;

		assert.deepEqual(images.map((one) => [one.alt, one.aspectRatio, one.image.mimeType]), [
			['Picture 1', { width: 800, height: 600 }, 'image/jpeg'],
			['Picture 2', { width: 300, height: 500 }, 'image/jpeg']]);
		for (const i of [0, 1])
			assert.ok(bytes[i].equals(await blob(world, account, images[i].image.ref.$link)), `image ${i}`);
	},

	async thread_hangs_together(world) {
		const { token } = makeOwner();
		const account = await newAccount(world);
		const id = await connectByPassword(token, account, await appPassword(world, account));

		await publish(token, id, { kind: 'text', caption: 'One',
			overrides: { bluesky: { thread: ['Two', 'Three'] } } });
		await published(token, 1);
		const [one, two, three, ...more] = await records(world, account);
		const ref = ({ uri, cid }) => ({ uri, cid });

		assert.deepEqual(more, []);
		assert.deepEqual([one, two, three].map((r) => r.value.text), ['One', 'Two', 'Three']);
		assert.equal(one.value.reply, undefined);
		assert.deepEqual(two.value.reply, { root: ref(one), parent: ref(one) });
		assert.deepEqual(three.value.reply, { root: ref(one), parent: ref(two) });
	},

	// A rotated refresh token that is sent again ends the grant, see quirks.js.
	async runners_at_once_refresh_once(world) {
		const { token } = makeOwner();
		const account = await newAccount(world);

		await connectInBrowser(world, token, account);
		const id = await idOf(token, account);

		for (let round = 1; round <= ROUNDS; round++) {
			await refreshAtOnce(world, id);
			assert.equal(generation(id), round + 1);
		}
		await publish(token, id, { kind: 'text', caption: 'Still connected' });
		await published(token, 1);
		assert.equal((await records(world, account)).length, 1);
	},

	async killed_runner_leaves_every_post_out_once(world) {
		const { token } = makeOwner();
		const accounts = await Promise.all(Array.from({ length: OUTSTANDING }, () => newAccount(world)));
		const ids = await Promise.all(accounts.map((one) => connectByPassword(token, one)));

		world.gate.hold(PUT);
		await call(token, 'POST', '/v1/posts', { accountIds: ids, contentType: 'text', caption: 'Once',
			scheduledTime: new Date(Date.now() + 3000).toISOString() });
		await until('all answers to be outstanding', () => world.gate.held === OUTSTANDING);
		await world.instance.killRunners();
		const killed = Date.now();

		world.gate.release();
		world.instance.keepRunner();
		const all = await published(token, OUTSTANDING);
		const took_s = (Date.now() - killed) / 1000;

		console.log(`all published ${took_s} s after the kill; a lease is ${LEASE_S} s`);
		assert.ok(took_s < 3 * LEASE_S, `${took_s} s`);
		const uris = [];

		for (const account of accounts) {
			const found = await records(world, account);

			assert.deepEqual(found.map((one) => one.value.text), ['Once']);
			uris.push(found[0].uri);
		}
		assert.deepEqual(all.map((one) => one.remotePostId).sort(), uris.sort());
	},
};

const PUT = '/xrpc/com.atproto.repo.putRecord';
const TOKEN = '/oauth/token';
const generation = (id) => Number(sql('SELECT generation FROM account_tokens WHERE ' +
	`account_id = '${id}' AND kind = 'refresh'`));

// The refresh is due; several runners begin, and the server takes its time.
async function refreshAtOnce(world, id) {
	const before = world.gate.statuses(TOKEN).length;

	world.gate.hold(TOKEN);
	sql(`UPDATE account_refreshes SET next_at = NOW(3) WHERE account_id = '${id}'`);
	const runners = Array.from({ length: RUNNERS }, () => world.instance.startRunner('--once'));

	await until('a refresh', () => world.gate.held > 0);
	await sleep(1000);
	assert.equal(world.gate.held, 1);
	world.gate.release();
	await Promise.all(runners.map((one) => one.ended));
	const told = world.gate.statuses(TOKEN).slice(before);

	assert.equal(told.filter((status) => status === 200).length, 1, `${told}`);
}

async function main() {
	const folder = mkdtempSync(join(tmpdir(), 'networks-'));
	const world = await startServers(folder);
	const instance = new Instance();

	world.folder = folder;
	world.gate = new Gate(world.pds.server);
	try {
		world.instance = instance;
		world.browser = await chromium.launch({ executablePath: env.CHROMIUM, args: QUIET });
		await instance.open({
			fetch: { allow: '127.0.0.0/8 [::1]/128', http: 'true' },
			publish: { lease_s: LEASE_S, max_runners: 8 },
			bluesky: { resolver_base: world.url, plc_base: world.directory },
		});
		instance.keepRunner();
		await runCases('proof.js', cases, world);
	} finally {
		world.gate.release();
		await instance.close();
		await world.browser?.close();
		await world.stop();
		rmSync(folder, { recursive: true, force: true });
	}
	process.exit();
}

main().catch((why) => {
	console.error(why);
	process.exit(1);
});

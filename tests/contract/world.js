// SPDX-License-Identifier: Apache-2.0
// A workspace of its own with one of most things, so that answers have something to tell.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { randomInt } = require('node:crypto');

const env = process.env;
const digits = (n) => Array.from({ length: n }, () => randomInt(10)).join('');
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJ' +
	'RU5ErkJggg==', 'base64');

function admin(args, input) {
	return execFileSync(`${env.CARILLON_BUILD}/carillon-admin`, ['-c', env.CARILLON_CONF, ...args],
		{ input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] }).trim();
}

function makeOwner() {
	const name = `contract-${digits(12)}`;
	const email = `${name}@example.com`;

	admin(['user-add', email, '--workspace', name, '--role', 'owner', '--password-stdin'],
		`password-${digits(16)}\n`);
	return admin(['create-token', email, '--workspace', name]);
}

async function ask(token, method, path, body, type = 'application/json') {
	const reply = await fetch(env.CARILLON_URL + path, { method,
		headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': type } : {}) },
		body: body && type === 'application/json' ? JSON.stringify(body) : body });

	assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${await reply.clone().text()}`);
	return reply.json();
}

// The person says yes at once; the callback connects the account.
async function connect(token, platform, world, user) {
	await fetch(`${env.CARILLON_SANDBOX_URL}/_control/world`,
		{ method: 'POST', body: JSON.stringify({ platform, ...world }) });
	const { url } = await ask(token, 'GET', `/api/v1/integrations/${platform}/auth-url?mode=live`);
	const yes = await fetch(`${url}&sandbox_user=${user}&sandbox_auto=approve`, { redirect: 'manual' });
	const done = await fetch(yes.headers.get('location'), { redirect: 'manual' });

	assert.match(done.headers.get('location'), /connected=/);
}

async function worldMake() {
	const token = makeOwner();
	const user = `3${digits(17)}`;

	await connect(token, 'twitter', { users: [{ id: user, username: `u${user.slice(1, 13)}` }] }, user);
	const { accounts } = await ask(token, 'GET', '/api/v1/accounts');
	const character = await ask(token, 'POST', '/api/v1/characters', { name: 'Robin' });
	const medium = await ask(token, 'POST', '/api/v1/media?filename=a.png', PIXEL, 'image/png');
	const content = await ask(token, 'POST', '/api/v1/content',
		{ kind: 'text', caption: 'Words', character_id: character.id });

	await ask(token, 'POST', `/api/v1/content/${content.id}/submit`);
	await ask(token, 'POST', `/api/v1/content/${content.id}/approve`);
	await ask(token, 'POST', `/api/v1/content/${content.id}/schedule`,
		{ scheduled_at: '2098-01-01T10:00:00Z', account_ids: [accounts[0].id] });
	return { token, ids: [accounts[0].id, character.id, medium.id, content.id] };
}

module.exports = { worldMake };

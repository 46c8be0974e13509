// SPDX-License-Identifier: Apache-2.0
// The network's own servers, on 127.0.0.1 alone: a Personal Data Server and the directory in which
// it enters its accounts. Run by itself (NETWORKS_FOLDER: where the records lie) it prints what is
// needed to use them, as one line of JSON, and ends with its standard input.
'use strict';
const { randomBytes } = require('node:crypto');
const { mkdirSync, mkdtempSync, rmSync } = require('node:fs');
const { createServer } = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

// Both servers read this as they are loaded.
process.env.LOG_ENABLED ??= 'false';

const HOST = '127.0.0.1';

// A port that is free now; the servers must know their own before they listen.
function freePort() {
	return new Promise((done, failed) => {
		const probe = createServer();

		probe.on('error', failed);
		probe.listen({ host: HOST, port: 0 }, () => {
			const { port } = probe.address();

			probe.close(() => done(port));
		});
	});
}

async function startDirectory(port) {
	const { PlcServer, Database } = require('@did-plc/server');
	const db = Database.mock();
	// listen() takes this where the server knows a number only: it would bind all addresses.
	const directory = PlcServer.create({ db, port: { host: HOST, port } });

	await directory.start();
	return directory;
}

function settings(folder, port, directory, password, env) {
	return {
		port,
		hostname: 'localhost',
		devMode: true,
		dataDirectory: folder,
		blobstoreDiskLocation: join(folder, 'blobs'),
		blobstoreDiskTmpLocation: join(folder, 'blobs-new'),
		didPlcUrl: directory,
		serviceHandleDomains: ['.test'],
		inviteRequired: false,
		enableDidDocWithSession: true,
		dpopSecret: randomBytes(32).toString('hex'),
		jwtSecret: randomBytes(32).toString('hex'),
		adminPassword: password,
		plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
		...env,
	};
}

// What a server of the network needs; .stop() ends both. `env` changes settings of the PDS.
async function startServers(folder, env = {}) {
	const { PDS, envToCfg, envToSecrets } = require('@atproto/pds');
	const [port, directoryPort] = [await freePort(), await freePort()];
	const password = randomBytes(12).toString('hex');
	const directory = await startDirectory(directoryPort);
	const given = settings(folder, port, `http://${HOST}:${directoryPort}`, password, env);

	mkdirSync(given.blobstoreDiskTmpLocation, { recursive: true });
	const pds = await PDS.create(envToCfg(given), envToSecrets(given));

	pds.ctx.cfg.service.port = { host: HOST, port };
	await pds.start();
	return {
		url: pds.ctx.cfg.service.publicUrl,
		port,
		directory: given.didPlcUrl,
		adminPassword: password,
		pds,
		async stop() {
			await pds.destroy();
			await directory.destroy();
		},
	};
}

async function makeAccount(url, name) {
	const account = { handle: `${name}.test`, email: `${name}@example.com`, password: `pw-${name}` };
	const reply = await fetch(`${url}/xrpc/com.atproto.server.createAccount`, { method: 'POST',
		headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(account) });
	const made = await reply.json();

	if (reply.status !== 200)
		throw new Error(`createAccount: ${reply.status} ${JSON.stringify(made)}`);
	return { ...account, did: made.did, accessJwt: made.accessJwt, refreshJwt: made.refreshJwt };
}

async function main() {
	const folder = process.env.NETWORKS_FOLDER ?? mkdtempSync(join(tmpdir(), 'networks-'));
	const { url, port, directory, adminPassword, stop } = await startServers(folder);

	console.log(JSON.stringify({ url, port, directory, adminPassword, pid: process.pid }));
	process.stdin.resume().on('end', async () => {
		await stop();
		if (!process.env.NETWORKS_FOLDER)
			rmSync(folder, { recursive: true, force: true });
		process.exit(0);
	});
}

module.exports = { startServers, makeAccount, freePort, HOST };

if (require.main === module)
	main().catch((why) => {
		console.error(why);
		process.exitCode = 1;
	});

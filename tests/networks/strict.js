// SPDX-License-Identifier: Apache-2.0
// Carillon's OAuth client at an authorization server that nobody here wrote and that forgives nothing:
// oidc-provider, with pushed requests, PKCE, nonces and rotation required. What else an account's
// server says (who is who) stands in front of it. The person says yes at once.
'use strict';
const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { createServer } = require('node:http');
const { Provider } = require('oidc-provider');
const { request } = require('playwright-core');
const { Instance, call, makeOwner, sql } = require('./instance.js');
const { freePort, HOST } = require('./servers.js');
const { runCases } = require('./suite.js');

const env = process.env;
const STATE = '/api/v1/integrations/bluesky';
const SCOPE = 'atproto transition:generic';
const CALLBACK = `http://${HOST}:${new URL(env.CARILLON_URL).port || 443}${STATE}/callback`;
const CLIENT = `http://localhost?redirect_uri=${encodeURIComponent(CALLBACK)}&scope=` +
	encodeURIComponent(SCOPE);

const letters = (n) => Array.from(randomBytes(n), (byte) => 'abcdefghijklmnopqrstuvwxyz'[byte % 26]).join('');

function configuration() {
	return {
		clients: [{ client_id: CLIENT, application_type: 'native', redirect_uris: [CALLBACK],
			token_endpoint_auth_method: 'none', response_types: ['code'], scope: SCOPE,
			grant_types: ['authorization_code', 'refresh_token'], dpop_bound_access_tokens: true }],
		scopes: SCOPE.split(' '),
		pkce: { required: () => true },
		features: {
			devInteractions: { enabled: false },
			dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
			pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
			revocation: { enabled: true },
		},
		issueRefreshToken: () => true,
		rotateRefreshToken: true,
		findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
		interactions: { url: (_, { uid }) => `/yes/${uid}` },
		discovery: { client_id_metadata_document_supported: true },
		cookies: { keys: [randomBytes(16).toString('hex')] },
		ttl: { AccessToken: 3600, RefreshToken: 86400, Grant: 86400, Session: 3600, Interaction: 600 },
	};
}

// The answer to /yes/{uid}: logged in as whom the request hinted at, and everything allowed.
async function sayYes(server, req, res) {
	const { params, grantId } = await server.provider.interactionDetails(req, res);
	const accountId = server.dids.get(params.login_hint);
	const grant = grantId ? await server.provider.Grant.find(grantId) :
		new server.provider.Grant({ accountId, clientId: params.client_id });

	grant.addOIDCScope(params.scope);
	await server.provider.interactionFinished(req, res,
		{ login: { accountId }, consent: { grantId: await grant.save() } });
}

function didDocument(server, did) {
	const [handle] = [...server.dids].find(([, one]) => one === did);

	return { id: did, alsoKnownAs: [`at://${handle}`], service: [{ id: '#atproto_pds',
		type: 'AtprotoPersonalDataServer', serviceEndpoint: server.url }] };
}

async function session(server, req) {
	const [, value] = (req.headers.authorization ?? '').split(' ');
	const token = value && await server.provider.AccessToken.find(value);

	return token ? [200, { did: token.accountId, active: true }] :
		[400, { error: 'InvalidToken', message: 'No such token' }];
}

// What is no matter of the authorization server: path -> [status, document].
const beside = {
	'/.well-known/oauth-protected-resource': (server) =>
		[200, { resource: server.url, authorization_servers: [server.url] }],
	'/xrpc/com.atproto.identity.resolveHandle': (server, req, url) =>
		[200, { did: server.dids.get(url.searchParams.get('handle')) }],
	'/xrpc/com.atproto.server.getSession': session,
	'/xrpc/com.atproto.repo.getRecord': () =>
		[400, { error: 'RecordNotFound', message: 'Could not locate record' }],
};

async function answer(server, req, res) {
	const url = new URL(req.url, server.url);
	const other = url.pathname.startsWith('/did:') ?
		() => [200, didDocument(server, url.pathname.slice(1))] : beside[url.pathname];

	if (url.pathname.startsWith('/yes/'))
		return sayYes(server, req, res);
	if (!other)
		return server.provider.callback()(req, res);
	const [status, document] = await other(server, req, url);

	res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
}

async function start() {
	const port = await freePort();
	const server = { url: `http://localhost:${port}`, dids: new Map(), grants: [], refusals: [] };

	server.provider = new Provider(server.url, configuration());
	// AT Protocol has the account's name in the token's answer.
	server.provider.use(async (ctx, next) => {
		await next();
		if (ctx.oidc?.route === 'token' && ctx.status === 200)
			ctx.body.sub = ctx.oidc.entities.Account.accountId;
	});
	server.provider.on('grant.success', (ctx) => server.grants.push(ctx.oidc.params.grant_type));
	server.provider.on('grant.error', (ctx, why) => server.refusals.push(why));
	server.provider.on('server_error', (ctx, why) => console.log(why));
	server.http = createServer((req, res) => answer(server, req, res).catch((why) => {
		console.log(why);
		res.destroy();
	}));
	await new Promise((done) => server.http.listen({ host: HOST, port }, done));
	return server;
}

// A person's browser, from auth-url to where it stands at the end. alter: what happens to the address
// of the callback on the way.
async function connect(server, alter = (url) => url, meanwhile = () => {}) {
	const { name, token } = makeOwner();
	const handle = `${letters(10)}.test`;
	const context = await request.newContext({ ignoreHTTPSErrors: true });

	server.dids.set(handle, `did:plc:${letters(24)}`);
	try {
		const begun = await context.get(`${env.CARILLON_URL}${STATE}/auth-url?` +
			new URLSearchParams({ redirect: '/', mode: 'live', handle }),
		{ headers: { Authorization: `Bearer ${token}` } });
		let { url } = await begun.json();

		assert.equal(begun.status(), 200, await begun.text());
		meanwhile(name);
		for (let hops = 0; hops < 12; hops++) {
			const reply = await context.get(url, { maxRedirects: 0 });
			const location = reply.headers().location;

			assert.ok(location, `${url}: ${reply.status()} ${await reply.text()}`);
			url = new URL(location, url).href;
			if (url.startsWith(CALLBACK))
				url = alter(new URL(url)).href;
			if (new URL(url).origin === env.CARILLON_URL && !url.includes('/api/'))
				break;
		}
		return { token, did: server.dids.get(handle), query: new URL(url).searchParams };
	} finally {
		await context.dispose();
	}
}

async function connected(server) {
	const { token, did, query } = await connect(server);

	assert.equal(query.get('connected'), 'bluesky', `${query}`);
	const { accounts } = await call(token, 'GET', '/api/v1/accounts');

	assert.deepEqual(accounts.map((one) => one.remote_id), [did]);
	return { token, id: accounts[0].id };
}

async function refused(server, ...how) {
	const before = server.grants.length;
	const { token, query } = await connect(server, ...how);

	assert.equal(query.get('connected'), null, `${query}`);
	assert.ok(query.get('error'), `${query}`);
	assert.deepEqual((await call(token, 'GET', '/api/v1/accounts')).accounts, []);
	assert.equal(server.grants.length, before);
}

const where = (id, more = '') => `WHERE account_id = '${id}'${more}`;

// The refresh is due; resolves when a runner has had its turn.
async function renew(world, id) {
	sql(`UPDATE account_refreshes SET next_at = NOW(3) ${where(id)}`);
	await world.instance.startRunner('--once').ended;
}

const generation = (id) =>
	Number(sql(`SELECT generation FROM account_tokens ${where(id, " AND kind = 'refresh'")}`));

const cases = {
	async strict_server_takes_the_whole_dialogue({ server }) {
		await connected(server);
		assert.deepEqual(server.grants.slice(-1), ['authorization_code']);
	},

	async other_verifier_is_refused_there({ server }) {
		server.refusals.length = 0;
		await refused(server, undefined, (name) => sql('UPDATE oauth_flows f JOIN workspaces w ON ' +
			`w.id = f.workspace_id SET f.verifier = REVERSE(f.verifier) WHERE w.name = '${name}'`));
		assert.match(`${server.refusals.map((why) => why.error_detail)}`, /^code_verifier does not match/);
	},

	async other_issuer_is_refused_here({ server }) {
		server.refusals.length = 0;
		await refused(server, (url) => {
			assert.equal(url.searchParams.get('iss'), server.url);
			url.searchParams.set('iss', 'https://login.example');
			return url;
		});
		assert.deepEqual(server.refusals, []);
	},

	async missing_issuer_is_refused_here({ server }) {
		await refused(server, (url) => {
			url.searchParams.delete('iss');
			return url;
		});
	},

	async each_renewal_brings_another_refresh_token(world) {
		const { token, id } = await connected(world.server);

		for (const round of [2, 3]) {
			await renew(world, id);
			assert.equal(generation(id), round);
		}
		assert.deepEqual(world.server.grants.slice(-2), ['refresh_token', 'refresh_token']);
		assert.equal((await call(token, 'GET', STATE)).connected, true);
	},

	// As after a restored backup: the server ends the grant, and a person is told.
	async refresh_token_used_twice_ends_the_connection(world) {
		const { token, id } = await connected(world.server);

		sql(`CREATE TABLE networks_kept AS SELECT * FROM account_tokens ${where(id)}`);
		await renew(world, id);
		sql(`REPLACE INTO account_tokens SELECT * FROM networks_kept; DROP TABLE networks_kept`);
		world.server.refusals.length = 0;
		await renew(world, id);
		assert.match(`${world.server.refusals.map((why) => why.error_detail)}`, /already used/);
		assert.equal((await call(token, 'GET', `/api/v1/accounts/${id}`)).status, 'expired');
		assert.equal((await call(token, 'GET', STATE)).connected, false);
	},
};

async function main() {
	const server = await start();
	const instance = new Instance();

	try {
		await instance.open({
			fetch: { allow: '127.0.0.0/8 [::1]/128', http: 'true' },
			publish: { max_runners: 8 },
			bluesky: { resolver_base: server.url, plc_base: server.url },
		});
		await runCases('strict.js', cases, { server, instance });
	} finally {
		await instance.close();
		server.http.closeAllConnections();
		server.http.close();
	}
	process.exit();
}

main().catch((why) => {
	console.error(why);
	process.exit(1);
});

// SPDX-License-Identifier: Apache-2.0
// A bare OAuth client with proofs of possession, to ask a server how it answers.
'use strict';
const { createHash, generateKeyPairSync, randomBytes, sign } = require('node:crypto');

const encode = (what) => Buffer.from(what).toString('base64url');
const digest = (what) => createHash('sha256').update(what).digest('base64url');

class Client {
	constructor(redirectUri, scope) {
		const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
		const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });

		this.key = privateKey;
		this.jwk = { kty, crv, x, y };
		this.redirectUri = redirectUri;
		this.scope = scope;
		this.id = `http://localhost?${new URLSearchParams({ redirect_uri: redirectUri, scope })}`;
		this.verifier = randomBytes(32).toString('base64url');
	}

	proof(method, url, { nonce, token } = {}) {
		const head = encode(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: this.jwk }));
		const body = encode(JSON.stringify({ jti: randomBytes(12).toString('hex'), htm: method,
			htu: url, iat: Math.floor(Date.now() / 1000), nonce,
			ath: token === undefined ? undefined : digest(token) }));
		const made = sign('sha256', Buffer.from(`${head}.${body}`),
			{ key: this.key, dsaEncoding: 'ieee-p1363' });

		return `${head}.${body}.${made.toString('base64url')}`;
	}

	// One call, as it is answered; a nonce that the answer brings is used from then on.
	async post(url, form) {
		const reply = await fetch(url, { method: 'POST', body: new URLSearchParams(form),
			headers: { DPoP: this.proof('POST', url, { nonce: this.nonce }) } });

		this.nonce = reply.headers.get('dpop-nonce') ?? this.nonce;
		return { status: reply.status, headers: reply.headers, body: await reply.json() };
	}

	push(issuer, more = {}) {
		return this.post(`${issuer}/oauth/par`, { client_id: this.id, response_type: 'code',
			redirect_uri: this.redirectUri, scope: this.scope, state: 'a-state',
			code_challenge: digest(this.verifier), code_challenge_method: 'S256', ...more });
	}

	exchange(issuer, code, verifier = this.verifier) {
		return this.post(`${issuer}/oauth/token`, { client_id: this.id, code,
			grant_type: 'authorization_code', redirect_uri: this.redirectUri,
			code_verifier: verifier });
	}

	refresh(issuer, token) {
		return this.post(`${issuer}/oauth/token`, { client_id: this.id,
			grant_type: 'refresh_token', refresh_token: token });
	}

	page(issuer, requestUri) {
		return `${issuer}/oauth/authorize?${new URLSearchParams({ client_id: this.id,
			request_uri: requestUri })}`;
	}
}

module.exports = { Client };

// SPDX-License-Identifier: Apache-2.0
// A person at the consent page of a Personal Data Server, without a browser: its page's own calls,
// with the cookies and the Fetch Metadata that a browser would send.
'use strict';
const { request } = require('node:http');

const API = '/@atproto/oauth-provider/~api';

// One exchange, with headers that fetch() would not let pass. Resolves to {status, headers, body}.
function exchange(method, url, headers, body) {
	return new Promise((done, failed) => {
		const call = request(url, { method, headers, agent: false }, (reply) => {
			const parts = [];

			reply.on('data', (part) => parts.push(part));
			reply.on('end', () => done({ status: reply.statusCode, headers: reply.headers,
				body: Buffer.concat(parts).toString() }));
			reply.on('error', failed);
		});

		call.on('error', failed);
		call.end(body);
	});
}

class Person {
	constructor(account) {
		this.account = account;
		this.cookies = new Map();
	}

	async #visit(method, url, headers, body) {
		const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
		const reply = await exchange(method, url, { ...headers, Cookie: cookie }, body);

		for (const one of reply.headers['set-cookie'] ?? []) {
			const [, name, value] = /^([^=]+)=([^;]*)/.exec(one);

			this.cookies.set(name, value);
		}
		if (reply.status !== 200)
			throw new Error(`${method} ${url}: ${reply.status} ${reply.body}`);
		return reply;
	}

	async #press(page, call, body, token) {
		const { origin } = new URL(page);
		const reply = await this.#visit('POST', `${origin}${API}/${call}`, {
			'Content-Type': 'application/json', Origin: origin, Referer: page,
			'Sec-Fetch-Mode': 'same-origin', 'Sec-Fetch-Site': 'same-origin',
			'Sec-Fetch-Dest': 'empty', 'X-CSRF-Token': this.cookies.get('csrf-token'),
			...(token && { Authorization: `Bearer ${token}` }),
		}, JSON.stringify(body));

		return JSON.parse(reply.body);
	}

	// Logs in on `page` and allows; resolves to what the client's callback is told.
	async allow(page) {
		await this.#visit('GET', page, { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'none',
			'Sec-Fetch-Dest': 'document', 'User-Agent': 'Mozilla/5.0', 'Accept-Language': 'en' });
		const { account, ephemeralToken } = await this.#press(page, 'sign-in', { locale: 'en',
			username: this.account.handle, password: this.account.password });
		const { url } = await this.#press(page, 'consent', { sub: account.sub },
			ephemeralToken);

		return Object.fromEntries(new URL(url).searchParams);
	}
}

module.exports = { Person };

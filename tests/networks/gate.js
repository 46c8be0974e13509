// SPDX-License-Identifier: Apache-2.0
// Stands between a server's socket and what answers there: counts, and holds answers back. What is
// held has had its effect; only nobody has been told.
'use strict';

class Gate {
	#held = [];
	#path = null;

	constructor(server) {
		const [answer] = server.listeners('request');

		this.told = []; // {path, status} of what was answered, the oldest first
		server.removeAllListeners('request');
		server.on('request', (req, res) => {
			const { pathname } = new URL(req.url, 'http://localhost');

			res.on('finish', () => this.told.push({ path: pathname, status: res.statusCode }));
			if (pathname === this.#path)
				this.#keep(res);
			answer(req, res);
		});
	}

	#keep(res) {
		const [write, end] = [res.write.bind(res), res.end.bind(res)];
		const parts = [];

		res.write = (part) => parts.push(part);
		res.end = (part) => {
			this.#held.push(() => {
				parts.forEach((one) => write(one));
				end(part);
			});
			return res;
		};
	}

	// From now on the answers of `path` are held.
	hold(path) {
		this.#path = path;
	}

	get held() {
		return this.#held.length;
	}

	// Nothing is held any more.
	release() {
		this.#path = null;
		this.#held.splice(0).forEach((answer) => answer());
	}

	statuses(path) {
		return this.told.filter((one) => one.path === path).map((one) => one.status);
	}
}

module.exports = { Gate };

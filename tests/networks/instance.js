// SPDX-License-Identifier: Apache-2.0
// The instance of `./carillon env`, with settings of these tests, and runners that the tests start and
// end themselves. close() leaves it as it was.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { randomInt } = require('node:crypto');
const { closeSync, openSync, readFileSync, readdirSync, readlinkSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const env = process.env;
const home = dirname(dirname(env.CARILLON_CONF));
const carillon = join(__dirname, '../../carillon');
const program = join(home, 'bin', 'carillon-publish');
const digits = (n) => Array.from({ length: n }, () => randomInt(10)).join('');

function admin(args, input) {
	return execFileSync(`${env.CARILLON_BUILD}/carillon-admin`, ['-c', env.CARILLON_CONF, ...args],
		{ input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] }).trim();
}

// {token, name} of a workspace of its own.
function makeOwner() {
	const name = `networks-${digits(12)}`;
	const email = `${name}@example.com`;

	admin(['user-add', email, '--workspace', name, '--role', 'owner', '--password-stdin'],
		`password-${digits(16)}\n`);
	return { name, token: admin(['create-token', email, '--workspace', name]) };
}

async function ask(token, method, path, body, type = 'application/json') {
	const reply = await fetch(env.CARILLON_URL + path, { method,
		headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': type } : {}) },
		body: body && type === 'application/json' ? JSON.stringify(body) : body });
	const text = await reply.text();

	return { status: reply.status, body: text && JSON.parse(text) };
}

// The same, where anything but success is an error.
async function call(...args) {
	const { status, body } = await ask(...args);

	assert.ok(status < 300, `${args[1]} ${args[2]}: ${status} ${JSON.stringify(body)}`);
	return body;
}

function sql(statement) {
	return execFileSync(carillon, ['sql', '-N', '-B', '-e', statement], { encoding: 'utf8' }).trim();
}

// Until `look` gives something; what it is that was waited for is named when it does not come.
async function until(what, look, patience_ms = 60000) {
	const end = Date.now() + patience_ms;

	for (;;) {
		const found = await look();

		if (found)
			return found;
		assert.ok(Date.now() < end, `waited in vain for ${what}`);
		await sleep(50);
	}
}

function runnersOfInstance() {
	return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
		try {
			return readlinkSync(`/proc/${pid}/exe`) === program;
		} catch {
			return false;
		}
	}).map(Number);
}

function withSetting(text, section, name, value) {
	const head = new RegExp(`^\\[${section.replace('.', '\\.')}\\]$`, 'm');

	if (!head.test(text))
		return `${text}\n[${section}]\n${name} = ${value}\n`;
	const [before, after] = text.split(head);
	const end = after.search(/^\[/m);
	const [own, rest] = end < 0 ? [after, ''] : [after.slice(0, end), after.slice(end)];

	return `${before}[${section}]\n${name} = ${value}${own.replace(new RegExp(`^${name} *=.*\n`, 'm'),
		'')}${rest}`;
}

class Instance {
	#was = readFileSync(env.CARILLON_CONF, 'utf8');
	#cron;
	#runners = new Set();
	// However this process ends.
	#leave = () => {
		writeFileSync(env.CARILLON_CONF, this.#was);
		process.kill(this.#cron, 'SIGCONT');
	};

	#reload(text) {
		writeFileSync(env.CARILLON_CONF, text);
		execFileSync(carillon, ['reload'], { stdio: ['ignore', 'ignore', 'inherit'] });
	}

	// rows: {section: {name: value}}. The instance's own runners end, for they hold the old settings.
	async open(rows) {
		let text = this.#was;

		assert.ok(spawnSync(carillon, ['status'], { encoding: 'utf8' }).stdout.includes(env.CARILLON_CONF),
			'CARILLON_HOME places another instance than that of ./carillon env');
		for (const [section, row] of Object.entries(rows))
			for (const [name, value] of Object.entries(row))
				text = withSetting(text, section, name, value);
		this.#cron = Number(readFileSync(join(dirname(dirname(env.CARILLON_SOCKET)), 'pids/runner'),
			'utf8').split(' ')[0]);
		process.on('exit', this.#leave);
		process.once('SIGTERM', () => process.exit(143));
		process.kill(this.#cron, 'SIGSTOP');
		this.#reload(text);
		for (const pid of runnersOfInstance())
			process.kill(pid, 'SIGTERM');
		await until('the end of the runners', () => runnersOfInstance().length === 0);
	}

	// One runner, as cron would start it; .kill() ends it and what it started at once.
	startRunner(...options) {
		const [, user] = /^\* \* \* \* \* (\S+)/m.exec(readFileSync(
			join(home, 'conf/carillon.cron'), 'utf8'));
		const words = [program, '-c', env.CARILLON_CONF, ...options];
		const as = process.getuid() === 0 ? ['setpriv', `--reuid=${user}`, `--regid=${user}`,
			'--init-groups', '--no-new-privs', '--'] : [];
		const [file, ...args] = [...as, ...words];
		const log = openSync(join(home, 'log/publish.log'), 'a');
		const child = spawn(file, args, { detached: true, stdio: ['ignore', 'ignore', log] });

		closeSync(log);
		const runner = {
			ended: new Promise((done) => child.on('exit', done)),
			signal(name) {
				try {
					process.kill(-child.pid, name);
				} catch (why) {
					assert.equal(why.code, 'ESRCH');
				}
				return this.ended;
			},
			kill() {
				return this.signal('SIGKILL');
			},
			stop() {
				return this.signal('SIGTERM');
			},
		};

		this.#runners.add(runner);
		runner.ended.then(() => this.#runners.delete(runner));
		return runner;
	}

	// There is a runner, one after the other, until this.isKept is taken back.
	keepRunner() {
		this.isKept = true;
		this.#again();
	}

	#again() {
		if (!this.isKept)
			return;
		this.startRunner().ended.then((code) => code === 0 ? this.#again() :
			code === null || console.log(`a runner ended with ${code}`));
	}

	async stopRunners() {
		this.isKept = false;
		await Promise.all([...this.#runners].map((one) => one.stop()));
	}

	// As if the host had lost its power.
	async killRunners() {
		this.isKept = false;
		await Promise.all([...this.#runners].map((one) => one.kill()));
	}

	async close() {
		if (!this.#cron)
			return;
		await this.stopRunners();
		this.#reload(this.#was);
		process.kill(this.#cron, 'SIGCONT');
		process.off('exit', this.#leave);
	}
}

module.exports = { Instance, ask, call, digits, makeOwner, sql, until };

// SPDX-License-Identifier: Apache-2.0
// Every operation of the served OpenAPI document gets generated requests, valid and not, through the
// real chain. Each answer's status, media type and body are what the document says, nothing that
// breaks the document is taken, and nothing makes the server fail.
'use strict';
const Ajv = require('ajv/dist/2020');
const addFormats = require('ajv-formats');
const fc = require('fast-check');
const { deref, requests, NOBODY } = require('./requests');
const { worldMake } = require('./world');

const env = process.env;
const SEED = Number(env.CONTRACT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = Number(env.CONTRACT_RUNS ?? 5);
// What would end the caller's own session, and what nginx keeps to itself.
const LEFT_OUT = ['logout', 'authorizeUpload'];
// Failures of others, told as such.
const NOT_OURS = ['publish_failed', 'platform_error', 'configuration_error'];
const known = new Map(); // prefix of an id -> the ids told so far
let doc, ajv, token, sent = 0;

function learn(value) {
	if (typeof value === 'string' && /^[a-z]{2,5}_[0-9A-Z]{26}$/.test(value)) {
		const prefix = value.split('_')[0];
		const list = known.get(prefix) ?? known.set(prefix, []).get(prefix);

		if (!list.includes(value) && list.length < 200)
			list.push(value);
	} else if (value && typeof value === 'object') {
		Object.values(value).forEach(learn);
	}
}

// {$id, place}: one of those ids; null: any that is known; []: nobody's.
function idOf({ $id, place }) {
	const list = ($id ?? [...known.keys()]).flatMap((prefix) => known.get(prefix) ?? []);

	return list.length ? list[place % list.length] : NOBODY;
}

function filled(value) {
	if (Array.isArray(value))
		return value.map(filled);
	if (!value || typeof value !== 'object')
		return value;
	if ('$id' in value)
		return idOf(value);
	return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, filled(of)]));
}

function bodyOf(type, request) {
	if (request.raw !== undefined)
		return request.raw;
	const body = JSON.stringify(filled(request.body));

	return body !== undefined && type === 'application/x-ndjson' ? `${body}\n${body}\n` : body;
}

async function send(op, type, request, place) {
	const path = op.path.replace(/\{(\w+)\}/g, (_, name) =>
		encodeURIComponent(name === 'id' ? idOf(place) : 'x'));
	const query = new URLSearchParams(Object.entries(filled(request.query ?? {}))).toString();
	const body = bodyOf(type, request);
	const headers = { Prefer: 'wait=0', ...request.headers };

	if (op.security?.length !== 0)
		headers.Authorization = `Bearer ${token}`;
	if (body !== undefined)
		headers['Content-Type'] = request.type ?? type;
	sent += 1;
	const shown = `${op.method.toUpperCase()} ${path}${query && '?'}${query} ${JSON.stringify(headers)} ${body}`;
	const ask = async () => {
		const reply = await fetch(env.CARILLON_URL + path + (query && `?${query}`),
			{ method: op.method.toUpperCase(), headers, body, redirect: 'manual' });

		return { shown, reply, text: await reply.text() };
	};
	const answer = await ask();

	// A worker that is new gives the database a second, which a busy machine may need: it says come again.
	if (answer.reply.status !== 503 || !answer.text.includes('"code":"database_unavailable"'))
		return answer;
	await new Promise((resolve) => setTimeout(resolve, 2000));
	return ask();
}

// "200", else "2XX"; of its media types the one that is the answer's.
function documented(op, reply) {
	const response = deref(doc, op.responses[reply.status] ?? op.responses[`${String(reply.status)[0]}XX`]);
	const type = (reply.headers.get('content-type') ?? '').split(';')[0];

	if (!response)
		return [`status ${reply.status} is not documented`];
	if (!response.content)
		return [type && `there is a body of ${type}, none is documented`];
	const content = response.content[type] ?? response.content['*/*'];

	return [content ? '' : `"${type}" is not documented for ${reply.status}`, content?.schema];
}

// Null, or what is wrong.
function fault(op, request, { reply, text }) {
	const [wrong, schema] = documented(op, reply);
	const isLines = /ndjson/.test(reply.headers.get('content-type'));
	const lines = isLines ? text.trim().split('\n') : [text];

	if (wrong)
		return wrong;
	for (const line of schema && Object.keys(schema).length ? lines : []) {
		const value = JSON.parse(line);
		const validate = ajv.getSchema(`carillon#${schema.$ref.slice(1)}`);

		learn(value);
		if (request.fits === false && (isLines ? value.status : reply.status) < 400)
			return 'a request that does not fit the document was taken';
		if (!validate(value))
			return ajv.errorsText(validate.errors, { dataVar: 'answer' });
		if (value.code && reply.status >= 400 && value.status !== reply.status)
			return `the problem says ${value.status}`;
		if (reply.status >= 500 && value.code && !NOT_OURS.includes(value.code))
			return `the server failed: ${value.code}`;
	}
	if (request.fits === false && !schema)
		return 'a request that does not fit the document was taken';
	return reply.headers.get('x-request-id') ? null : 'there is no X-Request-Id';
}

async function walk(op) {
	const { type, fitting, breaking, pathIds } = requests(doc, op);
	const either = fc.oneof(fitting, breaking);
	const property = fc.asyncProperty(either, pathIds, async (request, place) => {
		const got = await send(op, type, request, place);
		const wrong = fault(op, request, got);

		if (wrong)
			throw new Error(`${wrong}\n\t${got.shown}\n\t${got.reply.status} ${got.text.slice(0, 2000)}`);
	});
	const result = await fc.check(property, { seed: SEED, numRuns: 2 * RUNS, maxSkipsPerRun: 0,
		interruptAfterTimeLimit: 30000 });

	if (result.failed)
		console.log(`FAIL ${op.operationId}: ${result.errorInstance?.message ?? 'no time was left'}`);
	return result.failed;
}

// An answer has no members but those of its schema.
function closed(from) {
	const to = structuredClone(from);

	for (const schema of Object.values(to.components.schemas))
		if (schema.properties && schema.additionalProperties === undefined)
			schema.additionalProperties = false;
	return to;
}

async function main() {
	console.log(`contract: CONTRACT_SEED=${SEED} CONTRACT_RUNS=${RUNS}`);
	doc = closed(await (await fetch(`${env.CARILLON_URL}/api/v1/openapi.json`)).json());
	ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
	ajv.addSchema(doc, 'carillon');
	const world = await worldMake();

	token = world.token;
	learn(world.ids);
	const ops = Object.entries(doc.paths).flatMap(([path, item]) =>
		Object.entries(item).map(([method, op]) => ({ ...op, path, method })))
		.filter((op) => !LEFT_OUT.includes(op.operationId))
		.filter((op) => !env.CONTRACT_ONLY || op.operationId === env.CONTRACT_ONLY)
		// what removes comes last, or there would be nothing left to ask for
		.sort((a, b) => (a.method === 'delete') - (b.method === 'delete'));
	let failed = 0;

	for (const op of ops)
		failed += await walk(op);
	console.log(`contract: ${ops.length} operations, ${sent} requests, ${failed} failed`);
	process.exitCode = failed || !ops.length ? 1 : 0;
}

main();

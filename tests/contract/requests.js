// SPDX-License-Identifier: Apache-2.0
// Requests for an operation of the document, as fast-check draws them: such that fit it, and such
// that break it in one place. Ids are drawn as a place in what the server has told so far.
'use strict';
const fc = require('fast-check');

const NOBODY = 'cnt_01AAAAAAAAAAAAAAAAAAAAAAAA';
// What a member or parameter of that name holds where it is an id: the prefixes of such ids.
const PREFIXES = [
	[/account/i, ['acc']], [/character/, ['char']], [/media/, ['med']], [/content/i, ['cnt']],
	[/postIds/, ['sch']], [/flow/, ['flow']], [/event/, ['evt']],
];
const OF_PATH = [
	['/api-keys', ['key']], ['/members', ['user']], ['/characters', ['char']], ['/media', ['med']],
	['/content', ['cnt']], ['/accounts', ['acc']], ['/calendars', ['cal']], ['/schedule', ['sch']],
	['/posts', ['sch']], ['/deliveries', ['whd']], ['/webhooks', ['whk', 'whe']],
];
// Texts that a schema cannot tell the shape of.
const TEXTS = {
	timezone: ['Europe/Berlin', 'America/New_York', 'Mars/Olympus'],
	platform: ['twitter', 'instagram', 'myspace'],
	platforms: ['twitter', 'youtube'],
	scopes: ['content:read', 'posts:everything'],
	events: ['post.published', 'post.failed', 'post.imagined'],
	scheduled_at: ['2098-05-01T10:00:00Z', '2098-05-01T10:00', '2001-01-01T00:00:00Z', 'soon'],
	scheduledTime: ['2098-05-02T10:00:00Z', '2098-05-02T10:00:30', 'tomorrow'],
	start_date: ['2098-05-01', '2098-02-30'],
	rrule: ['FREQ=DAILY;COUNT=2', 'FREQ=NEVER'],
	contentUrl: ['https://media.invalid/a.jpg', 'https://127.0.0.1/a.jpg', 'ftp://media.invalid/a'],
	soundUrl: ['https://media.invalid/a.mp3', NOBODY],
	url: ['https://media.invalid/a.png', 'https://hooks.invalid/in', 'http://[::1]/', 'nonsense'],
	redirect: ['/settings', '//evil.example', 'javascript:alert(1)'],
	cursor: ['AAAA', 'eyJhIjoxfQ'],
	password: ['correct horse battery staple'],
};
// Free-form members: what their handlers know, and what they do not.
const OBJECTS = {
	overrides: [{ twitter: { caption: 'Other words' } }, { instagram: { tags: ['a'] } }, { caption: 'x' },
		{ myspace: {} }, { twitter: { caption: 7 } }, {}],
	schedule: [{ twitter: { posts_per_day: 2, min_gap_minutes: 60, windows: [{ days: ['mon', 'tue'],
		from: '09:00', to: '17:00' }] } }, { twitter: { posts_per_day: -1 } }, { twitter: [] }, {}],
	default_accounts: [{ twitter: NOBODY }, { myspace: 1 }, {}],
	settings: [{}, { privacy: 'private' }, { board: { id: [] } }, { '': null }],
};

const deref = (doc, schema) => schema && schema.$ref
	? schema.$ref.slice(2).split('/').reduce((at, key) => at[key], doc) : schema;
const idAt = (prefixes) => fc.tuple(fc.nat(999), fc.integer({ min: 0, max: 9 }))
	.map(([place, luck]) => ({ $id: luck < 8 ? prefixes : luck === 8 ? null : [], place }));

function prefixesOf(name) {
	const row = PREFIXES.find(([pattern]) => pattern.test(name));

	return row ? row[1] : null;
}

function textArbitrary(schema, name) {
	const most = Math.min(schema.maxLength ?? 60, 60);
	const least = Math.min(schema.minLength ?? 0, most);
	const any = fc.string({ unit: 'grapheme', minLength: least, maxLength: Math.max(1, Math.floor(most / 4)) });

	if (schema.enum)
		return fc.constantFrom(...schema.enum.filter((v) => v !== null));
	if (schema.pattern)
		return idAt(prefixesOf(name));
	if (TEXTS[name])
		return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...TEXTS[name]) }, any);
	if (schema.format === 'date-time')
		return fc.date({ min: new Date('2000-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
			.map((d) => d.toISOString());
	if (schema.format === 'email')
		return fc.emailAddress();
	if (schema.format === 'uri')
		return fc.constantFrom('https://hooks.invalid/in', 'https://media.invalid/a.png', 'http://x.invalid');
	return any;
}

// What fits the schema; a name tells the shape of what it does not.
function arbitrary(doc, written, name = '') {
	const schema = deref(doc, written);
	const one = (type) => arbitrary(doc, { ...schema, type }, name);
	const rows = {
		string: () => textArbitrary(schema, name),
		integer: () => fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1000 }),
		number: () => fc.oneof(fc.integer({ min: 0, max: 10 }), fc.double({ min: 0, max: 10, noNaN: true })),
		boolean: () => fc.boolean(),
		null: () => fc.constant(null),
		array: () => fc.array(arbitrary(doc, schema.items ?? {}, name), { minLength: schema.minItems ?? 0,
			maxLength: Math.min(schema.maxItems ?? 3, 3) }),
		object: () => schema.properties
			? fc.record(Object.fromEntries(Object.entries(schema.properties)
				.map(([key, of]) => [key, arbitrary(doc, of, key)])),
			{ requiredKeys: schema.required ?? [] })
			: fc.oneof(fc.constantFrom(...(OBJECTS[name] ?? [{}])), fc.dictionary(fc.string(), fc.jsonValue(),
				{ maxKeys: 3 })),
	};

	if (schema.oneOf || schema.anyOf)
		return fc.oneof(...(schema.oneOf ?? schema.anyOf).map((of) => arbitrary(doc, of, name)));
	if (Array.isArray(schema.type))
		return fc.oneof(...schema.type.map(one));
	return (rows[schema.type] ?? (() => fc.jsonValue()))();
}

// Breaks a body that fits in one place; what it gives does not fit, whatever the place.
function broken(doc, schema) {
	const of = deref(doc, schema);
	const names = Object.keys(of.properties ?? {});
	const wrong = (member) => {
		const types = [deref(doc, member).type ?? 'any'].flat();

		return types.includes('any') ? [] : [7.5, 'text', true, [], {}].filter((v) =>
			!types.includes(Array.isArray(v) ? 'array' : typeof v));
	};
	const breaks = [(body) => ({ ...body, unheard_of: 1 }), () => [], () => 'text', () => null];

	for (const name of of.required ?? [])
		breaks.push((body) => Object.fromEntries(Object.entries(body).filter(([key]) => key !== name)));
	for (const name of names) {
		const member = deref(doc, of.properties[name]);

		for (const value of wrong(member))
			breaks.push((body) => ({ ...body, [name]: value }));
		for (const [limit, value] of [['maxLength', 'x'.repeat((member.maxLength ?? 0) + 1)],
			['maximum', (member.maximum ?? 0) + 1], ['minimum', (member.minimum ?? 0) - 1],
			['enum', 'no such choice'], ['pattern', 'a-b'],
			['maxItems', Array((member.maxItems ?? 0) + 1).fill('x')]])
			if (member[limit] !== undefined)
				breaks.push((body) => ({ ...body, [name]: value }));
	}
	return fc.tuple(arbitrary(doc, schema), fc.constantFrom(...breaks)).map(([body, how]) => how(body));
}

function queryArbitrary(doc, params) {
	return fc.record(Object.fromEntries(params.map((p) => [p.name, arbitrary(doc, p.schema, p.name)])),
		{ requiredKeys: [] });
}

function brokenQuery(params) {
	const breaks = [{ unheard_of: '1' }];

	for (const { name, schema } of params) {
		const limits = { maximum: (schema.maximum ?? 0) + 1, minimum: (schema.minimum ?? 0) - 1,
			enum: 'no such choice', pattern: 'a-b', maxLength: 'x'.repeat((schema.maxLength ?? 0) + 1) };

		for (const limit of Object.keys(limits))
			if (schema[limit] !== undefined)
				breaks.push({ [name]: limits[limit] });
		if (['integer', 'boolean'].includes(schema.type))
			breaks.push({ [name]: 'neither' });
	}
	return fc.constantFrom(...breaks);
}

// One request: {query, body, raw, type, headers, fits}. `raw` goes out in place of a body.
function requests(doc, op) {
	const params = (op.parameters ?? []).map((p) => deref(doc, p)).filter((p) => p.in === 'query');
	const content = op.requestBody?.content ?? {};
	const type = Object.keys(content).find((t) => /json/.test(t));
	const schema = type && content[type].schema;
	const nothing = fc.constant(undefined);
	const body = schema ? arbitrary(doc, schema) : nothing;
	const query = queryArbitrary(doc, params);
	const headers = fc.constantFrom({}, {}, {}, { 'If-Match': '"1"' }, { 'If-Match': 'W/"x", *' },
		{ 'If-None-Match': '"1"' }, { 'Idempotency-Key': 'k1' }, { 'Idempotency-Key': '' },
		{ 'Idempotency-Key': 'k'.repeat(300) });
	const fitting = fc.record({ query, body, headers, fits: fc.constant(true) });
	const raw = fc.constantFrom('', '{', '{"a":1,"a":2}', '\u0000', '[[[[', '"\\ud800"', 'nul', '{}{}',
		'['.repeat(100) + ']'.repeat(100));
	const kinds = [fc.record({ query: brokenQuery(params), body, fits: fc.constant(false) })];

	if (schema) {
		kinds.push(fc.record({ query, body: broken(doc, schema), fits: fc.constant(false) }));
		kinds.push(fc.record({ raw, fits: fc.constant(null) }));
		kinds.push(fc.record({ body, type: fc.constantFrom('text/plain', 'application/xml', 'x'),
			fits: fc.constant(null) }));
	}
	return { type, fitting, breaking: fc.oneof(...kinds),
		pathIds: idAt((OF_PATH.filter(([part]) => (op.path ?? '').includes(part)).pop() ?? [0, null])[1]) };
}

module.exports = { requests, deref, NOBODY };

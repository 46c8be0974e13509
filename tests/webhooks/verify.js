// SPDX-License-Identifier: Apache-2.0
// Verifies deliveries as a receiver does, with the official library of Standard Webhooks. The file
// holds one a line: secret, webhook-id, webhook-timestamp, webhook-signature, body.
"use strict";
const assert = require("assert");
const fs = require("fs");
const { Webhook } = require("standardwebhooks");

const lines = fs.readFileSync(process.argv[2], "utf8").split("\n").filter((line) => line);

function headersOf(id, timestamp, signature) {
	return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
}

for (const line of lines) {
	const [secret, id, timestamp, signature, body] = line.split("\t");
	const webhook = new Webhook(secret);
	const headers = headersOf(id, timestamp, signature);
	const event = webhook.verify(body, headers);

	assert.strictEqual(event.id, id);
	assert.ok(event.type && event.timestamp && event.data);
	assert.throws(() => webhook.verify(body.replace('"id"', '"ID"'), headers));
	assert.throws(() => webhook.verify(body, headersOf(`${id}x`, timestamp, signature)));
	assert.throws(() => webhook.verify(body, headersOf(id, `${Number(timestamp) + 1}`, signature)));
	assert.throws(() => new Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").verify(body, headers));
}
assert.ok(lines.length >= 8, `only ${lines.length} deliveries were captured`);
assert.ok(lines.some((line) => line.split("\t")[3].includes(" ")), "none has two signatures");
console.log(`100%: Checks: ${lines.length}, Failures: 0, Errors: 0`);

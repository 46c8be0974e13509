/* SPDX-License-Identifier: Apache-2.0 */
/* What the rig's cases say to the sandbox and ask of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/client.h"
#include "rig.h"

/* A door that a case has shut opens again by itself; it may shut on a call that stood in it. */
#define KNOCKS   500
#define KNOCK_MS 20

json_t *rig_control(struct rig *r, const char *path, const char *json)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct http_request *req = http_request_new(a, json ? VERB_POST : VERB_GET, "rig.control");
	struct http_reply reply = { .status = 0 };
	struct net *net = NULL;
	struct problem p;
	json_t *out;

	rig_need(net_open(r->config, &net, &p), &p);
	req->url = arena_printf(a, "%s%s", r->sandbox_url, path);
	if (json)
		http_request_json(req, json_loads(json, 0, NULL));
	for (int i = 0; i < KNOCKS; i++) {
		rig_need(net_perform(net, NET_REPEATABLE, req, &reply, &p), &p);
		if (reply.transfer == TRANSFER_REPLIED)
			break;
		http_reply_done(&reply);
		rig_sleep_ms(KNOCK_MS);
	}
	if (reply.status / 100 != 2) {
		fprintf(stderr, "rig: %s answered %d %s\n", path, reply.status,
			buf_str(&reply.body));
		exit(EXIT_FAILURE);
	}
	out = http_reply_json(&reply);
	http_reply_done(&reply);
	net_free(net);
	return out;
}

void rig_sandbox(struct rig *r, const char *path, const char *json)
{
	json_decref(rig_control(r, path, json));
}

void rig_shut_door(struct rig *r, int ms)
{
	char json[40];

	(void)snprintf(json, sizeof(json), "{\"shut_ms\":%d}", ms);
	rig_sandbox(r, "/_control/door", json);
}

void rig_fault(struct rig *r, const char *json)
{
	rig_sandbox(r, "/_control/faults", json);
}

json_t *rig_objects(struct rig *r, const char *caption)
{
	CLEANUP(arena_free) struct arena *a = arena_new();

	return rig_control(
		r, arena_printf(a, "/_control/objects?caption=%s", url_encode(a, caption)), NULL);
}

int rig_effects(struct rig *r, const char *caption)
{
	json_t *out = rig_objects(r, caption);
	const int n = (int)json_integer_value(json_object_get(out, "count"));

	json_decref(out);
	return n;
}

const char *rig_object_text(struct rig *r, const char *caption, const char *name, char *ret,
			    size_t size)
{
	json_t *out = rig_objects(r, caption);
	const json_t *value =
		json_object_get(json_array_get(json_object_get(out, "objects"), 0), name);
	char *text =
		json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	(void)snprintf(ret, size, "%s",
		       json_is_string(value) ? json_string_value(value)
		       : text                ? text
					     : "");
	free(text);
	json_decref(out);
	return ret;
}

int rig_calls(struct rig *r, const char *endpoint)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	json_t *out = rig_control(r, "/_control/state", NULL);
	const json_t *all = json_object_get(out, "endpoints");
	const int n = (int)json_integer_value(
		json_object_get(all, arena_printf(a, "%s %s", r->platforms[0].name, endpoint)));

	json_decref(out);
	return n;
}

void rig_expect_fault(struct rig *r, const char *platform, const struct rig_fault_row *rows, int i,
		      int patience_ms)
{
	const struct rig_fault_row *row = &rows[i];
	char id[ID_MAX], caption[64], json[300];

	(void)snprintf(caption, sizeof(caption), "fault %d", i);
	(void)snprintf(json, sizeof(json),
		       "{\"platform\":\"%s\",\"point\":\"%s\",\"params\":{\"ms\":3000},"
		       "\"match\":{\"endpoint\":\"%s\"}}",
		       platform, row->point, row->endpoint);
	rig_post(r, 0, caption, -500, id);
	rig_fault(r, json);
	rig_expect(r, id, row->state, patience_ms);
	ck_assert_int_eq(rig_effects(r, caption), row->effects);
	if (row->attempts > 0)
		ck_assert_int_eq(rig_post_number(r, id, "attempts"), row->attempts);
	rig_expect_error(r, id, row->error ? row->error : "none");
}

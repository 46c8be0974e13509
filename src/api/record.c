/* SPDX-License-Identifier: Apache-2.0 */
#include "api/record.h"

#include <string.h>
#include <strings.h>

#include "api/principal.h"
#include "http/router.h"
#include "store/audit.h"

#define METHODS \
	((unsigned)HTTP_POST | (unsigned)HTTP_PATCH | (unsigned)HTTP_PUT | (unsigned)HTTP_DELETE)

static const char *const actor_kinds[] = { [PRINCIPAL_USER] = "user", [PRINCIPAL_KEY] = "key" };

bool record_is_due(const struct request *req)
{
	return req->principal && ((unsigned)req->route->method & METHODS);
}

int record_write(const struct request *req, const struct record *in, struct problem *reterr)
{
	const struct audit_entry entry = {
		.actor_kind = in->actor_kind,
		.actor_id = in->actor_id,
		.address = req->remote_addr,
		.request_id = req->request_id,
		.action = req->route->operation,
		.subject_id = in->subject_id,
		.outcome = in->outcome,
		.status = in->status,
	};

	return store_audit_add(req->app->db, in->workspace, &entry, req->app->keys, reterr);
}

static const char *made_by(const struct reply *answer)
{
	for (size_t i = 0; answer && i < answer->headers_n; i++) {
		const char *slash = strrchr(answer->headers[i].value, '/');

		if (strcasecmp(answer->headers[i].name, "Location") == 0)
			return slash && slash[1] ? slash + 1 : NULL;
	}
	return NULL;
}

int record_answer(const struct request *req, const struct reply *answer, const char *outcome,
		  struct problem *reterr)
{
	const struct principal *p = req->principal;
	const int status = answer && answer->status ? answer->status : req->route->ok;
	const struct record record = {
		.workspace = p->workspace,
		.actor_kind = actor_kinds[p->kind],
		.actor_id = p->id,
		.subject_id = req->params[0] ? req->params[0] : made_by(answer),
		.outcome = outcome,
		.status = strcmp(outcome, RECORD_BEGUN) == 0 ? 0 : status,
	};

	return record_write(req, &record, reterr);
}

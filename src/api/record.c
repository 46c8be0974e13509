/* SPDX-License-Identifier: Apache-2.0 */
#include "api/record.h"

#include <string.h>
#include <strings.h>

#include "api/principal.h"
#include "base/log.h"
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

static int record_own(const struct request *req, const struct record *about, struct problem *reterr)
{
	const struct principal *p = req->principal;
	struct record record = *about;

	record.workspace = p->workspace;
	record.actor_kind = actor_kinds[p->kind];
	record.actor_id = p->id;
	return record_write(req, &record, reterr);
}

int record_answer(const struct request *req, const struct reply *answer, const char *outcome,
		  struct problem *reterr)
{
	const int status = answer && answer->status ? answer->status : req->route->ok;
	const struct record record = {
		.subject_id = req->params[0] ? req->params[0] : made_by(answer),
		.outcome = outcome,
		.status = strcmp(outcome, RECORD_BEGUN) == 0 ? 0 : status,
	};

	return record_own(req, &record, reterr);
}

void record_denied(struct request *req, const struct problem *why)
{
	const struct problem_row *row = problem_row(why->kind);
	const struct record record = { .subject_id = req->params[0],
				       .outcome = row->code,
				       .status = row->status };
	struct problem failed = { .kind = PROBLEM_NONE };

	if (record_is_due(req) && record_own(req, &record, &failed) < 0)
		log_line(LOG_LEVEL_WARN, "audit.denial_not_recorded", "code=%s",
			 problem_row(failed.kind)->code);
}

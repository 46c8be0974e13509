/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listing.h"

#include "http/rate.h"

static const char *const pool_names[] = {
	[POOL_API] = "api", [POOL_PLATFORM] = "platform", [POOL_BOTH] = "both"
};

static void print_route(const struct route *r, struct buf *out)
{
	char scopes[SCOPES_TEXT_MAX];

	scopes_print(r->scope, scopes);
	buf_printf(out, "| %s | `%s` | %s | %s | %d | %s |\n", http_method_name(r->method),
		   r->pattern,
		   r->auth == AUTH_NONE ? "open"
		   : *scopes            ? scopes
					: "any caller",
		   pool_names[r->pool], rate_cost(r->rate), r->summary);
}

void listing_routes(const struct route_table *t, struct buf *out)
{
	const struct route *const *family;
	const struct route *row;

	buf_adds(out, "# Routes\n\nGenerated from the route rows: `carillon-responder "
		      "--print-routes`.\n\n"
		      "Cost: units of the caller's limits, see [limits.md](limits.md).\n\n"
		      "| method | path | scope | pool | cost | what it does |\n"
		      "|---|---|---|---|---|---|\n");
	for (family = t->families; *family; family++) {
		for (row = *family; row->pattern; row++)
			print_route(row, out);
	}
}

void listing_errors(struct buf *out)
{
	int i;

	buf_adds(out, "# Problem codes\n\nGenerated from src/base/problem.def: "
		      "`carillon-responder --print-errors`.\n\n"
		      "| code | status | who can act | title |\n|---|---|---|---|\n");
	for (i = PROBLEM_NONE + 1; i < PROBLEM_KINDS; i++) {
		const struct problem_row *row = problem_row((enum problem_kind)i);

		buf_printf(out, "| `%s` | %d | %s | %s |\n", row->code, row->status, row->who,
			   row->title);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Method, DOCUMENT_URI, REQUEST_URI and query on a line each, header lines, an empty line, body. */
#include <string.h>

#include "fuzz/exchange.h"

void fuzz_router(struct input *in)
{
	struct request req = { .app = exchange_app(), .arena = in->arena };
	struct request again;
	const char *answer;

	req.method = http_method_parse(input_line(in));
	req.raw.document_uri = input_line(in);
	req.raw.request_uri = input_line(in);
	req.raw.query_string = input_line(in);
	exchange_headers(in, &req);
	req.request_id = request_choose_id(in->arena, "one");
	req.body = input_rest(in, &req.body_n);
	again = req;
	answer = exchange_serve(&req, POOL_API);
	/* The other pool knows the same paths, and says the same of those that there are not. */
	if (strncmp(answer, "Status: 404", 11) == 0)
		MUST(strcmp(answer, exchange_serve(&again, POOL_PLATFORM)) == 0);
}

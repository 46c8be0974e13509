/* SPDX-License-Identifier: Apache-2.0 */
/* What platforms forbid for other reasons than faults (counts a day, boards, privacy), allowed. */
#include <stdio.h>

#include "rig.h"

void rig_open_doors(struct rig *r)
{
	char body[400];

	rig_sandbox(r, "/_control/config",
		    "{\"image_delay_ms\":20,\"video_delay_ms\":100,\"listing_lag_ms\":300,"
		    "\"latency_ms\":0,\"quota_total\":1000000,\"container_limit\":1000000,"
		    "\"app_calls\":100000000,\"account_calls\":100000000}");
	(void)snprintf(body, sizeof(body),
		       "{\"platform\":\"tiktok\",\"daily_cap\":1000000,\"init_rate\":1000000,"
		       "\"creator_rate\":1000000,\"status_rate\":1000000,\"read_rate\":1000000,"
		       "\"unaudited\":false,\"verified\":[\"%s/\"]}",
		       r->config->server_public_url);
	rig_sandbox(r, "/_control/world", body);
	rig_sandbox(r, "/_control/world", "{\"platform\":\"twitter\",\"tweets_limit\":1000000}");
	rig_sandbox(r, "/_control/world", "{\"platform\":\"mastodon\",\"statuses_limit\":1000000}");
	rig_sandbox(r, "/_control/world", "{\"platform\":\"bluesky\",\"points\":100000000}");
	rig_sandbox(r, "/_control/world",
		    "{\"platform\":\"youtube\",\"unaudited\":false,\"reject_duplicates\":false,"
		    "\"insert_quota\":1000000,\"unit_quota\":100000000,\"upload_cap\":0,"
		    "\"testing\":false}");
	database_run(&r->database,
		     "UPDATE accounts SET status = 'connected', settings = IF(platform = "
		     "'pinterest', '{\"default_board\":{\"id\":\"549755885175\",\"name\":\"a\"}}', "
		     "settings)");
	database_run(&r->database,
		     "UPDATE accounts SET settings = '{\"default_board\":{\"id\":\"549755885185\","
		     "\"name\":\"b\"}}' WHERE remote_id = '2783136121146311752'");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/statements.h"

#include "base/cleanup.h"
#include "db/facts.h"
#include "db/migrate.h"
#include "store/accounts.h"
#include "store/apikeys.h"
#include "store/archive.h"
#include "store/attemptlog.h"
#include "store/attempts.h"
#include "store/audit.h"
#include "store/bulklines.h"
#include "store/calendars.h"
#include "store/characters.h"
#include "store/clients.h"
#include "store/content.h"
#include "store/deliveries.h"
#include "store/events.h"
#include "store/fetches.h"
#include "store/flows.h"
#include "store/health.h"
#include "store/idempotency.h"
#include "store/imports.h"
#include "store/limits.h"
#include "store/media.h"
#include "store/pauses.h"
#include "store/plans.h"
#include "store/postchange.h"
#include "store/postlook.h"
#include "store/posts.h"
#include "store/probes.h"
#include "store/queue.h"
#include "store/ratelimit.h"
#include "store/reconcile.h"
#include "store/renditions.h"
#include "store/results.h"
#include "store/runners.h"
#include "store/sealed.h"
#include "store/sessions.h"
#include "store/tokens.h"
#include "store/users.h"
#include "store/webhooks.h"
#include "store/workspaces.h"

const struct stmt *const *store_statements(size_t *ret_n)
{
	static const struct stmt *const tables[] = {
		facts_statements,
		migrate_statements,
		store_accounts_statements,
		store_apikeys_statements,
		store_archive_statements,
		store_attemptlog_statements,
		store_attempts_statements,
		store_audit_statements,
		store_bulklines_statements,
		store_calendars_statements,
		store_characters_statements,
		store_clients_statements,
		store_content_statements,
		store_deliveries_statements,
		store_events_statements,
		store_fetches_statements,
		store_flows_statements,
		store_health_statements,
		store_hookqueue_statements,
		store_idempotency_statements,
		store_imports_statements,
		store_limits_statements,
		store_media_statements,
		store_pauses_statements,
		store_plans_statements,
		store_postchange_statements,
		store_postlist_statements,
		store_postlook_statements,
		store_posts_statements,
		store_probes_statements,
		store_queue_statements,
		store_ratelimit_statements,
		store_reconcile_statements,
		store_renditions_statements,
		store_results_statements,
		store_runners_statements,
		store_sealed_statements,
		store_sessions_statements,
		store_tokens_statements,
		store_users_statements,
		store_webhooks_statements,
		store_workspaces_statements,
	};

	*ret_n = ARRAY_LEN(tables);
	return tables;
}

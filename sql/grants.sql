-- SPDX-License-Identifier: Apache-2.0
-- Applied by `carillon-admin migrate` after the migrations: ${db}, ${api} and ${run} stand for the
-- database and the quoted users. The api user never sees a token and cannot delete an account.
-- Nobody but the operator's user may change or delete a row of audit_log; that is why the runner's
-- rights to do so stand table by table. They are given before those to all tables are taken back, so
-- that a runner at work never misses one, and the first GRANT lets the REVOKE find what it takes.
GRANT SELECT, INSERT, UPDATE, DELETE ON ${db}.* TO ${run};
GRANT UPDATE, DELETE ON ${db}.account_refreshes TO ${run};
GRANT UPDATE, DELETE ON ${db}.account_tokens TO ${run};
GRANT UPDATE, DELETE ON ${db}.accounts TO ${run};
GRANT UPDATE, DELETE ON ${db}.api_key_publishes TO ${run};
GRANT UPDATE, DELETE ON ${db}.api_keys TO ${run};
GRANT UPDATE, DELETE ON ${db}.attempts TO ${run};
GRANT UPDATE, DELETE ON ${db}.breakers TO ${run};
GRANT UPDATE, DELETE ON ${db}.budgets TO ${run};
GRANT UPDATE, DELETE ON ${db}.bulk_lines TO ${run};
GRANT UPDATE, DELETE ON ${db}.calendar_feeds TO ${run};
GRANT UPDATE, DELETE ON ${db}.characters TO ${run};
GRANT UPDATE, DELETE ON ${db}.content_media TO ${run};
GRANT UPDATE, DELETE ON ${db}.contents TO ${run};
GRANT UPDATE, DELETE ON ${db}.events TO ${run};
GRANT UPDATE, DELETE ON ${db}.fetches TO ${run};
GRANT UPDATE, DELETE ON ${db}.idempotency TO ${run};
GRANT UPDATE, DELETE ON ${db}.import_rows TO ${run};
GRANT UPDATE, DELETE ON ${db}.login_failures TO ${run};
GRANT UPDATE, DELETE ON ${db}.media TO ${run};
GRANT UPDATE, DELETE ON ${db}.members TO ${run};
GRANT UPDATE, DELETE ON ${db}.oauth_flows TO ${run};
GRANT UPDATE, DELETE ON ${db}.post_results TO ${run};
GRANT UPDATE, DELETE ON ${db}.posts TO ${run};
GRANT UPDATE, DELETE ON ${db}.probes TO ${run};
GRANT UPDATE, DELETE ON ${db}.renditions TO ${run};
GRANT UPDATE, DELETE ON ${db}.runners TO ${run};
GRANT UPDATE, DELETE ON ${db}.sessions TO ${run};
GRANT UPDATE, DELETE ON ${db}.users TO ${run};
GRANT UPDATE, DELETE ON ${db}.webhook_attempts TO ${run};
GRANT UPDATE, DELETE ON ${db}.webhook_deliveries TO ${run};
GRANT UPDATE, DELETE ON ${db}.webhook_secrets TO ${run};
GRANT UPDATE, DELETE ON ${db}.webhooks TO ${run};
GRANT UPDATE, DELETE ON ${db}.workspaces TO ${run};
GRANT UPDATE ON ${db}.audit_heads TO ${run};
REVOKE UPDATE, DELETE ON ${db}.* FROM ${run};
GRANT SELECT, INSERT, UPDATE ON ${db}.workspaces TO ${api};
GRANT SELECT, INSERT, UPDATE ON ${db}.users TO ${api};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${db}.members TO ${api};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${db}.sessions TO ${api};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${db}.login_failures TO ${api};
GRANT SELECT, INSERT, UPDATE ON ${db}.api_keys TO ${api};
GRANT SELECT, INSERT, DELETE ON ${db}.api_key_publishes TO ${api};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${db}.characters TO ${api};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${db}.media TO ${api};
GRANT SELECT, INSERT, UPDATE ON ${db}.renditions TO ${api};
GRANT SELECT, INSERT, UPDATE ON ${db}.fetches TO ${api};
GRANT SELECT ON ${db}.probes TO ${api};
GRANT SELECT, INSERT ON ${db}.bulk_lines TO ${api};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${db}.idempotency TO ${api};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${db}.contents TO ${api};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${db}.content_media TO ${api};
GRANT SELECT, UPDATE ON ${db}.accounts TO ${api};
GRANT SELECT, INSERT, UPDATE ON ${db}.posts TO ${api};
GRANT SELECT, UPDATE (state, settled_at, evidence, handle) ON ${db}.attempts TO ${api};
GRANT SELECT, INSERT ON ${db}.events TO ${api};
GRANT SELECT ON ${db}.runners TO ${api};
GRANT SELECT ON ${db}.breakers TO ${api};
GRANT SELECT ON ${db}.schema_migrations TO ${api};
GRANT SELECT, INSERT ON ${db}.post_results TO ${api};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${db}.calendar_feeds TO ${api};
GRANT SELECT, INSERT ON ${db}.audit_log TO ${api};
GRANT SELECT, INSERT, UPDATE ON ${db}.audit_heads TO ${api};

-- SPDX-License-Identifier: Apache-2.0
-- Applied by `carillon-admin migrate` after the migrations: ${db}, ${api} and ${run} stand for the
-- database and the quoted users. The api user never sees a token and cannot delete an account.
GRANT SELECT ON ${db}.* TO ${run};
GRANT INSERT, UPDATE, DELETE ON ${db}.* TO ${run};
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

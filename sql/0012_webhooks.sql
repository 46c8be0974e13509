-- SPDX-License-Identifier: Apache-2.0
-- Webhooks: where events are sent to, and what became of each sending. An event is written in the
-- transaction of its change with is_untold TRUE; the runner makes its deliveries and clears the mark
-- in one transaction, so nothing is lost and nothing is made twice. What is older than this
-- migration is never sent.
ALTER TABLE events
  ADD COLUMN is_untold BOOL NULL DEFAULT NULL, -- TRUE: deliveries are still to be made; else NULL
  ADD KEY untold (is_untold, created_at);
ALTER TABLE events ALTER COLUMN is_untold SET DEFAULT TRUE;

CREATE TABLE webhooks (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id           VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  url          VARCHAR(2048) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  description  VARCHAR(200) NULL,
  events       VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NULL, -- separated by spaces; NULL: all
  livemode     BOOL NOT NULL,
  state        ENUM('enabled','disabled') NOT NULL,
  reason       VARCHAR(200) NULL,  -- why it is disabled
  next_at      DATETIME(3) NULL,   -- no later than the earliest delivery; NULL: nothing to send
  version      BIGINT UNSIGNED NOT NULL DEFAULT 1,
  created_by   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  created_at   DATETIME(3) NOT NULL,
  updated_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  KEY due (next_at),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- What deliveries are signed with: the current secret, and the one before it until its end.
CREATE TABLE webhook_secrets (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id           VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  webhook_id   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kid          VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sealed       VARBINARY(1024) NOT NULL,
  ends_at      DATETIME(3) NULL,   -- NULL: the current one
  created_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  KEY by_webhook (workspace_id, webhook_id, ends_at),
  KEY by_kid (kid),
  FOREIGN KEY (workspace_id, webhook_id) REFERENCES webhooks (workspace_id, id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE webhook_deliveries (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id           VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  webhook_id   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_id     VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state        ENUM('pending','delivered','failed') NOT NULL,
  tries        INT UNSIGNED NOT NULL DEFAULT 0,   -- since it was made, or last sent again by hand
  next_at      DATETIME(3) NULL,                  -- of a pending one; the end of the lease while it is sent
  owner        VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NULL,
  fence        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  lease_until  DATETIME(3) NULL,
  delivered_at DATETIME(3) NULL,
  created_at   DATETIME(3) NOT NULL,
  updated_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE KEY once (workspace_id, event_id, webhook_id),
  KEY by_webhook (workspace_id, webhook_id, id),
  KEY due (workspace_id, webhook_id, next_at),
  KEY under_way (workspace_id, webhook_id, lease_until),
  FOREIGN KEY (workspace_id, webhook_id) REFERENCES webhooks (workspace_id, id) ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, event_id) REFERENCES events (workspace_id, id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE webhook_attempts (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  delivery_id  VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  n            BIGINT UNSIGNED NOT NULL,  -- the fence it was sent under
  sent_at      DATETIME(3) NOT NULL,
  duration_ms  INT UNSIGNED NOT NULL,
  status       SMALLINT UNSIGNED NULL,    -- NULL: no answer
  error        VARCHAR(200) NULL,
  response     VARCHAR(256) NULL,         -- the beginning of an answer that was no 2xx, masked
  PRIMARY KEY (workspace_id, delivery_id, n),
  FOREIGN KEY (workspace_id, delivery_id) REFERENCES webhook_deliveries (workspace_id, id) ON DELETE CASCADE
) ENGINE=InnoDB;

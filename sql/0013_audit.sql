-- SPDX-License-Identifier: Apache-2.0
-- The audit log: who changed what, from where, and how it ended. Each row's `mac` covers the row and
-- the mac of the row before it, under a key that the database does not hold; audit_heads says where
-- the chain of a workspace ends. A row is written in the transaction of its change. No foreign keys:
-- a change must not wait for the row of its workspace, and the log outlives what it tells of.
CREATE TABLE audit_heads (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- 'instance': of no workspace
  seq          BIGINT UNSIGNED NOT NULL,  -- of the last row, 0: none yet
  mac          BINARY(32) NOT NULL,       -- of the last row
  PRIMARY KEY (workspace_id)
) ENGINE=InnoDB;

CREATE TABLE audit_log (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seq          BIGINT UNSIGNED NOT NULL,  -- 1, 2, 3 ... in each workspace
  at           DATETIME(3) NOT NULL,
  actor_kind   ENUM('user','key','operator') NOT NULL,
  actor_id     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  address      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL, -- of the client; an operator's host
  request_id   VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  action       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- operation, or command
  subject_id   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  outcome      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- done, begun, or an error's code
  status       SMALLINT UNSIGNED NULL,    -- as the caller was answered
  mac          BINARY(32) NOT NULL,
  PRIMARY KEY (workspace_id, seq)
) ENGINE=InnoDB;

INSERT INTO audit_heads (workspace_id, seq, mac)
  SELECT id, 0, REPEAT(CHAR(0), 32) FROM workspaces;
INSERT INTO audit_heads (workspace_id, seq, mac) VALUES ('instance', 0, REPEAT(CHAR(0), 32));

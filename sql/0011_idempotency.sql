-- SPDX-License-Identifier: Apache-2.0
-- What requests with an Idempotency-Key were answered, for whoever sends them again within a day.
-- While `status` is NULL the request is at work, or was when its process died.
CREATE TABLE idempotency (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  key_sha256   BINARY(32) NOT NULL,        -- of the caller, the route and the key
  body_sha256  BINARY(32) NOT NULL,        -- of what was asked for
  run          INT UNSIGNED NOT NULL,      -- a fence: who was overtaken can neither answer nor pin
  owner        BINARY(16) NULL,            -- whose file of leases tells whether the run still lives
  started_at   DATETIME(3) NOT NULL,       -- of this run
  subject_id   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL, -- what a further run goes on with
  status       SMALLINT UNSIGNED NULL,
  answer       MEDIUMBLOB NULL,            -- sealed; opens with the key alone, which is nowhere here
  created_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, key_sha256),
  KEY by_age (created_at),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

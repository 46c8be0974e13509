-- SPDX-License-Identifier: Apache-2.0
-- Platforms whose accounts live on servers that people name. What a connect flow keeps to itself
-- between the person's leaving and coming back, and how this instance is registered at a server.
ALTER TABLE oauth_flows
  ADD COLUMN kept MEDIUMBLOB NULL AFTER candidates; -- sealed as they are; gone before they come

CREATE TABLE server_clients (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  place        VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- platform, mode, server
  kid          VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sealed       BLOB NOT NULL,
  made_at      DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, place),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- SPDX-License-Identifier: Apache-2.0
-- Rows of tables that carillon-admin has imported, by what they say. Written in the transaction of
-- the posts they have made, and kept: the same row is never imported twice.
CREATE TABLE import_rows (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  row_sha256   BINARY(32) NOT NULL,   -- of the request it stands for
  content_id   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, row_sha256),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

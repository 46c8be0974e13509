-- SPDX-License-Identifier: Apache-2.0
-- What came over the network for a workspace on a day of UTC, also of files that were refused.
CREATE TABLE fetch_days (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day          DATE NOT NULL,
  bytes        BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (workspace_id, day),
  KEY by_day (day),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

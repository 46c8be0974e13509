-- SPDX-License-Identifier: Apache-2.0
-- Media that the runner fetches from a URL. The medium has its id at once, so content may name it
-- before a byte has come. Bytes that the workspace has already do not change that id: the new row
-- becomes a twin, which shares the file. bytes_once therefore holds of the rows that are no twins.
ALTER TABLE media
  ADD COLUMN is_twin BOOL NOT NULL DEFAULT FALSE,
  ADD COLUMN own_sha256 BINARY(32) AS (IF(is_twin, NULL, sha256)) PERSISTENT,
  DROP KEY bytes_once,
  ADD UNIQUE KEY bytes_once (workspace_id, own_sha256),
  ADD KEY by_bytes (workspace_id, sha256),
  ADD KEY by_kind (workspace_id, kind, id);

-- One row a medium that is not there yet, gone once it is. What could not be fetched stays, for
-- another try. The URL may be a secret: it is never shown, nor logged.
CREATE TABLE fetches (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  media_id     VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  url          VARCHAR(2048) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  wanted       ENUM('image','video','audio') NULL, -- NULL: any
  content_id   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL, -- uses it beside content_media
  state        ENUM('queued','working','failed') NOT NULL,
  due_at       DATETIME(3) NOT NULL,  -- of the earliest post that waits for it
  next_at      DATETIME(3) NOT NULL,  -- not before then
  owner        VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NULL,
  fence        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  lease_until  DATETIME(3) NULL,
  tries        INT UNSIGNED NOT NULL DEFAULT 0,
  created_at   DATETIME(3) NOT NULL,
  updated_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, media_id),
  KEY pending (state, due_at),
  KEY by_state (workspace_id, state),
  FOREIGN KEY (workspace_id, media_id) REFERENCES media (workspace_id, id) ON DELETE CASCADE
) ENGINE=InnoDB;

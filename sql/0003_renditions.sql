-- SPDX-License-Identifier: Apache-2.0
-- Files made of media for a platform that does not take them as they are. The original is kept.

CREATE TABLE renditions (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id           VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source_id    VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- of a slideshow the first slide
  recipe       VARCHAR(2000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- canonical text
  recipe_hash  BINARY(32) NOT NULL,
  state        ENUM('queued','working','ready','failed') NOT NULL,
  due_at       DATETIME(3) NOT NULL,  -- of the earliest post that waits for it
  owner        VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NULL,
  fence        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  lease_until  DATETIME(3) NULL,
  tries        INT UNSIGNED NOT NULL DEFAULT 0,
  progress     TINYINT UNSIGNED NOT NULL DEFAULT 0, -- percent
  error        VARCHAR(400) NULL,
  sha256       BINARY(32) NULL,
  bytes        BIGINT UNSIGNED NULL,
  mime         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ext          VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL,
  width        INT UNSIGNED NULL,
  height       INT UNSIGNED NULL,
  duration_ms  INT UNSIGNED NULL,
  video_codec  VARCHAR(32) NULL,
  audio_codec  VARCHAR(32) NULL,
  created_at   DATETIME(3) NOT NULL,
  updated_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE KEY once (workspace_id, source_id, recipe_hash),
  UNIQUE KEY by_id (id), -- signed media addresses name no workspace
  KEY by_bytes (workspace_id, sha256),
  KEY pending (state, due_at),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, source_id) REFERENCES media (workspace_id, id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- SPDX-License-Identifier: Apache-2.0
-- The sound that goes out with a content. Its overrides say the same to the publisher; this says it
-- to the database, which so keeps the medium for as long as the content is there.
ALTER TABLE contents
  ADD COLUMN sound_media_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ADD KEY by_sound (workspace_id, sound_media_id),
  ADD FOREIGN KEY (workspace_id, sound_media_id) REFERENCES media (workspace_id, id) ON DELETE RESTRICT;

-- Media that are looked at for an answer and for nothing else: not listed, not found by their bytes
-- (is_twin), and gone soon after. The same URL asked about again finds them.
CREATE TABLE probes (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  url_sha256   BINARY(32) NOT NULL,
  wanted       ENUM('image','video','audio','any') NOT NULL,
  media_id     VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, url_sha256, wanted),
  UNIQUE KEY by_media (workspace_id, media_id),
  KEY by_age (created_at),
  FOREIGN KEY (workspace_id, media_id) REFERENCES media (workspace_id, id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- What the lines of a bulk request were answered, for whoever sends it again with the same key.
CREATE TABLE bulk_lines (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  key_sha256   BINARY(32) NOT NULL,        -- of the caller and the key
  line         SMALLINT UNSIGNED NOT NULL,
  body_sha256  BINARY(32) NOT NULL,
  answer       MEDIUMTEXT NOT NULL,        -- JSON
  created_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, key_sha256, line),
  KEY by_age (created_at),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

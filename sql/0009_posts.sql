-- SPDX-License-Identifier: Apache-2.0
-- The sound that goes out with a content. Its overrides say the same to the publisher; this says it
-- to the database, which so keeps the medium for as long as the content is there.
ALTER TABLE contents
  ADD COLUMN sound_media_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ADD KEY by_sound (workspace_id, sound_media_id),
  ADD FOREIGN KEY (workspace_id, sound_media_id) REFERENCES media (workspace_id, id) ON DELETE RESTRICT;

-- SPDX-License-Identifier: Apache-2.0
-- What an API key with a cap has asked to be published on a UTC day: each post once a day, whether
-- scheduled for it, moved to it, or sent at once.
CREATE TABLE api_key_publishes (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  key_id       VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day          DATE NOT NULL,
  post_id      VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (workspace_id, key_id, day, post_id),
  KEY expiry (day),
  FOREIGN KEY (workspace_id, key_id) REFERENCES api_keys (workspace_id, id) ON DELETE CASCADE
) ENGINE=InnoDB;

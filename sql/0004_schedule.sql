-- SPDX-License-Identifier: Apache-2.0
-- Scheduling: the ways into contents and posts that planning and lists take at any size.

-- What a character has approved and not yet live, in the order of creation.
ALTER TABLE contents ADD KEY by_open (workspace_id, character_id, state, id);

-- status: the documented words; is_over: what history shows. Both lead lists straight to their rows.
-- dst_adjusted: a recurrence whose wall time the clocks skipped that day was moved by the gap.
ALTER TABLE posts
  ADD COLUMN dst_adjusted BOOL NOT NULL DEFAULT FALSE,
  ADD COLUMN status ENUM('pending','published','failed','cancelled')
      AS (CASE state WHEN 'published' THEN 'published' WHEN 'failed' THEN 'failed'
          WHEN 'missed' THEN 'failed' WHEN 'cancelled' THEN 'cancelled' ELSE 'pending' END) PERSISTENT,
  ADD COLUMN is_over BOOL
      AS (state IN ('published', 'failed', 'missed', 'cancelled')) PERSISTENT,
  ADD KEY by_status (workspace_id, status, due_at, id),
  ADD KEY by_over (workspace_id, is_over, due_at, id),
  ADD KEY by_character (workspace_id, character_id, due_at, id);

-- Holding back all that an account or a character would publish, until somebody lifts it.
ALTER TABLE accounts ADD COLUMN paused_at DATETIME(3) NULL;
ALTER TABLE characters ADD COLUMN paused_at DATETIME(3) NULL;

-- What the platforms tell of posts that are live. A row is made when a post goes live; next_at is
-- when to read next, NULL once nothing more is expected. score: see domain/engagement.
CREATE TABLE post_results (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  post_id      VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account_id   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  published_at DATETIME(3) NOT NULL,
  views        BIGINT NULL,
  likes        BIGINT NULL,
  comments     BIGINT NULL,
  shares       BIGINT NULL,
  saves        BIGINT NULL,
  score        DOUBLE NULL,
  readings     INT UNSIGNED NOT NULL DEFAULT 0,
  failures     INT UNSIGNED NOT NULL DEFAULT 0,
  read_at      DATETIME(3) NULL,
  next_at      DATETIME(3) NULL,
  PRIMARY KEY (workspace_id, post_id),
  KEY due (next_at),
  KEY by_account (workspace_id, account_id, published_at),
  FOREIGN KEY (workspace_id, post_id) REFERENCES posts (workspace_id, id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- A calendar that a person has subscribed to. The address is the secret: only its hash is kept.
CREATE TABLE calendar_feeds (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id           VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  token_hash   BINARY(32) NOT NULL,
  name         VARCHAR(200) NOT NULL,
  character_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL, -- NULL: the whole workspace
  livemode     BOOL NULL,                                              -- NULL: both
  account_ids  TEXT CHARACTER SET ascii COLLATE ascii_bin NULL,        -- allow-list, comma-separated; NULL: all
  created_by   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  created_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE KEY token (token_hash),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

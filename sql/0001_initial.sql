-- SPDX-License-Identifier: Apache-2.0
-- The first schema. Ids are prefix + ULID. Instants are UTC. Every table of a workspace leads its
-- primary key with workspace_id, so the rows of one workspace lie together.

CREATE TABLE workspaces (
  id               VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name             VARCHAR(200) NOT NULL,
  timezone         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  require_approval BOOL NOT NULL DEFAULT FALSE,
  version          INT UNSIGNED NOT NULL DEFAULT 1,
  created_at       DATETIME(3) NOT NULL,
  updated_at       DATETIME(3) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB;

CREATE TABLE users (
  id            VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  email         VARCHAR(254) NOT NULL,
  name          VARCHAR(200) NOT NULL,
  password_hash VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at    DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY email (email)
) ENGINE=InnoDB;

CREATE TABLE members (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id      VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  role         ENUM('viewer','editor','admin','owner') NOT NULL,
  version      INT UNSIGNED NOT NULL DEFAULT 1,
  created_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, user_id),
  KEY by_user (user_id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- One row per refresh-token family generation. A family is one login.
CREATE TABLE sessions (
  workspace_id       VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id                 VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  family             VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id            VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  access_hash        BINARY(32) NOT NULL,
  access_expires_at  DATETIME(3) NOT NULL,
  refresh_hash       BINARY(32) NOT NULL,
  refresh_expires_at DATETIME(3) NOT NULL,
  rotated_at         DATETIME(3) NULL,
  revoked_at         DATETIME(3) NULL,
  created_at         DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE KEY access (access_hash),
  UNIQUE KEY refresh (refresh_hash),
  KEY family (workspace_id, family),
  KEY expiry (refresh_expires_at),
  FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE login_failures (
  subject_hash BINARY(32) NOT NULL,
  failures     INT UNSIGNED NOT NULL,
  window_ends  DATETIME(3) NOT NULL,
  PRIMARY KEY (subject_hash),
  KEY expiry (window_ends)
) ENGINE=InnoDB;

CREATE TABLE api_keys (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id           VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  public_id    CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  secret_hmac  BINARY(32) NOT NULL,
  name         VARCHAR(200) NOT NULL,
  livemode     BOOL NOT NULL,
  scopes       VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- space separated
  account_ids  JSON NULL,                                                    -- allow-list
  publish_cap_per_day INT UNSIGNED NULL,
  expires_at   DATETIME(3) NULL,
  last_used_at DATETIME(3) NULL,
  created_by   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  version      INT UNSIGNED NOT NULL DEFAULT 1,
  created_at   DATETIME(3) NOT NULL,
  revoked_at   DATETIME(3) NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE KEY public_id (public_id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE characters (
  workspace_id     VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id               VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name             VARCHAR(200) NOT NULL,
  handle           VARCHAR(100) NULL,
  niche            VARCHAR(200) NULL,
  timezone         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  schedule         JSON NULL,          -- per platform: posts_per_day, windows, min_gap_minutes
  default_accounts JSON NULL,          -- {platform: account id}
  version          INT UNSIGNED NOT NULL DEFAULT 1,
  created_at       DATETIME(3) NOT NULL,
  updated_at       DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE media (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id           VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state        ENUM('ready','fetching','failed') NOT NULL,
  kind         ENUM('image','video','audio') NULL,
  mime         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ext          VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL,
  sha256       BINARY(32) NULL,
  bytes        BIGINT UNSIGNED NULL,
  width        INT UNSIGNED NULL,
  height       INT UNSIGNED NULL,
  duration_ms  INT UNSIGNED NULL,
  video_codec  VARCHAR(32) NULL,
  audio_codec  VARCHAR(32) NULL,
  alt_text     VARCHAR(2000) NULL,
  filename     VARCHAR(255) NULL,
  error        VARCHAR(400) NULL,
  version      INT UNSIGNED NOT NULL DEFAULT 1,
  created_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE KEY bytes_once (workspace_id, sha256),
  UNIQUE KEY by_id (id), -- signed media addresses name no workspace
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE contents (
  workspace_id      VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id                VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  character_id      VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  kind              ENUM('text','image','carousel','video','story','slideshow') NOT NULL,
  title             VARCHAR(500) NULL,
  caption           TEXT NULL,
  link              VARCHAR(2048) NULL,
  tags              JSON NULL,
  first_comment     TEXT NULL,
  overrides         JSON NULL,         -- {platform: {...}}, published exactly as submitted
  state             ENUM('draft','in_review','approved','rejected','published') NOT NULL,
  revision          INT UNSIGNED NOT NULL,   -- bumped by every edit of what would be published
  approved_revision INT UNSIGNED NULL,       -- equal to revision while the approval holds
  approved_by       VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  approved_at       DATETIME(3) NULL,
  rejected_reason   VARCHAR(1000) NULL,
  created_by        VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  version           INT UNSIGNED NOT NULL DEFAULT 1,
  created_at        DATETIME(3) NOT NULL,
  updated_at        DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  KEY by_character (workspace_id, character_id, id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, character_id) REFERENCES characters (workspace_id, id) ON DELETE RESTRICT
) ENGINE=InnoDB;

CREATE TABLE content_media (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  content_id   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  position     TINYINT UNSIGNED NOT NULL,
  media_id     VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  alt_text     VARCHAR(2000) NULL,
  PRIMARY KEY (workspace_id, content_id, position),
  KEY by_media (workspace_id, media_id),
  FOREIGN KEY (workspace_id, content_id) REFERENCES contents (workspace_id, id) ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, media_id) REFERENCES media (workspace_id, id) ON DELETE RESTRICT
) ENGINE=InnoDB;

CREATE TABLE accounts (
  workspace_id   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id             VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  platform       VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  livemode       BOOL NOT NULL,
  remote_id      VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  username       VARCHAR(200) NOT NULL,
  display_name   VARCHAR(200) NOT NULL,
  avatar_url     VARCHAR(2048) NULL,
  status         ENUM('connected','expired','revoked','disconnected') NOT NULL,
  status_reason  VARCHAR(400) NULL,
  scopes         VARCHAR(2000) NOT NULL,      -- granted, space separated
  missing_scopes VARCHAR(2000) NOT NULL,
  meta           JSON NULL,                   -- the adapter's public facts, e.g. {"page_id": "..."}
  settings       JSON NULL,                   -- the workspace's choices, e.g. default board
  is_default     BOOL NOT NULL DEFAULT FALSE,
  publish_within_minutes SMALLINT UNSIGNED NOT NULL DEFAULT 60,
  on_late        ENUM('publish','skip','ask') NOT NULL DEFAULT 'skip',
  expires_at     DATETIME(3) NULL,
  connected_at   DATETIME(3) NULL,
  version        INT UNSIGNED NOT NULL DEFAULT 1,
  created_at     DATETIME(3) NOT NULL,
  updated_at     DATETIME(3) NOT NULL,
  owned_remote   VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin
                 AS (IF(status = 'disconnected', NULL, remote_id)) PERSISTENT,
  PRIMARY KEY (workspace_id, id),
  UNIQUE KEY one_owner (platform, livemode, owned_remote),
  UNIQUE KEY reconnect (workspace_id, platform, livemode, remote_id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- Sealed (crypto/seal.h). The api pool's database user has no grant on this table.
CREATE TABLE account_tokens (
  workspace_id  VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account_id    VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind          VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- access, refresh, user
  kid           VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sealed        BLOB NOT NULL,
  expires_at    DATETIME(3) NULL,
  issued_at     DATETIME(3) NOT NULL,
  generation    INT UNSIGNED NOT NULL DEFAULT 1,
  PRIMARY KEY (workspace_id, account_id, kind),
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- Single-flight lease of token refresh, one row an account.
CREATE TABLE account_refreshes (
  workspace_id  VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account_id    VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  next_at       DATETIME(3) NULL,
  owner         VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NULL,
  lease_until   DATETIME(3) NULL,
  fence         BIGINT UNSIGNED NOT NULL DEFAULT 0,
  failures      INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id, account_id),
  KEY due (next_at),
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE oauth_flows (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id           VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state_hash   BINARY(32) NOT NULL,
  cookie_hash  BINARY(32) NOT NULL,
  user_id      VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  platform     VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  livemode     BOOL NOT NULL,
  verifier     VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- useless without the code, gone after use
  redirect     VARCHAR(2048) NOT NULL,
  status       ENUM('open','exchanging','choose','done','failed') NOT NULL,
  outcome      VARCHAR(64) NULL,              -- error code, or NULL
  message      VARCHAR(400) NULL,
  candidates   MEDIUMBLOB NULL,               -- sealed; only while status is choose
  created_at   DATETIME(3) NOT NULL,
  expires_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE KEY state (state_hash),
  KEY expiry (expires_at),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- A scheduled post: one content on one account at one time. The row is the queue; there is no
-- second copy. wake_at is when a runner must look at it next: staging time while queued, the
-- lease's end while owned, the next look-up while in doubt, NULL once nothing is left to do.
CREATE TABLE posts (
  workspace_id     VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id               VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  content_id       VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  content_revision INT UNSIGNED NOT NULL,
  character_id     VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  account_id       VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  platform         VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  livemode         BOOL NOT NULL,
  state            ENUM('queued','staging','staged','publishing','confirming','retrying',
                        'unconfirmed','published','failed','missed','cancelled','paused') NOT NULL,
  reason           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  version          INT UNSIGNED NOT NULL DEFAULT 1,
  fence            BIGINT UNSIGNED NOT NULL DEFAULT 0,
  owner            VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NULL,
  wake_at          DATETIME(3) NULL,
  due_at           DATETIME(3) NOT NULL,
  timezone         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  local_time       VARCHAR(19) CHARACTER SET ascii COLLATE ascii_bin NULL,
  fold             TINYINT UNSIGNED NOT NULL DEFAULT 0,
  tzdata           VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
  is_immediate     BOOL NOT NULL DEFAULT FALSE,  -- publish-now: fire as soon as staged
  overrides        JSON NULL,
  claims           INT UNSIGNED NOT NULL DEFAULT 0,
  tries            INT UNSIGNED NOT NULL DEFAULT 0,
  attempts         INT UNSIGNED NOT NULL DEFAULT 0,
  memo             MEDIUMTEXT NULL,              -- the adapter's notes: container ids, offsets
  snapshot         MEDIUMTEXT NULL,              -- what is, or was, sent
  remote_id        VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NULL,
  remote_url       VARCHAR(2048) NULL,
  published_at     DATETIME(3) NULL,
  next_attempt_at  DATETIME(3) NULL,
  waiting_for      VARCHAR(200) NULL,
  error_code       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  error_message    VARCHAR(1000) NULL,
  error_who        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
  error_retryable  BOOL NULL,
  platform_code    VARCHAR(64) NULL,
  platform_message VARCHAR(1000) NULL,
  created_by       VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  created_at       DATETIME(3) NOT NULL,
  updated_at       DATETIME(3) NOT NULL,
  slot             DATETIME(3) AS (IF(state = 'cancelled', NULL, due_at)) PERSISTENT,
  PRIMARY KEY (workspace_id, id),
  UNIQUE KEY once (workspace_id, content_id, account_id, slot),
  UNIQUE KEY remote_once (platform, account_id, remote_id),
  KEY wake (wake_at),
  KEY by_due (workspace_id, due_at, id),
  KEY by_content (workspace_id, content_id, due_at, id),
  KEY by_account (workspace_id, account_id, due_at, id),
  FOREIGN KEY (workspace_id, content_id) REFERENCES contents (workspace_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id) ON DELETE RESTRICT
) ENGINE=InnoDB;

-- One row per fire: written, committed and journalled before the first byte may leave.
-- `live` lets the schema itself refuse a second attempt while one is sent or in doubt; `lane`
-- refuses two fires of one account in flight.
CREATE TABLE attempts (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  post_id      VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seq          INT UNSIGNED NOT NULL,
  account_id   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  permit       BINARY(16) NOT NULL,
  fence        BIGINT UNSIGNED NOT NULL,
  host         VARCHAR(64) NOT NULL,
  boot_id      CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  pid          INT UNSIGNED NOT NULL,
  start_ticks  BIGINT UNSIGNED NOT NULL,
  handle       VARCHAR(255) NULL,
  fingerprint  BINARY(32) NOT NULL,            -- of what is sent, as a reader would find it
  snapshot_hash BINARY(32) NOT NULL,
  state        ENUM('sent','in_doubt','effect','no_effect') NOT NULL,
  sent_at      DATETIME(6) NOT NULL,           -- when the permit was given
  deadline_at  DATETIME(6) NOT NULL,
  fired_late_us BIGINT NULL,                   -- start of the transfer against due
  negatives    TINYINT UNSIGNED NOT NULL DEFAULT 0, -- covered reads that did not find it
  last_read_at DATETIME(6) NULL,
  settled_at   DATETIME(6) NULL,
  evidence     JSON NULL,                      -- what was answered or read, in order, no secrets
  live         VARCHAR(81) CHARACTER SET ascii COLLATE ascii_bin
               AS (IF(state IN ('sent','in_doubt'), CONCAT(workspace_id, ':', post_id), NULL)) PERSISTENT,
  lane         VARCHAR(81) CHARACTER SET ascii COLLATE ascii_bin
               AS (IF(state = 'sent', CONCAT(workspace_id, ':', account_id), NULL)) PERSISTENT,
  PRIMARY KEY (workspace_id, post_id, seq),
  UNIQUE KEY permit (permit),
  UNIQUE KEY one_live (live),
  UNIQUE KEY one_lane (lane),
  FOREIGN KEY (workspace_id, post_id) REFERENCES posts (workspace_id, id) ON DELETE RESTRICT
) ENGINE=InnoDB;

-- Outbox: written in the transaction of the change it tells.
CREATE TABLE events (
  workspace_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id           VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  type         VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  livemode     BOOL NULL,
  subject_id   VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  data         JSON NOT NULL,
  created_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (workspace_id, id),
  KEY by_subject (workspace_id, subject_id, id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE runners (
  id           VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- run_ + ULID: sorts by start
  host         VARCHAR(64) NOT NULL,
  boot_id      CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  pid          INT UNSIGNED NOT NULL,
  start_ticks  BIGINT UNSIGNED NOT NULL,
  started_at   DATETIME(3) NOT NULL,
  heartbeat_at DATETIME(3) NOT NULL,
  stopped_at   DATETIME(3) NULL,
  fires        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  commits      BIGINT UNSIGNED NOT NULL DEFAULT 0,
  skew_us      BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  KEY by_host (host, heartbeat_at),
  KEY by_heartbeat (heartbeat_at)
) ENGINE=InnoDB;

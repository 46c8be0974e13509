-- SPDX-License-Identifier: Apache-2.0
-- What platforms allow, and whether they answer: counted over all runners and hosts.

-- One row per limit and whom it holds for. `closed_until`: it is used up, or the platform said so.
CREATE TABLE budgets (
  platform     VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  livemode     BOOL NOT NULL,
  name         VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  subject      VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- account; '' the app
  window_at    DATETIME(3) NOT NULL,
  used         INT UNSIGNED NOT NULL,
  closed_until DATETIME(3) NULL,
  PRIMARY KEY (platform, livemode, name, subject),
  KEY closed (closed_until)
) ENGINE=InnoDB;

-- Faults in a row of one kind of calls. Open: nothing of that kind is begun until a reading, made
-- by one runner at `probe_at`, is answered.
CREATE TABLE breakers (
  platform  VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  livemode  BOOL NOT NULL,
  class     ENUM('publish','read') NOT NULL,
  failures  INT UNSIGNED NOT NULL,
  opened_at DATETIME(3) NULL,
  probe_at  DATETIME(3) NULL,
  PRIMARY KEY (platform, livemode, class)
) ENGINE=InnoDB;

-- SPDX-License-Identifier: Apache-2.0
-- Where users name servers, each has a breaker of its own; '' stands for a platform that is one.
ALTER TABLE breakers
  ADD COLUMN server VARCHAR(300) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' AFTER class,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (platform, livemode, class, server);

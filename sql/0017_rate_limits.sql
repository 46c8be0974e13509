-- SPDX-License-Identifier: Apache-2.0
-- Token buckets of callers, shared by the workers of all hosts. A row that is absent is a full
-- bucket. The subject is a hash of the limit's name and of whom it holds for.
CREATE TABLE rate_buckets (
  subject_hash BINARY(32) NOT NULL,
  missing      DOUBLE NOT NULL,        -- units taken and not yet refilled, at counted_at
  granted      INT UNSIGNED NOT NULL,  -- by the draw at counted_at
  counted_at   DATETIME(6) NOT NULL,
  PRIMARY KEY (subject_hash),
  KEY expiry (counted_at)
) ENGINE=InnoDB;

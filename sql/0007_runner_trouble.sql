-- SPDX-License-Identifier: Apache-2.0
-- Why a runner that is alive claims nothing (clock, disk, journal); NULL: it does.
ALTER TABLE runners
  ADD COLUMN trouble VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL;

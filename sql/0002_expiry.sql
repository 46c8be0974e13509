-- SPDX-License-Identifier: Apache-2.0
-- Whose access ends soon is found by its date. What was told already is the date that was told, so
-- that each end is told once.
ALTER TABLE accounts
  ADD COLUMN expiry_told_at DATETIME(3) NULL,
  ADD KEY by_expiry (status, expires_at);

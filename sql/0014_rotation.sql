-- SPDX-License-Identifier: Apache-2.0
-- Rotation. An API key keeps its id while it gets a new secret; the old one is good until its end.
-- Sealed tokens are found by their key, so that they can be sealed anew a few at a time.
ALTER TABLE api_keys
  ADD COLUMN old_hmac    BINARY(32) NULL,   -- of the secret before; NULL: there is none
  ADD COLUMN old_ends_at DATETIME(3) NULL;
ALTER TABLE account_tokens ADD KEY by_kid (kid);

-- What is sealed says with which key, in every table.
ALTER TABLE oauth_flows ADD COLUMN kid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL AFTER candidates;
UPDATE oauth_flows SET kid = SUBSTR(candidates, 3, ORD(SUBSTR(candidates, 2, 1)))
  WHERE candidates IS NOT NULL;

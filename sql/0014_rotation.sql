-- SPDX-License-Identifier: Apache-2.0
-- Rotation. An API key keeps its id while it gets a new secret; the old one is good until its end.
-- Sealed tokens are found by their key, so that they can be sealed anew a few at a time.
ALTER TABLE api_keys
  ADD COLUMN old_hmac    BINARY(32) NULL,   -- of the secret before; NULL: there is none
  ADD COLUMN old_ends_at DATETIME(3) NULL;
ALTER TABLE account_tokens ADD KEY by_kid (kid);

-- SPDX-License-Identifier: Apache-2.0
-- A video whose index (moov) stands behind its bytes, which not every platform takes. NULL: of old,
-- nobody has looked.
ALTER TABLE media ADD COLUMN is_index_last BOOL NULL;

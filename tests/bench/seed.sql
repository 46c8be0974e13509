-- SPDX-License-Identifier: Apache-2.0
-- What the benchmark reads and schedules, in the workspace of the key whose public id is in @key.
-- The account is written here because connecting one is a dialogue with a platform, and nothing that
-- is measured talks to one: its posts are due in years and no runner looks at them.
SELECT workspace_id, created_by INTO @ws, @user FROM api_keys WHERE public_id = @key;
INSERT INTO characters (workspace_id, id, name, handle, timezone, created_at, updated_at)
VALUES (@ws, 'char_00000000000000000000000001', 'Nonna Lucia', 'nonnalucia', 'Europe/Dublin',
        UTC_TIMESTAMP(3), UTC_TIMESTAMP(3));
INSERT INTO accounts (workspace_id, id, platform, livemode, remote_id, username, display_name, status,
                      scopes, missing_scopes, connected_at, created_at, updated_at)
VALUES (@ws, 'acc_00000000000000000000000001', 'instagram', 0, '17841400000000001', 'nonnalucia',
        'Nonna Lucia', 'connected', 'instagram_basic instagram_content_publish instagram_business_content_publish', '',
        UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3));
INSERT INTO media (workspace_id, id, state, kind, mime, ext, sha256, bytes, width, height, alt_text,
                   filename, created_at)
SELECT @ws, CONCAT('med_', LPAD(seq, 26, '0')), 'ready', 'image', 'image/jpeg', 'jpg',
       UNHEX(SHA2(seq, 256)), 245760, 1080, 1350, 'A loaf on a wooden board', 'loaf.jpg',
       UTC_TIMESTAMP(3)
FROM seq_0_to_999;
INSERT INTO contents (workspace_id, id, character_id, kind, title, caption, tags, state, revision,
                      approved_revision, approved_by, approved_at, created_by, created_at, updated_at)
SELECT @ws, CONCAT('cnt_', LPAD(seq, 26, '0')), 'char_00000000000000000000000001', 'image',
       CONCAT('Sunday bread, number ', seq),
       CONCAT('Flour, water, salt and a whole Sunday. Fold it every half hour, let it rest until it ',
              'doubles, bake it hot. Recipe number ', seq, '.'),
       '["bread","sunday","slowfood"]', 'approved', 1, 1, @user, UTC_TIMESTAMP(3), @user,
       UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)
FROM seq_0_to_999;
INSERT INTO content_media (workspace_id, content_id, position, media_id)
SELECT @ws, CONCAT('cnt_', LPAD(seq, 26, '0')), 0, CONCAT('med_', LPAD(seq, 26, '0'))
FROM seq_0_to_999;
ANALYZE TABLE contents, content_media, media, accounts, api_keys;

<?php
// SPDX-License-Identifier: Apache-2.0
// A yardstick of `make bench`: the job of bare.c as PHP does it best, with a persistent connection,
// opcache and one round trip a statement (client-side preparing: what is prepared on the server is
// forgotten at the end of a request). statements.php is what `bare php` prints.
declare(strict_types=1);

const PAGE_ROWS = 50;
const MEDIA_COLUMN = 19;

$statements = require getenv('BENCH_STATEMENTS');
$db = new PDO('mysql:unix_socket=' . getenv('BENCH_SOCKET') . ';dbname=carillon;charset=utf8mb4',
	'carillon_api', getenv('BENCH_PASSWORD'), [
		PDO::ATTR_PERSISTENT => true,
		PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
		PDO::ATTR_EMULATE_PREPARES => true,
		PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_NUM,
		// of a session, so it costs nothing on a kept connection
		PDO::MYSQL_ATTR_INIT_COMMAND =>
			"SET SESSION time_zone = '+00:00', tx_isolation = 'READ-COMMITTED'",
	]);

function run(string $name, array $values): PDOStatement
{
	global $db, $statements;
	$statement = $db->prepare($statements[$name]);
	foreach ($values as $i => $value) {
		$statement->bindValue($i + 1, $value, is_int($value) ? PDO::PARAM_INT
			: ($value === null ? PDO::PARAM_NULL : PDO::PARAM_STR));
	}
	$statement->execute();
	return $statement;
}

function instant(?string $at): ?string
{
	return $at === null ? null : substr($at, 0, 10) . 'T' . substr($at, 11, 8) . 'Z';
}

function id(string $prefix): string
{
	return $prefix . '_' . strtoupper(str_pad(base_convert((string)(int)(microtime(true) * 1000), 10, 32),
		10, '0', STR_PAD_LEFT) . substr(bin2hex(random_bytes(8)), 0, 16));
}

function view(array $r): array
{
	return [
		'id' => $r[0], 'character_id' => $r[1], 'kind' => $r[2], 'title' => $r[3],
		'caption' => $r[4], 'link' => $r[5], 'tags' => $r[6] === null ? [] : json_decode($r[6]),
		'first_comment' => $r[7],
		'overrides' => $r[8] === null ? new stdClass() : json_decode($r[8]),
		'state' => $r[9], 'revision' => $r[10], 'approved_revision' => $r[11],
		'approved_by' => $r[12], 'rejected_reason' => $r[14],
		'created_at' => instant($r[17]), 'updated_at' => instant($r[18]), 'media' => [],
	];
}

function content(PDOStatement $rows): array
{
	while ($r = $rows->fetch()) {
		$content ??= view($r);
		if ($r[MEDIA_COLUMN] !== null) {
			$content['media'][] = ['media_id' => $r[MEDIA_COLUMN], 'alt_text' => $r[MEDIA_COLUMN + 12]];
		}
	}
	return $content;
}

function contents(string $workspace): array
{
	$rows = run('content.list_up', [$workspace, null, null, null, null, null, null, '', PAGE_ROWS + 1])
		->fetchAll();
	$more = count($rows) > PAGE_ROWS;
	if ($more) {
		array_pop($rows);
	}
	$list = [];
	foreach ($rows as $r) {
		$list[$r[0]] = view($r);
	}
	if ($list) {
		foreach (run('content.list_media', [$workspace, $rows[0][0], end($rows)[0]]) as $r) {
			$list[$r[0]]['media'][] = ['media_id' => $r[1], 'alt_text' => $r[13]];
		}
	}
	return ['content' => array_values($list), 'next_cursor' => $more ? end($rows)[0] : null];
}

function schedule(array $key, string $content): array
{
	global $db;
	$in = json_decode(file_get_contents('php://input'), true, 8, JSON_THROW_ON_ERROR);
	$local = substr($in['scheduled_at'], 0, 19);
	$at = str_replace('T', ' ', $local);
	$db->beginTransaction();
	$rows = run('bench.insert_post', [id('sch'), $at, $at, $local, $key[1], $key[0], $content,
		$in['account_ids'][0]]);
	$p = $rows->fetch();
	$rows->closeCursor();
	run('bench.insert_event', [$key[0], id('evt'), $p[0], json_encode([
		'id' => $p[0], 'content_id' => $p[1], 'account_id' => $p[3], 'platform' => $p[4],
		'status' => 'pending', 'state' => 'queued', 'scheduled_at' => $local . 'Z',
		'published_at' => null, 'remote_post_id' => null, 'remote_url' => null,
	], JSON_UNESCAPED_SLASHES)]);
	run('bench.move_head', [$key[0]]);
	run('bench.insert_audit', [$key[0], $key[1], id('req'), $content]);
	$db->commit();
	return ['scheduled_posts' => [[
		'id' => $p[0], 'content_id' => $p[1], 'character_id' => $p[2], 'account_id' => $p[3],
		'platform' => $p[4], 'livemode' => false, 'status' => 'pending', 'state' => 'queued',
		'reason' => null, 'scheduled_at' => $local . 'Z', 'timezone' => 'Europe/Dublin',
		'local_time' => $local, 'dst_adjusted' => false, 'published_at' => null,
		'remote_post_id' => null, 'remote_url' => null, 'overrides' => null, 'attempts' => 0, 'next_attempt_at' => null,
		'waiting_for' => null, 'error' => null, 'created_at' => instant($p[5]),
		'updated_at' => instant($p[5]),
	]], 'next_cursor' => null];
}

function answer(array $key, array $path): array
{
	if (!isset($path[4])) {
		return contents($key[0]);
	}
	if (isset($path[5])) {
		return schedule($key, $path[4]);
	}
	return content(run('content.get', [$key[0], $path[4]]));
}

// "Bearer sk_test_" and the eight characters that find the key
$key = run('apikeys.by_public_id', [substr($_SERVER['HTTP_AUTHORIZATION'], 15, 8)])->fetch();
header('Content-Type: application/json');
echo json_encode(answer($key, explode('/', $_SERVER['DOCUMENT_URI'])),
	JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);

-- name: own
INSERT INTO notify_outbox_owner (id, until, mark) VALUES (?1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + ?2, ?3)

-- name: renew
UPDATE notify_outbox_owner SET until = TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + ?2, mark = ?3 WHERE id = ?1

-- name: owners
SELECT id, until < TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) FROM notify_outbox_owner

-- name: mark of
SELECT COALESCE(mark, '') FROM notify_outbox_owner WHERE id = ?1 FOR UPDATE

-- name: bury
DELETE FROM notify_outbox_owner WHERE id = ?1 AND (?2 OR until < TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)))

-- name: free
UPDATE notify_outbox
SET owner = NULL, ready = 1, due = LEAST(at, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))), unsure = lease, mark = CASE WHEN was_state = 2 THEN mark ELSE ?2 END
WHERE owner = ?1

-- name: strays
SELECT DISTINCT owner FROM notify_outbox
WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM notify_outbox_owner)

-- name: undo
UPDATE notify_outbox
SET owner = NULL, ready = 1, at = was_at,
  lease = CASE WHEN was_state = 0 THEN 0 ELSE lease END,
  state = CASE WHEN was_state = 0 THEN 1 ELSE was_state END
WHERE owner = ?1 AND lease = ?2

-- name: put
INSERT INTO notify_outbox (`key`, hash, class, state, at, due, born, ready, rpt, lease, was_state, was_at, tries, put, data)
VALUES {rows (?,?,?,1,@now+?,@now+?,@now+?,1,?,0,0,0,0,?,?)}
ON DUPLICATE KEY UPDATE id = id

-- name: there
SELECT `key`, hash, put FROM notify_outbox WHERE `key` IN ({rows ?})

-- name: put in a transaction
INSERT INTO notify_outbox (`key`, hash, class, state, at, due, born, ready, rpt, lease, was_state, was_at, tries, put, data)
SELECT ?1, ?2, ?3, 1, t.now, t.now, t.now, 1, ?5, 0, 0, 0, 0, 0, ?6
FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + ?4 AS now) AS t
ON DUPLICATE KEY UPDATE `key` = IF(notify_outbox.hash = VALUES(hash), notify_outbox.`key`, NULL)

-- name: look
SELECT w.class, (
  SELECT o.due FROM notify_outbox AS o WHERE o.ready = 1 AND o.class = w.class AND o.due >= w.floor ORDER BY o.due LIMIT 1
), TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))
FROM (SELECT CAST(? AS BINARY) AS class, ? AS floor {more UNION ALL SELECT ?,?}) AS w

-- name: end
UPDATE notify_outbox AS o
JOIN (SELECT ? AS id, ? AS lease, ? AS state, ? AS wait, ? AS tries, ? AS story, ? AS receipt {more UNION ALL SELECT ?,?,?,?,?,?,?}) AS v
ON o.id = v.id AND o.state = 2 AND o.lease = v.lease AND o.owner = ?1
SET o.at = CASE v.state WHEN 1 THEN @now + v.wait WHEN 2 THEN o.at ELSE @now END,
  o.due = @now + v.wait,
  o.ready = CASE WHEN v.state <= 2 THEN 1 ELSE 0 END,
  o.owner = NULL,
  o.unsure = CASE WHEN v.state IN (2, 5) THEN o.unsure END,
  o.tries = v.tries, o.story = v.story,
  o.receipt = COALESCE(NULLIF(v.receipt, 0), o.receipt),
  o.data = CASE WHEN v.state IN (3, 4, 7, 8) THEN NULL ELSE o.data END,
  o.state = v.state

-- name: now
SELECT @now := TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))

-- name: now of owner
SELECT @now := TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) FROM notify_outbox_owner WHERE id = ?1 LOCK IN SHARE MODE

-- name: claim
SELECT id, `key`, hash, CASE WHEN lease = 0 THEN 0 ELSE state END, at, due, rpt, tries, story, data, mark, born
FROM notify_outbox
WHERE ready = 1 AND class = ?1 AND due >= ?2 AND due <= @now
ORDER BY due, id LIMIT ?3 FOR UPDATE SKIP LOCKED

-- name: claimed
UPDATE notify_outbox
SET was_state = CASE WHEN lease = 0 THEN 0 ELSE state END, was_at = at,
  at = CASE WHEN state = 2 THEN at ELSE @now END,
  state = 2, ready = 0, owner = ?1, lease = ?2
WHERE id IN ({rows ?}) AND ready = 1

-- name: rows
SELECT id, `key`, hash, class, state, at, due, ready, owner, unsure, lease, tries, story, data, mark, born, receipt, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))
FROM notify_outbox WHERE `key` IN ({rows ?}) ORDER BY id FOR UPDATE

-- name: set
UPDATE notify_outbox
SET state = ?2, at = ?3, due = ?4, ready = ?5, owner = NULL, unsure = ?6, tries = ?7, story = ?8, data = ?9, receipt = ?10
WHERE id = ?1

-- name: one by one
UPDATE notify_outbox_owner SET until = until + 1 ORDER BY id LIMIT 1

-- name: owned
SELECT receipt FROM notify_outbox WHERE `key` <> ?1 AND receipt IN ({rows ?})

-- name: last
SELECT id, `key`, hash, class, state, at, due, ready, owner, unsure, lease, tries, story, data, mark, born, receipt, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))
FROM notify_outbox WHERE `key` = ?1

-- name: list
SELECT id, `key`, hash, class, state, at, due, ready, owner, unsure, lease, tries, story, data, mark, born, receipt, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))
FROM notify_outbox WHERE state = ?1 AND `key` > ?2 ORDER BY `key` LIMIT ?3

-- name: count
SELECT class, state, later, count(*), min(due)
FROM (SELECT class, state, due, CASE WHEN ready = 0 THEN 0 WHEN due > TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) THEN 2 ELSE 1 END AS later FROM notify_outbox) AS q
GROUP BY class, state, later

-- name: old
SELECT id FROM notify_outbox
WHERE state IN (3, 4, 7, 8) AND at < (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - ?1)
ORDER BY at LIMIT ?2 FOR UPDATE SKIP LOCKED

-- name: remove
DELETE FROM notify_outbox WHERE id IN ({rows ?})

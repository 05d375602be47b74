-- name: own
INSERT INTO notify_outbox_owner (id, until, mark)
VALUES (?1, CAST(unixepoch('subsec') * 1000000 AS INTEGER) + ?2, ?3)

-- name: renew
UPDATE notify_outbox_owner
SET until = CAST(unixepoch('subsec') * 1000000 AS INTEGER) + ?2, mark = ?3
WHERE id = ?1

-- name: owners
SELECT id, until < CAST(unixepoch('subsec') * 1000000 AS INTEGER) FROM notify_outbox_owner

-- name: bury
DELETE FROM notify_outbox_owner
WHERE id = ?1 AND (?2 OR until < CAST(unixepoch('subsec') * 1000000 AS INTEGER))
RETURNING COALESCE(mark, '')

-- name: free
UPDATE notify_outbox
SET owner = NULL, ready = 1, due = min(at, CAST(unixepoch('subsec') * 1000000 AS INTEGER)), unsure = lease, mark = CASE WHEN was_state = 2 THEN mark ELSE ?2 END
WHERE owner = ?1

-- name: strays
SELECT DISTINCT owner FROM notify_outbox
WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM notify_outbox_owner)

-- name: undo
UPDATE notify_outbox
SET owner = NULL, ready = 1, at = was_at,
  state = CASE WHEN was_state = 0 THEN 1 ELSE was_state END,
  lease = CASE WHEN was_state = 0 THEN 0 ELSE lease END
WHERE owner = ?1 AND lease = ?2

-- name: put
INSERT INTO notify_outbox ("key", hash, class, state, at, due, born, ready, rpt, lease, was_state, was_at, tries, put, data)
SELECT ?1, ?2, ?3, 1, t.now, t.now, t.now, 1, ?5, 0, 0, 0, 0, 0, ?6
FROM (SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) + ?4 AS now) AS t WHERE true
ON CONFLICT ("key") DO NOTHING

-- name: there
SELECT "key", hash FROM notify_outbox WHERE "key" IN (SELECT value FROM json_each(?1))

-- name: put in a transaction
INSERT INTO notify_outbox ("key", hash, class, state, at, due, born, ready, rpt, lease, was_state, was_at, tries, put, data)
SELECT ?1, ?2, ?3, 1, t.now, t.now, t.now, 1, ?5, 0, 0, 0, 0, 0, ?6
FROM (SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) + ?4 AS now) AS t WHERE true
ON CONFLICT ("key") DO UPDATE SET "key" = CASE WHEN notify_outbox.hash = excluded.hash THEN notify_outbox."key" ELSE NULL END

-- name: look
SELECT w.class, (
  SELECT o.due FROM notify_outbox AS o WHERE o.ready = 1 AND o.class = w.class AND o.due >= w.floor ORDER BY o.due LIMIT 1
), CAST(unixepoch('subsec') * 1000000 AS INTEGER)
FROM (SELECT value ->> 0 AS class, value ->> 1 AS floor FROM json_each(?1)) AS w

-- name: now
SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)

-- name: now of owner
SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) FROM notify_outbox_owner WHERE id = ?1

-- name: end
UPDATE notify_outbox
SET state = ?3,
  at = CASE ?3 WHEN 1 THEN ?9 + ?4 WHEN 2 THEN at ELSE ?9 END,
  due = ?9 + ?4,
  ready = CASE WHEN ?3 <= 2 THEN 1 ELSE 0 END,
  owner = NULL,
  unsure = CASE WHEN ?3 IN (2, 5) THEN unsure END,
  tries = ?5, story = ?6,
  receipt = COALESCE(NULLIF(?7, 0), receipt),
  data = CASE WHEN ?3 IN (3, 4, 7, 8) THEN NULL ELSE data END
WHERE id = ?1 AND state = 2 AND lease = ?2 AND +owner = ?8

-- name: claim
-- With a limit that is a parameter alone SQLite plans the statement anew each time.
UPDATE notify_outbox
SET was_state = CASE WHEN lease = 0 THEN 0 ELSE state END, was_at = at,
  at = CASE WHEN state = 2 THEN at ELSE ?4 END,
  state = 2, ready = 0, owner = ?5, lease = ?6
WHERE id IN (SELECT id FROM notify_outbox WHERE ready = 1 AND class = ?1 AND due >= ?2 AND due <= ?4 ORDER BY due, id LIMIT ?3 + 0)
RETURNING id, "key", hash, was_state, CASE WHEN was_state > 0 THEN was_at END, due, rpt, tries, story, data, NULLIF(mark, ''), born

-- name: rows
SELECT id, "key", hash, class, state, at, due, ready, owner, unsure, lease, tries, story, data, mark, born, receipt,
  CAST(unixepoch('subsec') * 1000000 AS INTEGER)
FROM notify_outbox WHERE "key" IN (SELECT value FROM json_each(?1)) ORDER BY id

-- name: set
UPDATE notify_outbox
SET state = ?2, at = ?3, due = ?4, ready = ?5, owner = NULL, unsure = ?6, tries = ?7, story = ?8, data = ?9, receipt = ?10
WHERE id = ?1

-- name: owned
SELECT receipt FROM notify_outbox WHERE receipt IN (SELECT value FROM json_each(?2)) AND "key" <> ?1

-- name: last
SELECT id, "key", hash, class, state, at, due, ready, owner, unsure, lease, tries, story, data, mark, born, receipt,
  CAST(unixepoch('subsec') * 1000000 AS INTEGER)
FROM notify_outbox WHERE "key" = ?1

-- name: list
SELECT id, "key", hash, class, state, at, due, ready, owner, unsure, lease, tries, story, data, mark, born, receipt,
  CAST(unixepoch('subsec') * 1000000 AS INTEGER)
FROM notify_outbox WHERE state = ?1 AND "key" > ?2 ORDER BY "key" LIMIT ?3

-- name: count
SELECT class, state, later, count(*), min(due)
FROM (
  SELECT class, state, due,
    CASE WHEN ready = 0 THEN 0 WHEN due > CAST(unixepoch('subsec') * 1000000 AS INTEGER) THEN 2 ELSE 1 END AS later
  FROM notify_outbox
) AS q GROUP BY class, state, later

-- name: old
SELECT id FROM notify_outbox
WHERE state IN (3, 4, 7, 8) AND at < (SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) - ?1)
ORDER BY at LIMIT ?2

-- name: remove
DELETE FROM notify_outbox WHERE id IN (SELECT value FROM json_each(?1))

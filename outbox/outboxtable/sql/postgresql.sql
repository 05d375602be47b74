-- name: own
INSERT INTO notify_outbox_owner (id, until, mark)
VALUES ($1, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) + $2, $3)

-- name: renew
UPDATE notify_outbox_owner
SET until = CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) + $2, mark = $3
WHERE id = $1

-- name: owners
SELECT id, until < CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) FROM notify_outbox_owner

-- name: bury
DELETE FROM notify_outbox_owner
WHERE id = $1 AND ($2 OR until < CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint))
RETURNING COALESCE(mark, '')

-- name: free
UPDATE notify_outbox
SET owner = NULL, ready = 1, due = least(at, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)), unsure = lease, mark = CASE WHEN was_state = 2 THEN mark ELSE $2 END
WHERE owner = $1

-- name: strays
SELECT DISTINCT owner FROM notify_outbox
WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM notify_outbox_owner)

-- name: undo
UPDATE notify_outbox
SET owner = NULL, ready = 1, at = was_at,
  state = CASE WHEN was_state = 0 THEN 1 ELSE was_state END,
  lease = CASE WHEN was_state = 0 THEN 0 ELSE lease END
WHERE owner = $1 AND lease = $2

-- name: put
WITH t AS MATERIALIZED (SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS now),
e AS (
  SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bigint[], $5::smallint[], $6::bytea[])
    WITH ORDINALITY AS v("key", hash, class, wait, rpt, data, i)
),
n AS (
  INSERT INTO notify_outbox ("key", hash, class, state, at, due, born, ready, rpt, lease, was_state, was_at, tries, put, data)
  SELECT e."key", e.hash, e.class, 1, t.now + e.wait, t.now + e.wait, t.now + e.wait, 1, e.rpt, 0, 0, 0, 0, 0, e.data
  FROM e, t ORDER BY e.i
  ON CONFLICT ("key") DO NOTHING
  RETURNING "key"
)
SELECT e.i, n."key" IS NOT NULL, o.hash,
  -- A row that is there may not be on the synchronous replica yet. A commit waits for it only after it has written.
  CASE WHEN n."key" IS NULL THEN pg_logical_emit_message(true, 'notify_outbox', '') END
FROM e LEFT JOIN n ON n."key" = e."key" LEFT JOIN notify_outbox o ON o."key" = e."key"

-- name: there
SELECT "key", hash FROM notify_outbox WHERE "key" = ANY($1::bytea[])

-- name: put in a transaction
INSERT INTO notify_outbox ("key", hash, class, state, at, due, born, ready, rpt, lease, was_state, was_at, tries, put, data)
SELECT CAST($1 AS bytea), CAST($2 AS text), CAST($3 AS text), 1, t.now, t.now, t.now, 1, CAST($5 AS smallint), 0, 0, 0, 0, 0, CAST($6 AS bytea)
FROM (SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) + CAST($4 AS bigint) AS now) AS t
ON CONFLICT ("key") DO UPDATE SET "key" = CASE WHEN notify_outbox.hash = excluded.hash THEN notify_outbox."key" ELSE NULL END

-- name: look
SELECT w.class, (
  SELECT o.due FROM notify_outbox AS o WHERE o.ready = 1 AND o.class = w.class AND o.due >= w.floor ORDER BY o.due LIMIT 1
), CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)
FROM unnest($1::text[], $2::bigint[]) AS w(class, floor)

-- name: notify
SELECT pg_notify('notify_outbox', '')

-- name: exchange
WITH t AS MATERIALIZED (SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS now),
e AS (
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::integer[], $6::bytea[], $7::bigint[])
    AS v(id, lease, state, wait, tries, story, receipt)
),
s AS (
  UPDATE notify_outbox AS o
  SET state = e.state,
    at = CASE e.state WHEN 1 THEN t.now + e.wait WHEN 2 THEN o.at ELSE t.now END,
    due = t.now + e.wait,
    ready = CASE WHEN e.state <= 2 THEN 1 ELSE 0 END,
    owner = NULL,
    unsure = CASE WHEN e.state IN (2, 5) THEN o.unsure END,
    tries = e.tries, story = e.story,
    receipt = COALESCE(NULLIF(e.receipt, 0), o.receipt),
    data = CASE WHEN e.state IN (3, 4, 7, 8) THEN NULL ELSE o.data END
  FROM e, t
  WHERE o.id = e.id AND o.state = 2 AND o.lease = e.lease AND COALESCE(o.owner, 0) = $8
  RETURNING o.id
),
k AS MATERIALIZED (SELECT id FROM notify_outbox_owner WHERE id = $8 FOR KEY SHARE),
p0 AS MATERIALIZED (
  SELECT id FROM notify_outbox
  WHERE ready = 1 AND class = $11 AND due >= $12 AND due <= (SELECT now FROM t)
  ORDER BY due, id LIMIT least($13::bigint, $10::bigint) * (SELECT count(*) FROM k) FOR UPDATE SKIP LOCKED
),
p1 AS MATERIALIZED (
  SELECT id FROM notify_outbox
  WHERE ready = 1 AND class = $14 AND due >= $15 AND due <= (SELECT now FROM t)
  ORDER BY due, id LIMIT least($16::bigint, $10 - (SELECT count(*) FROM p0)) * (SELECT count(*) FROM k) FOR UPDATE SKIP LOCKED
),
p2 AS MATERIALIZED (
  SELECT id FROM notify_outbox
  WHERE ready = 1 AND class = $17 AND due >= $18 AND due <= (SELECT now FROM t)
  ORDER BY due, id LIMIT least($19::bigint, $10 - (SELECT count(*) FROM p0) - (SELECT count(*) FROM p1)) * (SELECT count(*) FROM k) FOR UPDATE SKIP LOCKED
),
c AS (
  UPDATE notify_outbox
  SET was_state = CASE WHEN lease = 0 THEN 0 ELSE state END, was_at = at,
    at = CASE WHEN state = 2 THEN at ELSE (SELECT now FROM t) END,
    state = 2, ready = 0, owner = $8, lease = $9
  WHERE id = ANY (ARRAY (SELECT id FROM p0 UNION ALL SELECT id FROM p1 UNION ALL SELECT id FROM p2))
  RETURNING int8send(id) || int8send(was_at) || int8send(due) || int8send(born) || int8send((SELECT now FROM t)) || int4send(tries)
    || int2send(was_state) || int2send(rpt) || int2send(CASE class WHEN $11 THEN 0::smallint WHEN $14 THEN 1::smallint ELSE 2::smallint END)
    || int4send(octet_length("key")) || int4send(octet_length(hash)) || int4send(COALESCE(octet_length(story), 0)) || int4send(octet_length(mark))
    || "key" || textsend(hash) || COALESCE(story, '') || textsend(mark) || COALESCE(data, '') AS packed
)
-- One column a row: drivers take a while for each value.
SELECT packed FROM c
UNION ALL
SELECT int8send(0) || string_agg(int8send(id), '') FROM s

-- name: rows
SELECT id, "key", hash, class, state, at, due, ready, owner, unsure, lease, tries, story, data, mark, born, receipt,
  CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)
FROM notify_outbox WHERE "key" = ANY($1::bytea[]) ORDER BY id FOR UPDATE

-- name: set
UPDATE notify_outbox
SET state = $2, at = $3, due = $4, ready = $5, owner = NULL, unsure = $6, tries = $7, story = $8, data = $9, receipt = $10
WHERE id = $1

-- name: one by one
SELECT id FROM notify_outbox_owner ORDER BY id LIMIT 1 FOR UPDATE

-- name: owned
SELECT receipt FROM notify_outbox WHERE receipt = ANY($2::bigint[]) AND "key" <> $1

-- name: last
SELECT id, "key", hash, class, state, at, due, ready, owner, unsure, lease, tries, story, data, mark, born, receipt,
  CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)
FROM notify_outbox WHERE "key" = $1

-- name: list
SELECT id, "key", hash, class, state, at, due, ready, owner, unsure, lease, tries, story, data, mark, born, receipt,
  CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)
FROM notify_outbox WHERE state = $1 AND "key" > $2 ORDER BY "key" LIMIT $3

-- name: count
SELECT class, state, later, count(*), min(due)
FROM (
  SELECT class, state, due,
    CASE WHEN ready = 0 THEN 0 WHEN due > CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) THEN 2 ELSE 1 END AS later
  FROM notify_outbox
) AS q GROUP BY class, state, later

-- name: old
SELECT id FROM notify_outbox
WHERE state IN (3, 4, 7, 8) AND at < (SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) - $1)
ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED

-- name: remove
DELETE FROM notify_outbox WHERE id = ANY($1::bigint[])

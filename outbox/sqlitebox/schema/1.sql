CREATE TABLE notify_outbox (
  id        INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order of Put; never used again
  "key"     TEXT NOT NULL UNIQUE,
  hash      TEXT NOT NULL,
  class     TEXT NOT NULL,
  state     INTEGER NOT NULL,                  -- 1 queued, 2 sending, 3 accepted, 4 rejected, 5 held, 6 dead, 7 expired, 8 canceled
  at        INTEGER NOT NULL,                  -- since when, in microseconds since 1970
  due       INTEGER NOT NULL,
  ready     INTEGER NOT NULL,                  -- 1: may be handed out from due on
  rpt       INTEGER NOT NULL,                  -- 1: a second sending does no harm
  owner     INTEGER,                           -- who has it
  lease     INTEGER NOT NULL,                  -- the last hand-out; 0: never
  unsure    INTEGER,                           -- the hand-out that was taken for dead
  was_state INTEGER NOT NULL,                  -- before the last hand-out; 0: never handed out
  was_at    INTEGER NOT NULL,
  tries     INTEGER NOT NULL,
  put       INTEGER NOT NULL,                  -- of the call that stored it
  story     BLOB,
  data      BLOB                               -- the message; NULL after its end
);
CREATE INDEX notify_outbox_ready ON notify_outbox (class, due, id) WHERE ready = 1;
CREATE INDEX notify_outbox_owner_of ON notify_outbox (owner) WHERE owner IS NOT NULL;
CREATE INDEX notify_outbox_ended ON notify_outbox (at) WHERE state IN (3, 4, 7, 8);
CREATE INDEX notify_outbox_waiting ON notify_outbox (state, "key") WHERE state IN (5, 6);
CREATE TABLE notify_outbox_owner (
  id    INTEGER PRIMARY KEY,
  until INTEGER NOT NULL                       -- of its lease
);

CREATE TABLE notify_verify (
  id     bytea PRIMARY KEY,  -- what the row is about: a letter for its kind, then the number and purpose, or the limit
  data   bytea NOT NULL,     -- JSON; empty: nothing yet
  until  bigint NOT NULL     -- when it says nothing any more, in microseconds since 1970
);
CREATE INDEX notify_verify_until ON notify_verify (until)

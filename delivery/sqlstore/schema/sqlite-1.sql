CREATE TABLE notify_delivery (
  id blob PRIMARY KEY,
  own integer NOT NULL,
  message_key text NOT NULL, ref text NOT NULL, provider text NOT NULL, vendor_id text NOT NULL,
  number blob, shown text NOT NULL, sealed blob NOT NULL,
  template text NOT NULL, kind integer NOT NULL, region text NOT NULL, segments integer NOT NULL, price text NOT NULL,
  answer integer NOT NULL, state integer NOT NULL, reason text NOT NULL, code text NOT NULL, words text NOT NULL, at integer NOT NULL,
  parts integer NOT NULL, done integer NOT NULL, tries text NOT NULL, tried_at integer NOT NULL, put integer NOT NULL, told integer NOT NULL
) WITHOUT ROWID;
CREATE INDEX notify_delivery_key ON notify_delivery (message_key);
CREATE INDEX notify_delivery_vendor ON notify_delivery (vendor_id);
CREATE INDEX notify_delivery_number ON notify_delivery (number);
CREATE INDEX notify_delivery_put ON notify_delivery (own, put);
CREATE TABLE notify_delivery_event (seq integer PRIMARY KEY AUTOINCREMENT, id blob NOT NULL);
CREATE INDEX notify_delivery_event_id ON notify_delivery_event (id);
CREATE TABLE notify_delivery_teller (one integer PRIMARY KEY, owner text NOT NULL, until integer NOT NULL);
INSERT INTO notify_delivery_teller (one, owner, until) VALUES (1, '', 0);

CREATE TABLE IF NOT EXISTS notify_delivery (
  id bytea PRIMARY KEY,
  own smallint NOT NULL,
  message_key text NOT NULL, ref text NOT NULL, provider text NOT NULL, vendor_id text NOT NULL,
  number bytea, shown text NOT NULL, sealed bytea NOT NULL,
  template text NOT NULL, kind smallint NOT NULL, region text NOT NULL, segments integer NOT NULL, price text NOT NULL,
  answer smallint NOT NULL, state smallint NOT NULL, reason text NOT NULL, code text NOT NULL, words text NOT NULL, at bigint NOT NULL,
  parts smallint NOT NULL, done bigint NOT NULL, tries text NOT NULL, tried_at bigint NOT NULL, put bigint NOT NULL, told smallint NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX IF NOT EXISTS notify_delivery_key ON notify_delivery (message_key);
CREATE INDEX IF NOT EXISTS notify_delivery_vendor ON notify_delivery (vendor_id);
CREATE INDEX IF NOT EXISTS notify_delivery_number ON notify_delivery (number);
CREATE INDEX IF NOT EXISTS notify_delivery_put ON notify_delivery (own, put);
CREATE TABLE IF NOT EXISTS notify_delivery_event (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id bytea NOT NULL);
CREATE INDEX IF NOT EXISTS notify_delivery_event_id ON notify_delivery_event (id);
CREATE TABLE IF NOT EXISTS notify_delivery_teller (one smallint PRIMARY KEY, owner text NOT NULL, until bigint NOT NULL);
INSERT INTO notify_delivery_teller (one, owner, until) VALUES (1, '', 0) ON CONFLICT DO NOTHING;

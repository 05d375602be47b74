CREATE TABLE IF NOT EXISTS notify_delivery (
  id varbinary(16) PRIMARY KEY,
  own smallint NOT NULL,
  message_key varbinary(255) NOT NULL, ref varbinary(255) NOT NULL, provider varbinary(255) NOT NULL, vendor_id varbinary(255) NOT NULL,
  number varbinary(16), shown varbinary(32) NOT NULL, sealed varbinary(128) NOT NULL,
  template varbinary(255) NOT NULL, kind smallint NOT NULL, region varbinary(8) NOT NULL, segments integer NOT NULL, price varbinary(64) NOT NULL,
  answer smallint NOT NULL, state smallint NOT NULL, reason varbinary(64) NOT NULL, code varbinary(64) NOT NULL, words varbinary(255) NOT NULL, at bigint NOT NULL,
  parts smallint NOT NULL, done bigint NOT NULL, tries mediumblob NOT NULL, tried_at bigint NOT NULL, put bigint NOT NULL, told smallint NOT NULL,
  INDEX notify_delivery_key (message_key), INDEX notify_delivery_vendor (vendor_id), INDEX notify_delivery_number (number), INDEX notify_delivery_put (own, put)
);
CREATE TABLE IF NOT EXISTS notify_delivery_event (seq bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, id varbinary(16) NOT NULL, INDEX notify_delivery_event_id (id));
CREATE TABLE IF NOT EXISTS notify_delivery_teller (one smallint PRIMARY KEY, owner varbinary(64) NOT NULL, until bigint NOT NULL);
INSERT IGNORE INTO notify_delivery_teller (one, owner, until) VALUES (1, '', 0);

CREATE TABLE IF NOT EXISTS notify_verify (
  id     VARBINARY(255) NOT NULL PRIMARY KEY,
  data   MEDIUMBLOB NOT NULL,
  until  BIGINT NOT NULL,
  KEY notify_verify_until (until)
) ENGINE=InnoDB

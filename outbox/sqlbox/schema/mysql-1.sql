CREATE TABLE IF NOT EXISTS notify_outbox (
  id        BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `key`     VARBINARY(255) NOT NULL,
  hash      VARBINARY(255) NOT NULL,
  class     VARBINARY(64) NOT NULL,
  state     SMALLINT NOT NULL,
  at        BIGINT NOT NULL,
  due       BIGINT NOT NULL,
  ready     SMALLINT NOT NULL,
  rpt       SMALLINT NOT NULL,
  owner     BIGINT,
  lease     BIGINT NOT NULL,
  unsure    BIGINT,
  was_state SMALLINT NOT NULL,
  was_at    BIGINT NOT NULL,
  tries     INT NOT NULL,
  put       BIGINT NOT NULL,
  story     MEDIUMBLOB,
  data      MEDIUMBLOB,
  UNIQUE KEY notify_outbox_key (`key`),
  KEY notify_outbox_ready (ready, class, due, id),
  KEY notify_outbox_owner_of (owner),
  KEY notify_outbox_state (state, at)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS notify_outbox_owner (
  id    BIGINT NOT NULL PRIMARY KEY,
  until BIGINT NOT NULL
) ENGINE=InnoDB

ALTER TABLE notify_outbox ADD COLUMN born BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notify_outbox ADD COLUMN receipt BIGINT;
ALTER TABLE notify_outbox ADD COLUMN mark VARCHAR(255) NOT NULL DEFAULT '';
ALTER TABLE notify_outbox_owner ADD COLUMN mark VARCHAR(255);
ALTER TABLE notify_outbox ADD KEY notify_outbox_receipt (receipt)

ALTER TABLE notify_outbox ADD COLUMN born INTEGER NOT NULL DEFAULT 0;   -- when it was due first; 0: stored by version 1
ALTER TABLE notify_outbox ADD COLUMN receipt INTEGER;                   -- a hash of the vendor's receipt
ALTER TABLE notify_outbox ADD COLUMN mark TEXT NOT NULL DEFAULT '';     -- of the owner whose hand-out has no recorded end
ALTER TABLE notify_outbox_owner ADD COLUMN mark TEXT;                   -- of what it hands out; NULL: a process of version 1
CREATE INDEX notify_outbox_receipt ON notify_outbox (receipt) WHERE receipt IS NOT NULL;

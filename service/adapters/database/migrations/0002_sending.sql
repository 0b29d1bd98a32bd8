-- An endpoint is told little at the same time, and only now and then while it fails: who sends to it, who waits for a place.

ALTER TABLE dispatch
    ADD COLUMN sending_until timestamptz,       -- a worker sends it; when the time is up, that worker is taken for dead
    ADD COLUMN waiting_since timestamptz;       -- it was due, but all places of its endpoint were taken

CREATE INDEX dispatch_sending ON dispatch (endpoint_id) WHERE sending_until IS NOT NULL;
CREATE INDEX dispatch_waiting ON dispatch (endpoint_id, waiting_since, id) WHERE waiting_since IS NOT NULL;
CREATE INDEX dispatch_dead ON dispatch (tenant_id, id) WHERE state = 'exhausted';

ALTER TABLE endpoint
    ADD COLUMN probe_at timestamptz,            -- after several failures in a row: not asked before
    ADD COLUMN watched_until timestamptz;       -- a job looks at those that wait then, should nobody have let them in

ALTER TABLE attempt
    ADD COLUMN round integer NOT NULL DEFAULT 1; -- of its dispatch, at that time

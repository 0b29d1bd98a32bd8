-- Whose limits a job counts for: the key that submitted it. NULL: a hook, or open mode.

ALTER TABLE job
    ADD COLUMN key_id text REFERENCES api_key;

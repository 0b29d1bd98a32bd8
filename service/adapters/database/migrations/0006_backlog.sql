-- What is counted at every scrape: messages on their way, oldest first; and jobs that were set aside.

CREATE INDEX dispatch_open ON dispatch (next_at) WHERE state IN ('pending', 'retrying');
CREATE INDEX job_unfinished_by_age ON job (created_at) WHERE state IN ('queued', 'running');

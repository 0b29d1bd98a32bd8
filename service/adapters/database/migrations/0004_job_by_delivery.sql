-- The job of a delivery: what a CMS is told that delivers twice, and what erasing an article looks for.

CREATE INDEX job_by_delivery ON job (delivery_id) WHERE delivery_id IS NOT NULL;

-- Erasing an article: all that is kept of it must be found, and what was accepted before must not bring it back.

ALTER TABLE article
    ADD COLUMN erased_at timestamptz;           -- on request of its owner; NULL: never, or only because its CMS deleted it

CREATE INDEX article_by_id ON article (tenant_id, id);
CREATE INDEX job_by_tenant ON job (tenant_id, id);
CREATE INDEX extraction_by_text ON extraction (tenant_id, text_sha256);
CREATE INDEX job_by_article ON job USING gin (article_ids);
CREATE INDEX message_by_article ON message (article_id) WHERE article_id IS NOT NULL;

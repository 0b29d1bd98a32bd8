-- What Parley keeps. Every row belongs to a tenant; no query may leave the tenant out.
-- Times are timestamptz; ids are text with a prefix that says what they are.

CREATE TABLE tenant (
    id text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO tenant (id) VALUES ('default');

CREATE TABLE api_key (
    id text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES tenant,
    name text NOT NULL,
    hash bytea NOT NULL UNIQUE,                 -- SHA-256 of the whole key; the key itself is shown once and never kept
    scopes text[] NOT NULL,
    requests_per_minute integer,                -- NULL: no limit of its own
    tokens_per_minute bigint,
    requests_per_day integer,
    tokens_per_day bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz
);

-- One row for each subject (a key, a provider, everything) and window; `started` is the window's beginning.
CREATE TABLE usage (
    subject text NOT NULL,                      -- 'key:ID', 'tenant:ID', 'provider:NAME', 'all'
    period text NOT NULL CHECK (period IN ('minute', 'day')),
    started timestamptz NOT NULL,
    requests bigint NOT NULL DEFAULT 0,
    tokens bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (subject, period, started)
);

-- A CMS that may call us. Secrets and credentials stand here because they are needed in clear to sign and to log in.
CREATE TABLE connection (
    id text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES tenant,
    adapter text NOT NULL,
    name text NOT NULL,
    secrets text[] NOT NULL,                    -- newest first; an older one is accepted until it is removed
    options jsonb NOT NULL DEFAULT '{}',        -- field names and the like, by adapter
    base_url text,                              -- of the CMS, for fetching, polling and write-back
    credentials jsonb NOT NULL DEFAULT '{}',
    allow_private boolean NOT NULL DEFAULT false, -- set by the operator only: base_url may be a private address
    model text,                                 -- NULL: the default engine
    write_back text,                            -- NULL, or how: 'meta' (WordPress), 'codeinjection' or 'tag' (Ghost)
    poll_seconds integer,                       -- NULL: never polled
    poll_cursor timestamptz,
    polled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);

CREATE TABLE article (
    id text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES tenant,
    connection_id text REFERENCES connection,   -- NULL: sent to POST /extract with an id of the caller's
    source_id text NOT NULL,                    -- the id that the CMS or the caller gives it
    language text NOT NULL DEFAULT '',          -- one CMS entry may be several articles, one a language
    version_key text NOT NULL DEFAULT '',       -- greatest version seen, as text that sorts; older ones are dropped
    url text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (tenant_id, connection_id, source_id, language)
);

CREATE TABLE extraction (
    id text PRIMARY KEY,                        -- the record's own id
    tenant_id text NOT NULL REFERENCES tenant,
    cache_key text NOT NULL,                    -- SHA-256 of text, title, date, what was wanted, model, prompt and schema
    text_sha256 text NOT NULL,
    model text NOT NULL,                        -- 'rules' or provider/model
    prompt text NOT NULL,                       -- '' for rules
    degraded boolean NOT NULL,
    record json NOT NULL,                       -- json, not jsonb: it leaves as it was written, key by key
    parties text[] NOT NULL,                    -- lower case, for the list's filters
    speakers text[] NOT NULL,
    statuses text[] NOT NULL,
    words tsvector NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, cache_key)
);

CREATE INDEX extraction_by_time ON extraction (tenant_id, created_at DESC, id DESC);
CREATE INDEX extraction_parties ON extraction USING gin (parties);
CREATE INDEX extraction_speakers ON extraction USING gin (speakers);
CREATE INDEX extraction_words ON extraction USING gin (words);

-- Who is reading a text just now, so that the same one is not sent to a model twice at the same time.
CREATE TABLE claim (
    tenant_id text NOT NULL,
    cache_key text NOT NULL,
    owner text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, cache_key)
);

CREATE TABLE article_version (
    article_id text NOT NULL REFERENCES article ON DELETE CASCADE,
    number integer NOT NULL,                    -- 1, 2, 3 ... of what we saw
    text_hash text NOT NULL,                    -- of normalised title, text and language: unchanged text is not read again
    title text,
    text text NOT NULL,
    published_at date,
    version_key text NOT NULL DEFAULT '',
    extraction_id text REFERENCES extraction,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (article_id, number)
);

CREATE INDEX article_version_by_extraction ON article_version (extraction_id);

-- What a CMS posted, to the byte. `dedupe_key` is the CMS's own id of the delivery or of the version it tells of.
CREATE TABLE delivery (
    id text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES tenant,
    connection_id text NOT NULL REFERENCES connection,
    dedupe_key text NOT NULL,
    path_event text,
    headers jsonb NOT NULL,                     -- only those that adapters read; never signatures or authorization
    body bytea,                                 -- NULL once erased
    received_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (connection_id, dedupe_key)
);

-- Work that somebody may ask about: GET /jobs/{id}. Procrastinate's own job only carries this id.
CREATE TABLE job (
    id text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES tenant,
    kind text NOT NULL CHECK (kind IN ('hook', 'fetch', 'extract')),
    connection_id text REFERENCES connection,
    delivery_id text REFERENCES delivery,
    request json,                               -- the command (extract) or the change to fetch; NULL once done or erased
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'succeeded', 'ignored', 'failed', 'parked')),
    attempts integer NOT NULL DEFAULT 0,        -- starts, successful or not
    crashes integer NOT NULL DEFAULT 0,         -- times the worker died under it; parked at 3
    failures integer NOT NULL DEFAULT 0,        -- times something upstream failed under it
    problem jsonb,                              -- why it failed, as problem+json; never article text
    article_ids text[] NOT NULL DEFAULT '{}',
    extraction_ids text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
);

CREATE INDEX job_unfinished_by_connection ON job (connection_id) WHERE state IN ('queued', 'running');
CREATE INDEX job_parked ON job (created_at) WHERE state IN ('failed', 'parked');

-- Somebody who wants to be told.
CREATE TABLE endpoint (
    id text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES tenant,
    url text NOT NULL,
    description text NOT NULL DEFAULT '',
    event_types text[] NOT NULL,                -- empty: all
    secret text NOT NULL,                       -- whsec_...
    old_secret text,                            -- signs as well until the time below
    old_secret_until timestamptz,
    allow_private boolean NOT NULL DEFAULT false, -- set by the operator only
    failures_in_row integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    disabled_at timestamptz,
    disabled_reason text,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE SEQUENCE message_sequence;

-- Something that happened; `body` is what is sent, to the byte, to every endpoint and at every attempt.
CREATE TABLE message (
    id text PRIMARY KEY,                        -- the webhook-id
    tenant_id text NOT NULL REFERENCES tenant,
    type text NOT NULL,
    source_key text NOT NULL,                   -- what it tells of ('extraction ID of article ID version N'): told once
    article_id text,
    extraction_id text,
    sequence bigint NOT NULL,
    body bytea,                                 -- NULL once erased
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, type, source_key)
);

CREATE INDEX message_by_time ON message (tenant_id, created_at, id);

-- A message on its way to one consumer: an endpoint, or (write-back) the CMS of a connection.
CREATE TABLE dispatch (
    id text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES tenant,
    message_id text NOT NULL REFERENCES message ON DELETE CASCADE,
    endpoint_id text REFERENCES endpoint ON DELETE CASCADE,
    connection_id text REFERENCES connection ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'delivered', 'retrying', 'exhausted', 'cancelled', 'superseded')),
    attempts integer NOT NULL DEFAULT 0,
    round integer NOT NULL DEFAULT 1,           -- raised by every replay
    next_at timestamptz,
    finished_at timestamptz,
    CHECK ((endpoint_id IS NULL) <> (connection_id IS NULL)),
    UNIQUE NULLS NOT DISTINCT (message_id, endpoint_id, connection_id)
);

CREATE INDEX dispatch_by_endpoint ON dispatch (endpoint_id, state);

CREATE TABLE attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dispatch_id text NOT NULL REFERENCES dispatch ON DELETE CASCADE,
    number integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    status integer,                             -- NULL: no answer
    elapsed_ms integer NOT NULL,
    error text,                                 -- a class of ours ('timed out', 'refused address' ...), never a vendor's words
    response_head bytea                         -- the first 1,024 bytes of the answer
);

CREATE INDEX attempt_by_dispatch ON attempt (dispatch_id, id);

CREATE TABLE idempotency (
    tenant_id text NOT NULL,
    key text NOT NULL,
    body_sha256 text NOT NULL,
    status integer,                             -- NULL: still running
    headers jsonb,
    body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);

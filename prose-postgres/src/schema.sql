-- The tables of a prose store in Postgres, schema version 1. They stand in a schema of their own (`prose` unless told
-- otherwise), named as on SQLite without the `prose_`. Values of variables are JSON, kept as text, so that every digit and
-- every escape stays as it was written.
--
--   psql -c 'select run_id, flow, status from prose.runs'
--   psql -c $$select seq, point, phase, writes::json ->> 'total' from prose.commits join prose.runs using (run)
--             where run_id = 'ord_abc123' order by seq$$
--
-- Text that is not JSON can hold a NUL in Rust, and not in Postgres: it stands as U+0001 `0`, and U+0001 itself as U+0001 `1`.

-- One row for each run: what claims and searches look at. It is written when a run is created, claimed, given back and
-- ended, never at a step: where a running run stands, its commits say.
create table {s}.runs (
    run                bigint      generated always as identity primary key, -- its number in the other tables; never used again
    key                bytea       not null,              -- sha256 of namespace and run_id: an index takes no long text
    namespace          text        not null,              -- '' is the default one
    run_id             text        not null,              -- the id that the caller gave
    uid                text        not null,              -- random: a deleted run whose id is used again is another run
    flow               text        not null,              -- #[flow(name = "..")]
    version            bigint      not null,              -- #[flow(version = ..)]
    fingerprint        text        not null,              -- the code that created the run, 16 hexadecimal digits
    status             text        not null,              -- running, compensating, completed, failed, cancelled, blocked; later: waiting, cancelling
    epoch              bigint      not null,              -- raised by each claim; a commit with another one is refused
    owner              text,                              -- instances.instance; null: nobody holds the run
    created_at         timestamptz not null,
    updated_at         timestamptz not null,              -- last creation, claim or ending; a step's time stands in its commit
    compensating_since timestamptz,                       -- since when it undoes what it has done; its end is final then
    -- Room for later issues; unused by schema version 1.
    parent             bigint,                            -- the run whose step this run is
    root               bigint,                            -- the topmost of its parents
    wake_at            timestamptz,                       -- a waiting run is due then
    cancel_asked_at    timestamptz,
    deadline           timestamptz,
    queue              text,
    priority           bigint      not null default 0,
    partition_key      text,
    schedule           text,
    forked_from        bigint,
    expires_at         timestamptz
) with (fillfactor = 85);                                 -- a claim and an ending find room beside the row

create unique index runs_key on {s}.runs (key);

-- For people who look for a run: a prefix, because an index takes no long text.
create index runs_run_id on {s}.runs (left(run_id, 100));

-- What `prune` looks for.
create index runs_ended on {s}.runs (updated_at) where status in ('completed', 'failed', 'cancelled');

-- What is long and seldom read, apart from the hot row.
create table {s}.details (
    run               bigint primary key,
    correlation_id    text   not null,
    input             text   not null,                    -- JSON, as first given
    output            text,                               -- JSON, once completed
    failed_step       text,                               -- the step that failed, or that was running when it was cancelled
    error             text,                               -- what the error said
    -- Room for later issues; unused by schema version 1.
    tags              text,
    trace_context     text,
    encryption_key_id text
);

-- The log: one appended row for each commit and each claim. Folded rows are deleted, but for the last one, which the
-- next commit's `seq` continues.
create table {s}.commits (
    run         bigint      not null,
    seq         bigint      not null,                     -- 1, 2, 3, .. in each run
    epoch       bigint      not null,                     -- the claim that wrote it
    at          timestamptz not null,
    point       text,                                     -- the step at which the run stands; null in a claim's row
    phase       text,                                     -- entered: its body is to run; done: its body has run
    iterations  text,                                     -- JSON: the iteration of each loop around it, the outermost first
    completed   text,                                     -- JSON: the steps that were completed since the commit before
    dropped     text,                                     -- JSON: the variables that are gone
    writes      text,                                     -- JSON: new values by variable
    compensable text,                                     -- JSON: what can be undone of the steps that were completed
    undoing     text,                                     -- JSON: { begun: how the run will end }, then { undone: .. } for each step
    ending      text,                                     -- completed, failed, cancelled, blocked
    fingerprint text,                                     -- the code that wrote it, where it is not the one that created the run
    primary key (run, seq)
);

-- All commits of a run up to `seq`, folded into one.
create table {s}.snapshots (
    run    bigint primary key,
    seq    bigint not null,
    folded text   not null                                -- JSON: { seq, position, state, completed, .. }
);

-- The processes (strictly: the opened stores) that execute runs. That one is alive, the session advisory lock `lock` says;
-- that it is neither stopped nor cut off, its heartbeat.
create table {s}.instances (
    instance   text        primary key,
    pid        bigint      not null,
    lock       bigint      not null,                      -- held by the instance's own connection: the server drops it with that
    heartbeat  timestamptz not null,                      -- by the server's clock
    lease      interval    not null,                      -- a heartbeat that is older means that it is stopped
    started_at timestamptz not null
) with (fillfactor = 50);                                 -- heartbeats find room beside the row

-- What each build's flows look like, so that a later build can tell whether it can go on with their runs. A row is written
-- when code first writes to the store, and stays.
create table {s}.code (
    fingerprint text        primary key,                  -- 16 hexadecimal digits, as in runs and commits
    flow        text        not null,                     -- #[flow(name = "..")]
    shape       text        not null,                     -- JSON: the points, and the variables with their types
    kept_at     timestamptz not null
);

-- The tables of a prose store in SQLite, schema version 1; `schema_2.sql` and those behind it add to them. They may share a file with the application's own tables; all
-- names begin with `prose_`. Instants are milliseconds since 1970 (UTC), except `heartbeat`. Values of variables are JSON.
--
--   sqlite3 orders.db "select run_id, flow, status from prose_runs"
--   sqlite3 orders.db "select seq, point, phase, writes ->> '$.total' from prose_commits join prose_runs using (run)
--                      where run_id = 'ord_abc123' order by seq"

-- One row for each run: what claims and searches look at. It is written when a run is created, claimed, given back and
-- ended, never at a step: where a running run stands, its commits say.
create table prose_runs (
    run             integer primary key autoincrement, -- the number of the run in the other tables; never used again
    namespace       text    not null,                  -- '' is the default one
    run_id          text    not null,                  -- the id that the caller gave
    uid             text    not null,                  -- random: a deleted run whose id is used again is another run
    flow            text    not null,                  -- #[flow(name = "..")]
    version         integer not null,                  -- #[flow(version = ..)]
    fingerprint     text    not null,                  -- the code that created the run, 16 hexadecimal digits
    status          text    not null,                  -- running, waiting, compensating, blocked, completed, failed, cancelled
    epoch           integer not null,                  -- raised by each claim; a commit with another one is refused
    owner           text,                              -- prose_instances.instance; null: nobody holds the run
    created_at      integer not null,
    updated_at      integer not null,                  -- last creation, claim, giving back or ending; a step's time stands in its commit
    parent          integer,                           -- the run whose step this run is; used from schema version 5 on
    root            integer,                           -- the topmost of its parents; the same
    wake_at         integer,                           -- while nobody holds it: it is due then; null: not by itself; the same
    cancel_asked_at integer,                           -- it was asked to end as cancelled; the same
    -- Room for later issues.
    deadline        integer,
    queue           text,
    priority        integer not null default 0,
    partition_key   text,
    schedule        text,
    forked_from     integer,
    expires_at      integer,
    unique (namespace, run_id)
) strict;

-- What `prune` looks for.
create index prose_runs_ended on prose_runs (updated_at) where status in ('completed', 'failed', 'cancelled');

-- What is long and seldom read, apart from the hot row.
create table prose_details (
    run               integer primary key,
    correlation_id    text not null,
    input             text not null,                   -- JSON, as first given
    output            text,                            -- JSON, once completed
    failed_step       text,                            -- the step that failed, or that was running when it was cancelled
    error             text,                            -- what the error said
    -- Room for later issues; unused by schema version 1.
    tags              text,
    trace_context     text,
    encryption_key_id text
) strict;

-- The log: one appended row for each commit and each claim. Folded rows are deleted, but for the last one, which the
-- next commit's `seq` continues.
create table prose_commits (
    run         integer not null,
    seq         integer not null,                      -- 1, 2, 3, .. in each run
    epoch       integer not null,                      -- the claim that wrote it
    at          integer not null,
    point       text,                                  -- the step at which the run stands; null in a claim's row
    phase       text,                                  -- entered: its body is to run; done: its body has run
    completed   text,                                  -- JSON: the steps that were completed since the commit before
    dropped     text,                                  -- JSON: the variables that are gone
    writes      text,                                  -- JSON: new values by variable
    ending      text,                                  -- completed, failed, cancelled
    fingerprint text                                   -- the code that wrote it, where it is not the one that created the run
) strict;

create unique index prose_commits_log on prose_commits (run, seq);

-- All commits of a run up to `seq`, folded into one.
create table prose_snapshots (
    run    integer primary key,
    seq    integer not null,
    folded text    not null                            -- JSON: { seq, position, state, completed, .. }
) strict;

-- The processes (strictly: the opened stores) that execute runs. That one is alive, its lock on the file
-- `<database>-instances/<instance>.lock` says; that it is not stopped, its heartbeat.
create table prose_instances (
    instance   text    primary key,
    pid        integer not null,
    boot       text    not null,                       -- which boot of the machine `heartbeat` counts from
    heartbeat  integer not null,                       -- milliseconds of the boot clock
    lease      integer not null,                       -- milliseconds; a heartbeat that is older means that it is stopped
    started_at integer not null
) strict;

-- Schema version 3: runs that wait, runs that an engine takes, trees of runs, and signals.
--
--   psql -c 'select run_id, flow, status, wake_at, awaits, crashes from prose.runs where owner is null order by wake_at'
--   psql -c 'select id, name, sent_as, used, refused, payload from prose.signals order by id'

-- `wake_at` is the instant from which on a run that nobody owns, and that has not ended, is due; null: something must happen first.
-- `parent` and `root` are null in a run that no other one has made; `cancel_asked_at` says since when a run is to end as cancelled.
alter table {s}.runs
    add column awaits  text,                              -- the name of the signal that a waiting run waits for
    add column crashes bigint not null default 0,         -- executions in a row that died without having written anything
    add column refused text[];                            -- instances whose code could not go on with it since it last waited

-- Who was executed by hand alone until now is due.
update {s}.runs set wake_at = clock_timestamp()
    where owner is null and status in ('running', 'compensating');

-- What is due, and what will be.
create index runs_due on {s}.runs (flow, wake_at, run)
    where owner is null and parent is null and status in ('running', 'waiting', 'compensating');

-- What lists show, and where the runs of a flow stand. A prefix, because an index takes no long text.
create index runs_listed on {s}.runs (flow, status, left(namespace, 100), run);

-- Whose owner is dead.
create index runs_owned on {s}.runs (owner) where owner is not null;

-- Who is to be told that it is to end.
create index runs_asked_to_cancel on {s}.runs (owner, run)
    where cancel_asked_at is not null and status not in ('completed', 'failed', 'cancelled');

-- The runs right below one, and all below one that has no parent.
create index runs_parent on {s}.runs (parent) where parent is not null;
create index runs_root on {s}.runs (root) where root is not null;

-- Where a folded run stands and which code wrote that, as in commits, so that nobody need read the whole fold to see it.
alter table {s}.snapshots
    add column placed      boolean not null default false, -- the four below tell; an older version has left them out
    add column point       text,
    add column phase       text,
    add column iterations  text,
    add column fingerprint text;

-- The instance's name, for people.
alter table {s}.instances add column name text;

-- One row for each signal, from the moment it was sent until its run is deleted.
create table {s}.signals (
    id         bigint      generated always as identity primary key, -- of one run and name the smaller one was sent first
    key        bytea       not null,                      -- as in runs
    uid        text,                                      -- the run that it was sent to; null: one that was still to come
    name       text        not null,                      -- the #[signal] that waits for it
    sent_as    text        not null,                      -- the sender's id: a second one with it is not kept; U+0001 `/` and a random
                                                          -- one where it gave none
    payload    text        not null,                      -- JSON
    sent_at    timestamptz not null,
    expires_at timestamptz,                               -- came before its run, and is kept for it until then
    used       boolean     not null default false,        -- a commit of its run has taken or refused it
    refused    text                                       -- why it was refused
);

-- What waits for a run, oldest first.
create index signals_waiting on {s}.signals (key, md5(name), id) where not used;

-- Whether one was sent before; and all of a run.
create index signals_sent_as on {s}.signals (key, md5(name), md5(sent_as));

-- What nobody has come for.
create index signals_expiring on {s}.signals (expires_at) where expires_at is not null;

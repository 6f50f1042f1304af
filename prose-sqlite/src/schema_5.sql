-- Schema version 5: runs that wait (for an engine, an instant, a signal, a child), and signals. `schema.sql` has the other tables, and the
-- columns of prose_runs that are used from now on: parent, root, wake_at, cancel_asked_at.

-- The name of the signal for which a waiting run waits. Null: for `wake_at` alone, or for a child.
alter table prose_runs add column awaits text;

-- How many executions in a row have died, or were stopped past their lease, without having written anything.
alter table prose_runs add column crashes integer not null default 0;

-- The instances whose code could not go on with the run: JSON, a list of prose_instances.instance. Null once it has waited since.
alter table prose_runs add column refused text;

-- What people call the instance; null where it executes no runs but those that its own process calls.
alter table prose_instances add column name text;

-- What was left by older versions is due now.
update prose_runs set wake_at = cast(unixepoch('subsec') * 1000 as integer)
where owner is null and status in ('running', 'compensating');

-- What engines claim, flow by flow, in the order in which it became due.
create index prose_runs_due on prose_runs (flow, wake_at)
where owner is null and parent is null and wake_at is not null and status in ('running', 'waiting', 'compensating');

-- What lists are read from, newest first.
create index prose_runs_listed on prose_runs (flow, status, namespace);

-- What an instance holds.
create index prose_runs_held on prose_runs (owner) where owner is not null;

-- What an instance holds and is to end.
create index prose_runs_cancelled on prose_runs (owner) where owner is not null and cancel_asked_at is not null;

create index prose_runs_children on prose_runs (parent) where parent is not null;

-- What `prune` looks for: a tree goes as a whole, with its root.
drop index prose_runs_ended;
create index prose_runs_ended on prose_runs (updated_at)
where parent is null and status in ('completed', 'failed', 'cancelled');

-- Signals, from the moment they are sent. One that was taken and has an id stays until its run is deleted, to know its repetitions.
create table prose_signals (
    signal     integer primary key autoincrement,      -- signals of one name are taken in this order
    namespace  text    not null,                       -- the run
    run_id     text    not null,
    uid        text,                                   -- null: the run is still to come
    name       text    not null,                       -- of the `#[signal]`
    id         text,                                   -- the sender's: of several with one id, the first is kept
    payload    text    not null,                       -- JSON
    sent_at    integer not null,
    expires_at integer,                                -- how long it is kept for a run that is still to come
    taken_at   integer,                                -- null: it waits for a commit that takes it
    refused    text                                    -- why the run's code could not decode it
) strict;

-- What runs look for.
create index prose_signals_waiting on prose_signals (namespace, run_id, name) where taken_at is null;

-- What senders look for, and what goes with a run.
create index prose_signals_sent on prose_signals (namespace, run_id, name, id);

-- What `prune` looks for.
create index prose_signals_expiring on prose_signals (expires_at) where expires_at is not null;

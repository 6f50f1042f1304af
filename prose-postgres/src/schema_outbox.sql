-- Schema version 2: events that are committed, and wait to be published.
--
--   psql -c 'select id, run_id, channel, rejections, parked_at, error, event from prose.outbox order by id'

-- One row for each event, from the commit that holds it until the broker has confirmed it. No foreign key: deleting a run keeps
-- its unpublished events.
create table {s}.outbox (
    id         bigint      generated always as identity primary key, -- later events of a run have greater ones
    run        bigint      not null,                      -- runs.run; never used again, so it tells runs of one id apart
    key        bytea       not null,                      -- as in runs
    namespace  text        not null,
    run_id     text        not null,
    uid        text        not null,
    channel    text        not null,                      -- #[event("channel")]
    event      text        not null,                      -- CloudEvents JSON
    rejections bigint      not null default 0,            -- how often the broker has rejected it
    error      text,                                      -- what it said at last
    again_at   timestamptz,                               -- rejected, and to be tried again then
    parked_at  timestamptz,                               -- rejected too often; waits until it is released
    created_at timestamptz not null
);

-- A run's events: who waits for them, and `prune`.
create index outbox_run on {s}.outbox (key, run);

-- What holds up the later events of its run.
create index outbox_held on {s}.outbox (run) where again_at is not null or parked_at is not null;

-- What a relay takes from, oldest first, however many are parked.
create index outbox_waiting on {s}.outbox (id) where parked_at is null;

-- The instance that publishes. One row.
create table {s}.relay (
    one      boolean primary key default true check (one),
    instance text                                         -- instances.instance; null: none
);

insert into {s}.relay default values;

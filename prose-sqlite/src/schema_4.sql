-- Schema version 4: the outbox. `schema.sql` has the other tables.

-- Events that are committed with their step and not published yet. One that the broker has confirmed is deleted.
create table prose_outbox (
    id         integer primary key autoincrement,      -- later events of a run have greater ones
    namespace  text    not null,                       -- the run, which may be deleted meanwhile
    run_id     text    not null,
    uid        text    not null,
    channel    text    not null,                       -- #[event("..")]
    event      text    not null,                       -- CloudEvents 1.0 JSON
    created_at integer not null,
    rejections integer not null default 0,             -- how often the broker has rejected it
    error      text,                                   -- what the broker said at last
    again_at   integer,                                -- rejected, and to be tried again then
    parked_at  integer                                 -- rejected too often, and waiting to be released since
) strict;

create index prose_outbox_run on prose_outbox (namespace, run_id);

-- What a relay looks for.
create index prose_outbox_waiting on prose_outbox (id) where parked_at is null;

-- What later events of a run on a channel may have to wait for.
create index prose_outbox_rejected on prose_outbox (uid, channel, id) where rejections > 0;

-- The instance that publishes, in its one row. It does so until it steps down or is dead.
create table prose_relay (
    one      integer primary key check (one = 1),
    instance text                                      -- prose_instances.instance; null: nobody
) strict;

insert into prose_relay (one) values (1);

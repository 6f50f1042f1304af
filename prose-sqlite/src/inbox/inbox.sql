-- Which events which consumer has applied. It may stand in any SQLite file, the application's or a store's: it minds neither
-- `application_id` nor `user_version`.
--
--   sqlite3 shop.db "select consumer, count(*), datetime(min(seen_at) / 1000, 'unixepoch') from prose_inbox group by consumer"

create table if not exists prose_inbox (
    consumer text    not null,
    event_id text    not null,             -- as events name it
    seen_at  integer not null,             -- milliseconds since 1970 (UTC), by the clock of the consumer's machine
    primary key (consumer, event_id)
) strict, without rowid;

-- What `prune` looks for.
create index if not exists prose_inbox_seen on prose_inbox (consumer, seen_at);

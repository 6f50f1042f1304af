-- Which events which consumer has applied. It stands in the schema `prose` unless told otherwise, also beside a store's tables.
--
--   psql -c $$select consumer, count(*), min(seen_at) from prose.inbox group by consumer$$
--
-- "C" compares bytes: an upgrade of the system's collations cannot damage the index that everything here rests on.

create table {s}.inbox (
    consumer text collate "C" not null,
    event_id text collate "C" not null,                       -- as events name it; NUL stands as U+0001 `0`, U+0001 as U+0001 `1`;
                                                              -- longer than 1,000 bytes: its start, U+0001 `#`, and its sha256
    seen_at  timestamptz not null default clock_timestamp(),
    primary key (consumer, event_id)
);

-- What `prune` looks for.
create index inbox_seen on {s}.inbox (consumer, seen_at);

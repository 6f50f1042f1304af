-- Schema version 3: the code that wrote runs. `schema.sql` has the other tables.

-- What each build's flows look like, so that a later build can tell whether it can go on with their runs. A row is written
-- when code first writes to the file, and stays.
create table prose_code (
    fingerprint text    primary key,                   -- 16 hexadecimal digits, as in prose_runs and prose_commits
    flow        text    not null,                      -- #[flow(name = "..")]
    shape       text    not null,                      -- JSON: the points, and the variables with their types
    kept_at     integer not null
) strict;

-- Schema version 6: indices whose conditions cost nothing. `schema.sql` has the tables.
--
-- For each row that is written SQLite asks whether it belongs into them. `status in ('completed', 'failed', 'cancelled')` is a list of three, for
-- which it would make a table and throw it away.

-- What engines claim, flow by flow, in the order in which it became due. What is claimed, blocked or ended has no `wake_at`. Processes of version 5
-- that have the file open ask for `status in (..)` as well, and name this index: so nothing may stand here that their words do not say.
drop index prose_runs_due;
create index prose_runs_due on prose_runs (flow, wake_at)
where owner is null and parent is null and wake_at is not null;

-- What `prune` looks for: a tree goes as a whole, with its root. Only those who ask in these words find it; others read all runs.
drop index prose_runs_ended;
create index prose_runs_ended on prose_runs (updated_at)
where parent is null and (status = 'completed' or status = 'failed' or status = 'cancelled');

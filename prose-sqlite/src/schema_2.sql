-- Schema version 2: steps in loops, and compensation. `schema.sql` has the tables.

-- At which iteration of each loop around it the step stands: JSON, [2,0] is the third of the outer loop and the first of the
-- inner one. Null outside of loops.
alter table prose_commits add column iterations text;

-- What can be undone of the steps that were completed: JSON, a list of { step, at, outputs: { variable: value } }.
alter table prose_commits add column compensable text;

-- What a commit says of the undoing. JSON: { begun: how the run will end }, then { undone: { step, at, error } } for each step.
alter table prose_commits add column undoing text;

-- Since when the run undoes what it has done (the status says `compensating` until that is over). Its end is final.
alter table prose_runs add column compensating_since integer;

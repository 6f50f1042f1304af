//! A schema of an older version, with runs in it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::sync::Arc;

use common::Schema;
use prose::store::queue::{ClaimDue, Fit, Fits};
use prose::store::{Phase, Position};
use prose::{Status, Store};
use prose_store_tests::new_run;

/// As version 2 has left it: idle runs that were executed by hand, one of them folded, and one that has ended.
const RUNS: &str = r#"
    create table {s}.schema_version (version bigint not null, migrated_at timestamptz not null default clock_timestamp());
    insert into {s}.schema_version (version) values (2);
    insert into {s}.runs (key, namespace, run_id, uid, flow, version, fingerprint, status, epoch, created_at, updated_at)
    select sha256(convert_to(E'\x01/' || run_id, 'UTF8')), '', run_id, 'uid', 'process-order', 1, '0000000000000007', status, 1, now(), now()
    from (values ('idle', 'running'), ('folded', 'running'), ('done', 'completed')) as run (run_id, status);
    insert into {s}.details (run, correlation_id, input) select run, 'corr', '1' from {s}.runs;
    insert into {s}.commits (run, seq, epoch, at) select run, 3, 1, now() from {s}.runs;
    insert into {s}.snapshots (run, seq, folded) select run, 3,
        '{"seq":3,"position":{"step":"charge","phase":"done","at":[1]},"state":{"x":"\u0000"},"completed":[],"ending":null,"fingerprint":18446744073709551615}'
    from {s}.runs"#;

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_an_older_version_are_due_and_stand_where_they_stood() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let pool = schema.pool(1);
    let steps = [include_str!("../src/schema.sql"), include_str!("../src/schema_outbox.sql"), RUNS];
    let text = format!("create schema {{s}}; {}", steps.join(";\n")).replace("{s}", &schema.name);
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&pool).await.unwrap();

    let store = schema.store().await;
    let expected = Position { step: "charge".to_owned(), phase: Phase::Done, at: vec![1] };
    let position = expected.clone();
    let fits: Fits = Arc::new(move |standing| {
        assert_eq!((standing.written_by, standing.position.as_ref()), (u64::MAX, Some(&position)));
        Fit::Yes
    });
    let request = ClaimDue { flows: vec![new_run("").flow], limit: 10, blocked: true };
    let mut due = store.queue().claim_due(&request, fits).await.unwrap().runs;
    due.sort_by_key(|run| run.lease.key.clone());
    let found: Vec<_> = due.iter().map(|run| (run.lease.key.run_id.as_str(), run.crashes)).collect();
    assert_eq!(found, [("folded", 0), ("idle", 0)]);
    assert_eq!(due[0].state.folded.position, Some(expected));
    assert_eq!(store.load("folded").await.unwrap().unwrap().status, Status::Running);
    assert_eq!(store.load("done").await.unwrap().unwrap().status, Status::Completed);
}

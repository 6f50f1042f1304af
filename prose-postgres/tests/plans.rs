//! What an engine asks again and again reads what it needs, and not the whole table: counted by the server, with 100,000 runs.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use common::Schema;
use prose::store::queue::{ClaimDue, Fit, ListRuns};
use prose::store::{Commit, RunKey};
use prose::{Status, Store};
use prose_postgres::PostgresStore;
use prose_store_tests::new_run;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

/// Runs of twenty flows and two namespaces: most have ended, some are due, some will be, some are blocked, some are owned by an instance
/// that is gone. Each with a commit.
const FILL: &str = "
    insert into runs (key, namespace, run_id, uid, flow, version, fingerprint, status, epoch, owner, created_at, updated_at, wake_at,
        cancel_asked_at)
    select sha256(('r' || number)::bytea), case when number % 2 = 0 then '' else 'other' end, 'r' || number, 'u' || number,
        'flow-' || number % 20, 1, '0000000000000007',
        case when number % 100 < 90 then 'completed' when number % 100 < 95 then 'waiting' when number % 100 < 98 then 'running'
            else 'blocked' end,
        1, null, now(), now() - interval '1 hour',
        case when number % 100 between 90 and 97 then now() + interval '1 hour' end,
        case when number % 100 between 90 and 97 and number % 1000 < 100 then now() end
    from generate_series(1, 100000) as number;
    insert into commits (run, seq, epoch, at, point, phase) select run, 1, 1, now(), 'first', 'entered' from runs;
    insert into details (run, correlation_id, input) select run, 'c', '1' from runs;
    analyze";

/// What the server has read of the tables of runs and commits: scans of a whole table, and rows by index.
async fn read_so_far(schema: &Schema) -> (i64, i64) {
    let pool = schema.pool(1);
    let ask = "select coalesce(sum(seq_scan), 0)::int8, coalesce(sum(idx_tup_fetch), 0)::int8 from pg_stat_user_tables \
        where schemaname = $1 and relname in ('runs', 'commits', 'details')";
    sqlx::query_as(ask).bind(&schema.name).fetch_one(&pool).await.unwrap()
}

/// Opens a store, lets it do something, and closes it: the server counts for good when a connection ends.
async fn reads<F: Future<Output = ()>>(schema: &Schema, what: &str, most: i64, doing: impl FnOnce(PostgresStore) -> F) {
    let before = read_so_far(schema).await;
    let name = prose_test_servers::unique("plans");
    let options = PgConnectOptions::from_str(&schema.url).unwrap().application_name(&name);
    let builder = PostgresStore::builder(options.to_url_lossy().to_string()).schema(&schema.name);
    let store = builder.max_connections(4).connect().await.unwrap();
    doing(store).await;
    let pool = schema.pool(1);
    loop {
        let ask = "select count(*) from pg_stat_activity where application_name = $1";
        let open: i64 = sqlx::query_scalar(ask).bind(&name).fetch_one(&pool).await.unwrap();
        if open == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let after = read_so_far(schema).await;
    assert_eq!(after.0 - before.0, 0, "{what} goes through a whole table");
    assert!(after.1 - before.1 <= most, "{what} reads {} rows", after.1 - before.1);
}

fn flows() -> Vec<String> {
    (0..20).map(|number| format!("flow-{number}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_often_reads_little() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    drop(schema.store().await);
    sqlx::raw_sql(FILL).execute(&schema.pool(1)).await.unwrap();

    let asking = |blocked| ClaimDue { flows: flows(), limit: 10, blocked };
    reads(&schema, "claiming where nothing is due", 200, async |store| {
        for _ in 0..3 {
            let due = store.queue().claim_due(&asking(false), Arc::new(|_| Fit::Yes)).await.unwrap();
            assert!(due.runs.is_empty() && due.next.is_some());
        }
    })
    .await;
    reads(&schema, "recovering where nobody is dead", 20, async |store| {
        assert_eq!(store.queue().recover().await.unwrap(), 0);
    })
    .await;
    reads(&schema, "asking who is to end", 20, async |store| {
        assert_eq!(store.queue().asked_to_cancel().await.unwrap(), []);
    })
    .await;
    reads(&schema, "asking which have ended", 100, async |store| {
        let keys: Vec<_> = (0..50).map(|number| RunKey::new(format!("r{number}"))).collect();
        store.queue().ended(&keys).await.unwrap();
    })
    .await;
    for flow in [None, Some("flow-4".to_owned())] {
        // No run is `compensating`.
        let statuses = [Status::Running, Status::Completed, Status::Waiting, Status::Compensating].map(Some);
        for status in [None].into_iter().chain(statuses) {
            let request =
                ListRuns { flow: flow.clone(), status, limit: 5, behind: Some(50_000), ..ListRuns::default() };
            reads(&schema, &format!("listing {flow:?} {status:?}"), 1_500, async |store| {
                assert!(store.queue().list(&request).await.unwrap().len() <= 5);
            })
            .await;
        }
    }
    let request = ListRuns { status: Some(Status::Cancelling), limit: 5, ..ListRuns::default() };
    reads(&schema, "listing what is to end", 12_000, async |store| {
        assert_eq!(store.queue().list(&request).await.unwrap().len(), 5);
    })
    .await;
    reads(&schema, "a step's commit", 60, async |store| {
        let lease = store.create(&new_run("a"), Commit::empty(1)).await.unwrap();
        for seq in 2..=10 {
            store.commit(&lease, Commit::empty(seq)).await.unwrap();
        }
    })
    .await;
    reads(&schema, "pruning where nothing is old", 20, async |store| {
        assert_eq!(store.prune(Duration::from_secs(7_200)).await.unwrap(), 0);
    })
    .await;
    // By an index as well: it may be counted late.
    let due = "set enable_seqscan = off; \
        update runs set wake_at = now() - interval '1 minute' where flow = 'flow-16' and status = 'running'";
    sqlx::raw_sql(due).execute(&schema.pool(1)).await.unwrap();
    reads(&schema, "claiming ten of many", 400, async |store| {
        let due = store.queue().claim_due(&asking(false), Arc::new(|_| Fit::Yes)).await.unwrap();
        assert_eq!(due.runs.len(), 10);
        due.runs.iter().for_each(|run| store.release(&run.lease));
        store.queue().released().await.unwrap();
    })
    .await;
}

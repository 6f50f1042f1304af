//! What an engine asks again and again reads what it needs, and not the whole table: counted by the server, with 100,000 runs.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::Schema;
use prose::store::queue::{Asked, ClaimDue, Fit, ListRuns, Submitted};
use prose::store::{Claim, ClaimRequest, Commit, Ending, NewRun, RunKey};
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

/// As many runs of other flows that are executed, with a commit each. Without an `analyze`, behind which the server would plan anew.
const MORE: &str = "
    insert into runs (key, namespace, run_id, uid, flow, version, fingerprint, status, epoch, owner, created_at, updated_at)
    select sha256(('r' || number)::bytea), '', 'r' || number, 'u' || number, 'flow-' || number % 20, 1, '0000000000000007',
        case when number % 100 < 50 then 'completed' else 'running' end, 1, 'somebody', now(), now()
    from generate_series(1, 20000) as number;
    insert into details (run, correlation_id, input) select run, 'c', '1' from runs where owner = 'somebody';
    insert into commits (run, seq, epoch, at, point, phase)
    select run, seq, 1, now(), 'first', 'entered' from runs cross join generate_series(1, 3) seq where owner = 'somebody'";

/// What the server has read of the tables of runs and commits: scans of a whole table, and rows by index.
async fn read_so_far(schema: &Schema) -> (i64, i64) {
    let pool = schema.pool(1);
    let ask = "select coalesce(sum(seq_scan), 0)::int8, coalesce(sum(idx_tup_fetch), 0)::int8 from pg_stat_user_tables \
        where schemaname = $1 and relname in ('runs', 'commits', 'details')";
    sqlx::query_as(ask).bind(&schema.name).fetch_one(&pool).await.unwrap()
}

/// A store, and the name by which the server knows its connections: a pool of one, and two lines.
async fn named_store(schema: &Schema) -> (PostgresStore, String) {
    let name = prose_test_servers::unique("plans");
    let options = PgConnectOptions::from_str(&schema.url).unwrap().application_name(&name);
    let builder = PostgresStore::builder(options.to_url_lossy().to_string()).schema(&schema.name);
    (builder.max_connections(4).connect().await.unwrap(), name)
}

/// Opens a store, lets it do something, and closes it.
async fn reads<F: Future<Output = ()>>(schema: &Schema, what: &str, most: i64, doing: impl FnOnce(PostgresStore) -> F) {
    let before = read_so_far(schema).await;
    let (store, name) = named_store(schema).await;
    doing(store).await;
    read_no_more(schema, before, &name, what, most).await;
}

/// Waits until the connections of that name have ended: the server counts for good then.
async fn read_no_more(schema: &Schema, before: (i64, i64), name: &str, what: &str, most: i64) {
    let pool = schema.pool(1);
    loop {
        let ask = "select count(*) from pg_stat_activity where application_name = $1";
        let open: i64 = sqlx::query_scalar(ask).bind(name).fetch_one(&pool).await.unwrap();
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

/// What a flow's run needs from its submission to its end.
async fn one_run(store: &PostgresStore, run_id: &str) {
    let run = NewRun { flow: "mine".to_owned(), ..new_run(run_id) };
    assert_eq!(store.queue().submit(&run).await.unwrap(), Submitted::New);
    assert!(matches!(store.queue().submit(&run).await.unwrap(), Submitted::Exists { .. }));
    let asking = ClaimDue { flows: vec!["mine".to_owned(), "none".to_owned()], limit: 10, blocked: true };
    let mut due = store.queue().claim_due(&asking, Arc::new(|_| Fit::Yes)).await.unwrap();
    let lease = due.runs.pop().unwrap().lease;
    assert!(due.runs.is_empty());
    store.commit(&lease, Commit::empty(2)).await.unwrap();
    let waiting = Ending::Waiting { until: Some(SystemTime::UNIX_EPOCH), signal: Some("s".to_owned()), children: 0 };
    store.commit(&lease, Commit { ending: Some(waiting), ..Commit::empty(3) }).await.unwrap();
    let request = ClaimRequest { key: lease.key.clone(), flow: run.flow.clone(), restart_failed: false };
    let Claim::Claimed(claimed) = store.claim(&request).await.unwrap() else { panic!("it is free") };
    let reclaimed = store.reclaim(&claimed.lease, 5).await.unwrap();
    let failed = Ending::Failed { step: None, error: "no".to_owned() };
    let end = Commit { ending: Some(failed), ..Commit::empty(reclaimed.seq + 1) };
    store.commit(&reclaimed.lease, end).await.unwrap();
    let keys = [lease.key];
    assert_eq!(store.queue().ended(&keys).await.unwrap(), keys);
    assert_eq!(store.load(run_id).await.unwrap().unwrap().status, Status::Failed);
    assert_eq!(store.queue().cancel(&keys[0]).await.unwrap(), Asked::Status(Status::Failed));
}

/// The server keeps the plans that it has made for a connection, and the tables are empty, or nearly so, when the first processes start.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_planned_when_little_was_there_reads_little_when_much_is_there() {
    const RUNS: i64 = 40;
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    drop(schema.store().await);
    for there in [0, 10, 60] {
        let (first, _) = named_store(&schema).await;
        for number in 0..there {
            one_run(&first, &format!("{there}-{number}")).await;
        }
        let (store, name) = named_store(&schema).await;
        for number in 0..5 {
            one_run(&store, &format!("{there}-before-{number}")).await;
        }
        let pool = schema.pool(1);
        sqlx::raw_sql(MORE).execute(&pool).await.unwrap();
        pool.close().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let before = read_so_far(&schema).await;
        for number in 0..RUNS {
            one_run(&store, &format!("{there}-behind-{number}")).await;
        }
        drop((first, store));
        let what = format!("a run's way, planned when {there} were there,");
        read_no_more(&schema, before, &name, &what, RUNS * 150).await;
        sqlx::raw_sql("truncate runs, commits, details, snapshots, signals").execute(&schema.pool(1)).await.unwrap();
    }
}

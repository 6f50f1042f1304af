//! A process that is stopped past its lease, while another one takes its run over, commits no transaction when it wakes.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]
#![cfg(unix)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Schema, orders};
use prose::{Ctx, Error, flow};
use prose_postgres::PostgresDatabase;
use prose_store_tests::process::{Other, Signal, listen, part, say};

const LEASE: Duration = Duration::from_millis(1_500);

struct Deps {
    db: PostgresDatabase,
    /// Called between the body's two statements, and behind them.
    inside: fn(),
    behind: fn(),
    name: &'static str,
}

/// What a body does, whatever the level.
async fn body(ctx: &Ctx<Deps>, sql: &mut sqlx::PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select count(*) from orders").execute(&mut *sql).await?;
    (ctx.deps.inside)();
    sqlx::query("insert into orders values ($1)").bind(ctx.deps.name).execute(sql).await?;
    (ctx.deps.behind)();
    Ok(())
}

#[flow]
async fn weak(ctx: Ctx<Deps>, _input: ()) -> Result<(), sqlx::Error> {
    #[transaction(tx = ctx.deps.db, isolation = "read committed")]
    'insert: {
        body(&ctx, tx).await?;
    }
    Ok(())
}

#[flow]
async fn strong(ctx: Ctx<Deps>, _input: ()) -> Result<(), sqlx::Error> {
    #[transaction(tx = ctx.deps.db, isolation = "repeatable read")]
    'insert: {
        body(&ctx, tx).await?;
    }
    Ok(())
}

/// Says where it is, and goes on when it is told to: it is stopped while it waits.
fn meet() {
    say("here");
    listen();
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((part, place)) = part() else { return };
    let [url, name, place] = place.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let schema = std::mem::ManuallyDrop::new(Schema { url: url.to_owned(), name: name.to_owned() });
        let store = schema.builder().lease(LEASE).connect().await.unwrap();
        let db = PostgresDatabase::new(schema.pool(2));
        let (inside, behind): (fn(), fn()) = if place == "inside" { (meet, || {}) } else { (|| {}, meet) };
        let deps = Arc::new(Deps { db, inside, behind, name: "stopped" });
        let ended = match part == "strong" {
            true => strong(()).deps(deps).durable(&store, "a").await,
            false => weak(()).deps(deps).durable(&store, "a").await,
        };
        say(match ended {
            Ok(()) => "committed",
            Err(Error::Fenced { .. }) => "fenced",
            Err(_) => "failed",
        });
    });
}

async fn a_stopped_process_commits_nothing(level: &str, place: &str, watched: bool) {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.builder().lease(LEASE).connect().await.unwrap();
    let db = schema.database().await;
    if !watched {
        never_idle_too_long(&db).await;
    }
    let mut other = Other::plays(level, format!("{} {} {place}", schema.url, schema.name));
    other.expect("here");
    other.signal(Signal::STOP);
    let deps = Arc::new(Deps { db: db.clone(), inside: || {}, behind: || {}, name: "other" });
    let taking = async {
        match level {
            "strong" => strong(()).deps(deps).durable(&store, "a").await,
            _ => weak(()).deps(deps).durable(&store, "a").await,
        }
    };
    tokio::time::timeout(Duration::from_secs(60), taking).await.expect("the lease is over").unwrap();
    other.signal(Signal::CONT);
    other.tell("go on");
    let said = other.heard().unwrap();
    if watched {
        assert_ne!(said, "committed");
    } else {
        assert_eq!(said, "fenced");
    }
    assert_eq!(orders(&db).await, ["other"]);
}

/// Lets transactions do nothing for long, whatever they were told: a view in place of the table takes it back. So the fence alone keeps
/// the stopped one from being committed.
async fn never_idle_too_long(db: &PostgresDatabase) {
    let sql = "alter table orders rename to kept;
        create function patient() returns setof kept language plpgsql as $$
            begin
                perform set_config('idle_in_transaction_session_timeout', '0', true);
                return query select * from kept;
            end $$;
        create view orders as select * from patient();
        create function put() returns trigger language plpgsql as $$
            begin
                perform set_config('idle_in_transaction_session_timeout', '0', true);
                insert into kept values (new.id);
                return new;
            end $$;
        create trigger put instead of insert on orders for each row execute function put()";
    sqlx::raw_sql(sql).execute(db.pool()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn under_read_committed_stopped_in_front_of_the_record() {
    a_stopped_process_commits_nothing("weak", "behind", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_repeatable_read_stopped_in_front_of_the_record() {
    a_stopped_process_commits_nothing("strong", "behind", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_read_committed_stopped_in_the_body() {
    a_stopped_process_commits_nothing("weak", "inside", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_repeatable_read_stopped_in_the_body() {
    a_stopped_process_commits_nothing("strong", "inside", false).await;
}

/// As it is in production: the server has ended the stopped process's transaction before the lease was over.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_ends_the_transaction_of_a_stopped_process() {
    a_stopped_process_commits_nothing("weak", "behind", true).await;
    a_stopped_process_commits_nothing("strong", "inside", true).await;
}

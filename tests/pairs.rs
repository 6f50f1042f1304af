//! The README's table of pairs: for each store and each database, how a transaction is kept from running twice, and that it is.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test that called it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use prose::store::{Claim, ClaimRequest, Commit, NewRun, RunKey};
use prose::{Beginning, Begun, Ctx, Database, DatabaseError, Json, MemoryStore, Record, Store, TransactionStep, flow};
use prose_postgres::{PostgresDatabase, PostgresStore};
use prose_sqlite::{SqliteDatabase, SqliteStore};
use prose_test_servers::unique;
use sqlx::{AssertSqlSafe, PgPool};

/// How a pair keeps its promise.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    OneCommit,
    Receipt,
}

/// Writes a row of the application.
trait Rows: Database + Clone + 'static {
    async fn insert(tx: &mut Self::Tx) -> Result<(), sqlx::Error>;
    async fn count(&self) -> i64;
}

impl Rows for SqliteDatabase {
    async fn insert(tx: &mut Self::Tx) -> Result<(), sqlx::Error> {
        sqlx::query("insert into orders values ('o1')").execute(&mut **tx).await.map(drop)
    }
    async fn count(&self) -> i64 {
        sqlx::query_scalar("select count(*) from orders").fetch_one(self.pool()).await.unwrap()
    }
}

impl Rows for PostgresDatabase {
    async fn insert(tx: &mut Self::Tx) -> Result<(), sqlx::Error> {
        sqlx::query("insert into orders values ('o1')").execute(&mut **tx).await.map(drop)
    }
    async fn count(&self) -> i64 {
        sqlx::query_scalar("select count(*) from orders").fetch_one(self.pool()).await.unwrap()
    }
}

/// What the flow's transaction does around its body, twice: as if the process had died right behind the first COMMIT.
async fn is_kept<D: Rows>(store: &dyn Store, db: &D, way: Way) {
    let (before, uid) = (db.count().await, unique("uid"));
    let run = NewRun {
        key: RunKey::new(unique("run")),
        uid: uid.clone(),
        flow: "order".to_owned(),
        version: 1,
        fingerprint: 1,
        input: Json::parse("1".to_owned()).unwrap(),
        correlation_id: String::new(),
        created_at: std::time::SystemTime::now(),
        parent: None,
    };
    let lease = store.create(&run, Commit::empty(1)).await.unwrap();
    let beginning = || Beginning { step: Some(TransactionStep { store, uid: &uid, name: "persist" }), isolation: None };
    let given = Json::parse(r#"{"order":1}"#.to_owned()).unwrap();
    let record_by = |begun| match begun {
        Begun::Open(open) => (open, Way::OneCommit),
        Begun::WithReceipt(open) => (open, Way::Receipt),
        Begun::Done(_) => panic!("nothing is done yet"),
    };
    let commit = Commit::empty(2);
    let (mut open, found) = record_by(db.begin(beginning()).await.unwrap());
    assert_eq!(found, way);
    D::insert(D::tx(&mut open)).await.unwrap();
    let record = match way {
        Way::OneCommit => Record::Commit { lease: &lease, commit: &commit },
        Way::Receipt => Record::Receipt(&given),
    };
    db.commit(open, Some(record)).await.unwrap();
    assert_eq!(db.count().await, before + 1);

    // The next execution: it finds that it is done. The last one's lease is worth nothing.
    store.release(&lease);
    let request = ClaimRequest { key: run.key.clone(), flow: run.flow.clone(), restart_failed: false };
    let Claim::Claimed(next) = store.claim(&request).await.unwrap() else { panic!("it was given back") };
    match way {
        Way::OneCommit => {
            assert_eq!(next.state.folded.seq, 3, "the record is in the run's log");
            let (mut open, _) = record_by(db.begin(beginning()).await.unwrap());
            D::insert(D::tx(&mut open)).await.unwrap();
            let late = db.commit(open, Some(Record::Commit { lease: &lease, commit: &Commit::empty(4) })).await;
            assert!(matches!(late, Err(DatabaseError::Fenced)), "{late:?}");
        }
        Way::Receipt => match db.begin(beginning()).await.unwrap() {
            Begun::Done(found) => assert_eq!(found, given),
            _ => panic!("the receipt says that it is done"),
        },
    }
    assert_eq!(db.count().await, before + 1);
}

struct Deps<D> {
    db: D,
    bodies: AtomicU32,
}

#[flow]
async fn on_sqlite(ctx: Ctx<Deps<SqliteDatabase>>, _input: ()) -> Result<u32, sqlx::Error> {
    #[transaction(tx = ctx.deps.db)]
    let body: u32 = {
        SqliteDatabase::insert(tx).await?;
        ctx.deps.bodies.fetch_add(1, Ordering::SeqCst) + 1
    };
    Ok(body)
}

#[flow]
async fn on_postgres(ctx: Ctx<Deps<PostgresDatabase>>, _input: ()) -> Result<u32, sqlx::Error> {
    #[transaction(tx = ctx.deps.db)]
    let body: u32 = {
        PostgresDatabase::insert(tx).await?;
        ctx.deps.bodies.fetch_add(1, Ordering::SeqCst) + 1
    };
    Ok(body)
}

/// All stores and databases, in places of their own.
struct Places {
    folder: tempfile::TempDir,
    url: String,
    schemas: [String; 2],
    admin: PgPool,
}

impl Places {
    async fn new() -> Option<Self> {
        let url = prose_test_servers::postgres()?.url().to_owned();
        let admin = PgPool::connect(&url).await.unwrap();
        let schemas = [unique("pairs"), unique("pairs")];
        for schema in &schemas {
            let tables = format!("create schema {schema}; create table {schema}.orders (id text)");
            sqlx::raw_sql(AssertSqlSafe(tables)).execute(&admin).await.unwrap();
        }
        Some(Self { folder: tempfile::tempdir().unwrap(), url, schemas, admin })
    }

    async fn sqlite(&self, file: &str) -> SqliteDatabase {
        let db = SqliteDatabase::open(self.folder.path().join(file)).await.unwrap();
        sqlx::query("create table if not exists orders (id text)").execute(db.pool()).await.unwrap();
        db
    }

    fn postgres(&self, schema: usize) -> PostgresDatabase {
        let schema = &self.schemas[schema];
        let options: sqlx::postgres::PgConnectOptions = self.url.parse().unwrap();
        let pool = PgPool::connect_lazy_with(options.options([("search_path", schema)]));
        PostgresDatabase::new(pool).schema(schema).unwrap()
    }

    async fn postgres_store(&self, schema: usize) -> PostgresStore {
        PostgresStore::builder(&self.url).schema(&self.schemas[schema]).connect().await.unwrap()
    }

    async fn clear(self) {
        for schema in &self.schemas {
            sqlx::raw_sql(AssertSqlSafe(format!("drop schema {schema} cascade"))).execute(&self.admin).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_pair_keeps_a_transaction_from_running_twice() {
    let Some(places) = Places::new().await else { return };
    let file = SqliteStore::open(places.folder.path().join("shop.db")).await.unwrap();
    let other_file = SqliteStore::open(places.folder.path().join("runs.db")).await.unwrap();
    let (sqlite, postgres) = (places.sqlite("shop.db").await, places.postgres(0));
    let server = places.postgres_store(0).await;
    let stores: [(&dyn Store, Way, Way); 4] = [
        (&MemoryStore::new(), Way::Receipt, Way::Receipt),
        (&file, Way::OneCommit, Way::Receipt),
        (&other_file, Way::Receipt, Way::Receipt),
        (&server, Way::Receipt, Way::OneCommit),
    ];
    for (store, with_sqlite, with_postgres) in stores {
        is_kept(store, &sqlite, with_sqlite).await;
        is_kept(store, &postgres, with_postgres).await;
    }
    // As flows do it, and without a store.
    let (on_one, on_other) =
        (Deps { db: sqlite, bodies: AtomicU32::new(0) }, Deps { db: postgres, bodies: AtomicU32::new(0) });
    let (on_one, on_other) = (Arc::new(on_one), Arc::new(on_other));
    assert_eq!(on_sqlite(()).deps(on_one.clone()).durable(&server, "a").await.unwrap(), 1);
    assert_eq!(on_sqlite(()).deps(on_one.clone()).durable(&server, "a").await.unwrap(), 1);
    assert_eq!(on_sqlite(()).deps(on_one.clone()).await.unwrap(), 2);
    assert_eq!(on_postgres(()).deps(on_other.clone()).durable(&file, "a2").await.unwrap(), 1);
    assert_eq!(on_postgres(()).deps(on_other.clone()).durable(&file, "a2").await.unwrap(), 1);
    assert_eq!(on_postgres(()).deps(on_other.clone()).await.unwrap(), 2);
    places.clear().await;
}

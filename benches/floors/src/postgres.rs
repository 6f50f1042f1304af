//! Bare inserts into a Postgres, by tokio-postgres.

use std::sync::Arc;

use bench_protocol::{Args, setting};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::{Client, NoTls, Statement};

use crate::Result;
use crate::callers;
use crate::grouped::answer;
use crate::record::Record;
use crate::sqlite::spread;

const INSERT: &str = "insert into steps (run, seq, data) values ($1, $2, $3)";
const INSERT_ALL: &str =
    "insert into steps (run, seq, data) select * from unnest($1::bigint[], $2::bigint[], $3::text[])";

/// More connections than this only wait for one another on two cores.
const CONNECTIONS: usize = 32;

/// Lines to the server: while one waits for its sync, the other is filled.
const LINES: usize = 2;

const MOST: usize = 4_096;

/// Each by a transaction of its own. Several callers of a connection take turns.
pub(crate) async fn steps(args: &Args) -> Result<()> {
    let clients = prepare_for_each(args).await?;
    let mut ready = Vec::new();
    for client in clients {
        let insert = client.prepare(INSERT).await?;
        ready.push(Arc::new(Mutex::new((client, insert))));
    }
    let ready = Arc::new(ready);
    callers::run(args, move |record| {
        let ready = Arc::clone(&ready);
        async move {
            let one = ready[record.run as usize % ready.len()].lock().await;
            one.0.execute(&one.1, &[&record.run, &record.seq, &record.data]).await?;
            Ok(())
        }
    })
    .await
}

/// All that waits by one statement.
pub(crate) async fn batched_steps(args: &Args) -> Result<()> {
    let (sender, receiver) = mpsc::channel(MOST);
    let receiver = Arc::new(Mutex::new(receiver));
    setting(&format!("{LINES} connections"));
    for client in prepare(args, LINES).await? {
        tokio::spawn(serve(client, Arc::clone(&receiver)));
    }
    callers::run(&spread(args), move |record| {
        let sender = sender.clone();
        async move {
            let (done, durable) = oneshot::channel();
            sender.send((record, done)).await?;
            Ok(durable.await?)
        }
    })
    .await
}

type Waiting = (Record, oneshot::Sender<()>);

async fn serve(client: Client, waiting: Arc<Mutex<mpsc::Receiver<Waiting>>>) -> Result<()> {
    let insert = client.prepare(INSERT_ALL).await?;
    let mut batch = Vec::new();
    while waiting.lock().await.recv_many(&mut batch, MOST).await > 0 {
        let (mut runs, mut seqs, mut data, mut replies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (record, done) in batch.drain(..) {
            runs.push(record.run);
            seqs.push(record.seq);
            data.push(record.data);
            replies.push(done);
        }
        client.execute(&insert, &[&runs, &seqs, &data]).await?;
        replies.into_iter().for_each(answer);
    }
    Ok(())
}

/// Read, write and record, in one transaction each.
pub(crate) async fn transactions(args: &Args) -> Result<()> {
    let clients = prepare_for_each(args).await?;
    clients[0].batch_execute("create table counter (n bigint not null); insert into counter values (0)").await?;
    let mut counters = Vec::new();
    for client in clients {
        counters.push(Arc::new(Mutex::new(Counter::new(client).await?)));
    }
    let counters = Arc::new(counters);
    let of_all = Arc::clone(&counters);
    callers::run(args, move |record| {
        let counter = Arc::clone(&of_all[record.run as usize % of_all.len()]);
        async move { counter.lock().await.raise(&record).await }
    })
    .await?;
    let counted: i64 = counters[0].lock().await.client.query_one("select n from counter", &[]).await?.get(0);
    args.assert_counted(usize::try_from(counted)?);
    Ok(())
}

/// A connection, and what it says.
struct Counter {
    client: Client,
    read: Statement,
    write: Statement,
    insert: Statement,
}

impl Counter {
    async fn new(client: Client) -> Result<Self> {
        let read = client.prepare("select n from counter for update").await?;
        let write = client.prepare("update counter set n = $1").await?;
        let insert = client.prepare(INSERT).await?;
        Ok(Self { client, read, write, insert })
    }

    async fn raise(&mut self, record: &Record) -> Result<()> {
        let tx = self.client.transaction().await?;
        let n: i64 = tx.query_one(&self.read, &[]).await?.get(0);
        tx.execute(&self.write, &[&(n + 1)]).await?;
        tx.execute(&self.insert, &[&record.run, &record.seq, &record.data]).await?;
        Ok(tx.commit().await?)
    }
}

async fn prepare_for_each(args: &Args) -> Result<Vec<Client>> {
    setting(&format!("as many connections as runs at once, at most {CONNECTIONS}"));
    prepare(args, args.concurrency.min(CONNECTIONS)).await
}

async fn prepare(args: &Args, connections: usize) -> Result<Vec<Client>> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let (client, connection) = tokio_postgres::connect(args.database()?, NoTls).await?;
        tokio::spawn(connection);
        clients.push(client);
    }
    clients[0]
        .batch_execute("create table steps (run bigint not null, seq bigint not null, data text not null)")
        .await?;
    if args.work == "indexed" {
        clients[0].batch_execute("create unique index on steps (run, seq)").await?;
    }
    Ok(clients)
}

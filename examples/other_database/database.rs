//! A [`Database`] over tokio-postgres: what it takes to let a flow's transactions run in a library that prose has no crate for.
//!
//! The run is kept elsewhere, so a *receipt* keeps the transaction from running twice: a row in a table beside the application's own,
//! inserted as the transaction's first statement and completed as its last one.

use prose::{Beginning, Begun, Database, DatabaseError, Json, Record};
use tokio_postgres::{Client, Config, Error, NoTls};

/// A Postgres database. Each transaction has a connection of its own; an application would take one from its pool.
#[derive(Clone)]
pub(crate) struct TokioPostgres {
    config: Config,
}

/// An open transaction. Dropping it closes the connection, and the server rolls back.
pub(crate) struct Open {
    client: Client,
    /// The key of its receipt: the run's uid and the step, if it is a durable run's.
    receipt: Option<(String, String)>,
}

const RECEIPTS: &str = "create table if not exists receipts (uid text, step text, given text, primary key (uid, step))";

/// Whoever comes second waits here for the end of the first one's transaction.
const BEGIN_RECEIPT: &str = "insert into receipts (uid, step) values ($1, $2) on conflict do nothing";

impl TokioPostgres {
    /// Connects, to see that the database answers and has a table of receipts.
    pub(crate) async fn open(config: Config) -> Result<Self, Error> {
        let database = Self { config };
        database.connect().await?.batch_execute(RECEIPTS).await?;
        Ok(database)
    }

    pub(crate) async fn connect(&self) -> Result<Client, Error> {
        let (client, connection) = self.config.connect(NoTls).await?;
        // It ends with its client; what goes wrong, the client's own calls tell.
        tokio::spawn(connection);
        Ok(client)
    }

    async fn begin_receipt(client: &Client, uid: &str, step: &str) -> Result<Option<Json>, DatabaseError> {
        if client.execute(BEGIN_RECEIPT, &[&uid, &step]).await.map_err(failed)? == 1 {
            return Ok(None);
        }
        let select = "select given from receipts where uid = $1 and step = $2";
        let row = client.query_one(select, &[&uid, &step]).await.map_err(failed)?;
        // One that is committed and not complete: a body has committed by itself.
        let given: Option<String> = row.get(0);
        let given = Json::parse(given.ok_or(DatabaseError::EndedByBody)?);
        given.map(Some).map_err(|error| DatabaseError::failed(format!("the receipt of `{step}` is no JSON"), error))
    }
}

impl Database for TokioPostgres {
    type Tx = Client;
    type Open = Open;

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<Open>, DatabaseError> {
        let client = self.connect().await.map_err(failed)?;
        let level = beginning.isolation.map(|level| format!(" isolation level {}", level.as_str()));
        client.batch_execute(&format!("begin{}", level.unwrap_or_default())).await.map_err(failed)?;
        let Some(step) = beginning.step else { return Ok(Begun::Open(Open { client, receipt: None })) };
        match Self::begin_receipt(&client, step.uid, step.name).await? {
            Some(given) => Ok(Begun::Done(given)),
            None => {
                let receipt = Some((step.uid.to_owned(), step.name.to_owned()));
                Ok(Begun::WithReceipt(Open { client, receipt }))
            }
        }
    }

    fn tx(open: &mut Open) -> &mut Client {
        &mut open.client
    }

    async fn commit(&self, open: Open, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        let given = match record {
            Some(Record::Receipt(given)) => Some(given.as_str().to_owned()),
            _ => None,
        };
        // On a task of its own: whoever drops this future does not cut off the commit.
        let committed = tokio::spawn(async move { open.end(given).await }).await;
        committed.map_err(|error| DatabaseError::unknown("the commit was cut off by the end of the runtime", error))?
    }
}

impl Open {
    async fn end(self, given: Option<String>) -> Result<(), DatabaseError> {
        if let (Some((uid, step)), Some(given)) = (&self.receipt, given) {
            let complete = "update receipts set given = $3 where uid = $1 and step = $2";
            self.client.execute(complete, &[uid, step, &given]).await.map_err(failed)?;
        }
        self.client.batch_execute("commit").await.map_err(|error| match error.as_db_error() {
            Some(_) => failed(error),
            // No answer: it is committed, or it is not.
            None => DatabaseError::unknown("the connection broke while COMMIT was under way", error),
        })
    }
}

fn failed(error: Error) -> DatabaseError {
    DatabaseError::failed(format!("Postgres: {error}"), error)
}

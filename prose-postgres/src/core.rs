//! What all handles of an opened store share.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::StoreError;
use prose::store::rows::Holds;
use prose::store::{Bell, Wakes};
use sqlx::PgPool;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

use crate::create_many::Creations;
use crate::error::{refused, unavailable};
use crate::instance::{self, Instance};
use crate::link::{self, Link};
use crate::look::Looks;
use crate::names::Schema;
use crate::notices::Notices;
use crate::schema;
use crate::submit::Submission;
use crate::together::Together;
use crate::turns::Turns;
use crate::writer::{LINES, Writer};

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) link: Link,
    pub(crate) schema: Schema,
    /// The server, the database and the schema, for messages.
    pub(crate) place: String,
    /// For claims and reads.
    pub(crate) pool: PgPool,
    pub(crate) writer: Writer,
    pub(crate) looks: Looks,
    pub(crate) creations: Creations,
    pub(crate) submissions: Together<Submission>,
    pub(crate) holds: Holds,
    pub(crate) turns: Turns,
    pub(crate) instance: Instance,
    pub(crate) bell: Bell,
    pub(crate) wakes: Wakes,
    pub(crate) notices: Notices,
    /// Fingerprints of code that is known to be in the database.
    pub(crate) kept: Mutex<HashSet<u64>>,
    /// Where tasks run that outlive the call that began them.
    pub(crate) runtime: Handle,
    /// Told by whoever finds the server gone, because the instance's own connection may be gone as well; and when it is to beat otherwise.
    pub(crate) heart: Notify,
    closed: watch::Sender<bool>,
}

impl Core {
    pub(crate) async fn open(link: Link, schema: Schema, lease: Duration, most: u32) -> Result<Arc<Self>, StoreError> {
        let place = format!("{}, schema `{}`", link.place(), schema.name());
        let mut own = link.connect().await.map_err(|error| unavailable(&link.place(), error))?;
        link::check(&mut own, &link.place()).await?;
        schema::prepare(&mut own, &schema, &link.place()).await?;
        let core = Arc::new(Self {
            pool: link.pool(most.saturating_sub(LINES + 1).max(1)),
            writer: Writer::new(&schema),
            looks: Looks::new(&schema),
            creations: Creations::new(&schema),
            submissions: Together::default(),
            holds: Holds::default(),
            turns: Turns::default(),
            instance: Instance::new(lease),
            bell: Bell::default(),
            wakes: Wakes::default(),
            notices: Notices::default(),
            kept: Mutex::default(),
            runtime: Handle::current(),
            heart: Notify::new(),
            closed: watch::Sender::new(false),
            link,
            schema,
            place,
        });
        instance::start(&core, own).await.map_err(|error| unavailable(&core.place, error))?;
        Ok(core)
    }

    /// What this instance held is free at once.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Resolves when the last handle is gone.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    /// Nobody answers any more.
    pub(crate) fn gone(&self) -> StoreError {
        let place = &self.place;
        refused(format!(
            "the store on {place} is closed, or the runtime on which it was opened has ended; open it again"
        ))
    }

    pub(crate) fn unavailable(&self, error: sqlx::Error) -> StoreError {
        unavailable(&self.place, error)
    }

    /// The same for several who wait for one statement: one has the driver's error with it, the others what it says.
    pub(crate) fn unavailable_to_all(&self, error: sqlx::Error) -> impl Iterator<Item = StoreError> {
        let error = self.unavailable(error);
        let said = error.to_string();
        std::iter::once(error).chain(std::iter::repeat_with(move || refused(said.clone())))
    }
}

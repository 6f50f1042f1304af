//! What processes tell one another: that runs are due, that one was asked to end, that a signal was sent. By `NOTIFY`, behind the write and
//! never in its transaction, because all who notify wait for one another. Who misses a notice looks for itself, now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use sqlx::postgres::PgListener;

use crate::core::Core;

/// Between two notices of this store, so that many writes at once make few.
const PAUSE: Duration = Duration::from_millis(10);

/// Between two attempts to listen.
const LISTEN_AGAIN: Duration = Duration::from_millis(500);

/// Postgres cuts off the names of channels behind 63 bytes. Two schemas with one channel are told too much, no more.
const LONGEST: usize = 63;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Due,
    Cancel,
    Signal,
}

const ALL: [Notice; 3] = [Notice::Due, Notice::Cancel, Notice::Signal];

/// Somebody is sending what was told.
const SENDING: u8 = 8;

/// What is to be sent, and whether this store listens.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    told: AtomicU8,
    listens: AtomicBool,
}

impl Notice {
    fn bit(self) -> u8 {
        match self {
            Self::Due => 1,
            Self::Cancel => 2,
            Self::Signal => 4,
        }
    }

    fn of(word: &str) -> Option<Self> {
        ALL.into_iter().find(|notice| notice.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Cancel => "cancel",
            Self::Signal => "signal",
        }
    }
}

impl Core {
    /// Tells this process at once, and others a moment later. Never blocks.
    pub(crate) fn tell(self: &Arc<Self>, notice: Notice) {
        self.ring(notice);
        let before = self.notices.told.fetch_or(notice.bit() | SENDING, Ordering::SeqCst);
        if before & SENDING == 0 {
            self.runtime.spawn(Arc::clone(self).send_notices());
        }
    }

    fn ring(&self, notice: Notice) {
        match notice {
            Notice::Due => self.wakes.runs_are_due(),
            Notice::Cancel => self.wakes.cancel_is_asked(),
            Notice::Signal => self.wakes.signal_is_sent(),
        }
    }

    async fn send_notices(self: Arc<Self>) {
        let told = &self.notices.told;
        loop {
            let bits = told.fetch_and(SENDING, Ordering::SeqCst) & !SENDING;
            if bits == 0 {
                // Nothing was told meanwhile, or it is seen in the next turn.
                match told.compare_exchange(SENDING, 0, Ordering::SeqCst, Ordering::SeqCst) {
                    Ok(_) => return,
                    Err(_) => continue,
                }
            }
            let words = ALL.iter().filter(|notice| bits & notice.bit() != 0).map(|notice| notice.word());
            self.notify(&words.collect::<Vec<_>>().join(" ")).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Others need not hear what this process was told already. A notice is written nowhere, so nobody waits for the disk.
    async fn notify(&self, words: &str) {
        const NOTIFY: &str = "select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";
        let payload = format!("{} {words}", self.instance.id);
        let notifying = sqlx::query(NOTIFY).bind(self.channel()).bind(payload);
        if let Err(error) = self.link.within(notifying.execute(&self.pool)).await {
            tracing::debug!(place = self.place, %error, "other processes hear of it when they look");
        }
    }

    fn channel(&self) -> String {
        let mut channel = format!("prose.{}", self.schema.name());
        channel.truncate(channel.floor_char_boundary(LONGEST));
        channel
    }

    /// Listens to the others from now on, until the store is closed.
    pub(crate) fn listen(self: &Arc<Self>) {
        if !self.notices.listens.swap(true, Ordering::SeqCst) {
            self.runtime.spawn(Arc::clone(self).listen_until_closed());
        }
    }

    async fn listen_until_closed(self: Arc<Self>) {
        let mut closing = self.closing();
        tokio::select! {
            _closed = closing.wait_for(|closed| *closed) => {}
            () = self.keep_listening() => {}
        }
    }

    async fn keep_listening(&self) {
        loop {
            let Err(error) = self.hear().await;
            tracing::debug!(place = self.place, %error, "the connection that listens is lost, and is made again");
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    }

    /// Hears notices until the connection is lost.
    async fn hear(&self) -> Result<std::convert::Infallible, sqlx::Error> {
        let pool = self.link.pool(1);
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(&self.channel()).await?;
        // What was told before is not heard.
        ALL.iter().for_each(|notice| self.ring(*notice));
        loop {
            let Some(heard) = listener.try_recv().await? else {
                return Err(sqlx::Error::WorkerCrashed);
            };
            let mut words = heard.payload().split(' ');
            if words.next() != Some(self.instance.id.as_str()) {
                words.filter_map(Notice::of).for_each(|notice| self.ring(notice));
            }
        }
    }
}

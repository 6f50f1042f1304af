//! A way to the server that counts what needs an answer, and cuts a connection where COMMIT passes, or behind what is executed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// In front of COMMIT, which the server never sees.
    Before,
    /// Right behind it, before its answer.
    Behind,
}

/// Prime, so that what is lost is not always at the same place of what a client does.
const BETWEEN: usize = 7;

/// Passes on what clients and server say, message by message.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    server: (String, u16),
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    cuts: VecDeque<Cut>,
    /// How many answers are still to be lost, and how many statements pass before the next one is.
    losing: (usize, usize),
    asked: Vec<String>,
    serving: Option<JoinHandle<()>>,
}

impl Proxy {
    /// In front of the server that these options name.
    pub(crate) async fn before(options: &PgConnectOptions) -> Self {
        let server = (options.get_host().to_owned(), options.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), server, shared: Arc::default() };
        proxy.serve(listener);
        proxy
    }

    fn serve(&self, listener: TcpListener) {
        let proxy = self.clone();
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(proxy.clone().connect(client));
            }
        });
        self.shared().serving = Some(serving);
    }

    /// Lets nobody connect any more; who is connected stays so.
    pub(crate) async fn close(&self) {
        let serving = self.shared().serving.take().unwrap();
        serving.abort();
        let _aborted = serving.await;
    }

    pub(crate) async fn open_again(&self) {
        self.serve(TcpListener::bind(("127.0.0.1", self.port)).await.unwrap());
    }

    /// The same server by this way.
    pub(crate) fn through(&self, options: PgConnectOptions) -> PgConnectOptions {
        options.host("127.0.0.1").port(self.port).ssl_mode(PgSslMode::Disable)
    }

    /// The next COMMITs are cut so.
    pub(crate) fn cut(&self, cuts: impl IntoIterator<Item = Cut>) {
        self.shared().cuts.extend(cuts);
    }

    pub(crate) fn cuts_left(&self) -> usize {
        self.shared().cuts.len()
    }

    /// From now on the answers to so many statements are lost, a few pass in between. The server has the statement, and does it.
    pub(crate) fn lose(&self, answers: usize) {
        self.shared().losing = (answers, BETWEEN);
    }

    pub(crate) fn answers_left_to_lose(&self) -> usize {
        self.shared().losing.0
    }

    /// Whether the answer to this statement is lost.
    fn loses(&self) -> bool {
        let (left, between) = &mut self.shared().losing;
        if *left == 0 || *between > 0 {
            *between = between.saturating_sub(1);
            return false;
        }
        (*left, *between) = (*left - 1, BETWEEN);
        true
    }

    /// What needed an answer since it was asked last: the text of a simple query, or `sync`.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared().asked)
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.server.clone()).await else { return };
        // What is passed on in pieces does not wait for acknowledgements.
        server.set_nodelay(true).unwrap();
        client.set_nodelay(true).unwrap();
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let answering = tokio::spawn(answer(from_server, to_client));
        let _cut_or_closed = self.ask(from_client, to_server).await;
        answering.abort();
    }

    /// Ends where the connection is cut.
    async fn ask(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
        let length = from.read_u32().await?;
        pass(&mut from, &mut to, &length.to_be_bytes(), length).await?;
        let mut executes = false;
        loop {
            let kind = from.read_u8().await?;
            let length = from.read_u32().await?;
            let mut message = vec![kind];
            message.extend(length.to_be_bytes());
            if kind != b'Q' {
                if kind == b'S' {
                    self.shared().asked.push("sync".to_owned());
                }
                pass(&mut from, &mut to, &message, length).await?;
                executes |= kind == b'E';
                if kind == b'S' && std::mem::take(&mut executes) && self.loses() {
                    return Ok(());
                }
                continue;
            }
            let mut text = vec![0; length as usize - 4];
            from.read_exact(&mut text).await?;
            let query = String::from_utf8_lossy(&text).trim_end_matches('\0').to_owned();
            let cut = if query == "COMMIT" { self.shared().cuts.pop_front() } else { None };
            self.shared().asked.push(query);
            message.extend(text);
            if cut == Some(Cut::Before) {
                return Ok(());
            }
            to.write_all(&message).await?;
            if cut == Some(Cut::Behind) {
                return Ok(());
            }
        }
    }
}

async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let _ended = tokio::io::copy(&mut from, &mut to).await;
}

async fn pass(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, head: &[u8], length: u32) -> std::io::Result<()> {
    let mut body = vec![0; length as usize - 4];
    from.read_exact(&mut body).await?;
    to.write_all(head).await?;
    to.write_all(&body).await
}

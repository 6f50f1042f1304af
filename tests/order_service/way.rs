//! A way to a server on which nothing comes back: whoever asks there stands in the midst of a step until it is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};

use crate::harness::eventually;

pub(crate) struct Way {
    pub(crate) address: String,
    asked: Arc<AtomicUsize>,
}

impl Way {
    /// Passes on what is asked, and swallows the answers.
    pub(crate) async fn to(server: &str) -> Self {
        Self::new(Some(server.rsplit_once('/').unwrap().1.to_owned())).await
    }

    /// Ends nowhere.
    pub(crate) async fn to_nowhere() -> Self {
        Self::new(None).await
    }

    async fn new(server: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let way = Self { address: listener.local_addr().unwrap().to_string(), asked: Arc::default() };
        let asked = Arc::clone(&way.asked);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(swallow(client, server.clone()));
            }
        });
        way
    }

    /// Waits until so many connections were made.
    pub(crate) async fn is_asked(&self, times: usize) {
        eventually("somebody asks", async || self.asked.load(Ordering::SeqCst) >= times).await;
    }
}

async fn swallow(client: TcpStream, server: Option<String>) {
    let (mut from, _to) = client.into_split();
    match server {
        Some(server) => {
            let (_answers, mut to) = TcpStream::connect(server).await.unwrap().into_split();
            let _gone = tokio::io::copy(&mut from, &mut to).await;
        }
        None => {
            let _gone = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
        }
    }
}

//! Stand-ins for the payment service, the mail server and the broker: a process of their own, so that they outlive the flow's.

mod http;
pub(crate) mod memory;
mod smtp;
mod stripe;

use std::io::{self, BufRead, BufReader, Read};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use self::memory::Memory;

/// Where the stand-ins listen. They say so as one line of JSON on their stdout.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) stripe_api_base: String,
    pub(crate) smtp_url: String,
    pub(crate) events_url: String,
    pub(crate) world_url: String,
}

/// The process of the stand-ins. It ends when this is dropped, or when the process that holds this dies.
#[derive(Debug)]
pub(crate) struct StandIns {
    process: Child,
    pub(crate) addresses: Addresses,
}

impl StandIns {
    /// Starts this very program again, as the stand-ins.
    pub(crate) fn start(memory: &Path) -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("stand-ins")
            .arg("--memory")
            .arg(memory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match serde_json::from_str(&line) {
            Ok(addresses) => Ok(Self { process, addresses }),
            Err(_) => {
                process.wait()?;
                Err(io::Error::other(format!("the stand-ins did not start with {} as their memory", memory.display())))
            }
        }
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        drop(self.process.stdin.take()); // they end when their stdin does
        let _ = self.process.wait();
    }
}

/// The process itself: listens on free ports of this machine only, until its stdin ends.
pub(crate) async fn serve(memory: &Path) -> io::Result<()> {
    let doors = Doors::open().await?;
    crate::shop::output::line(&serde_json::to_string(&doors.addresses()?)?)?;
    tokio::select! {
        served = doors.serve(Arc::new(Memory::open(memory)?)) => served,
        _ = tokio::task::spawn_blocking(parent_is_gone) => Ok(()),
    }
}

/// The parent holds the other end of our stdin and never writes: it ends when the parent does, however that dies.
fn parent_is_gone() {
    let _ = io::stdin().lock().read_to_end(&mut Vec::new());
}

struct Doors {
    http: TcpListener,
    smtp: TcpListener,
}

impl Doors {
    async fn open() -> io::Result<Self> {
        let any = (Ipv4Addr::LOCALHOST, 0);
        Ok(Self { http: TcpListener::bind(any).await?, smtp: TcpListener::bind(any).await? })
    }

    fn addresses(&self) -> io::Result<Addresses> {
        let (http, smtp) = (self.http.local_addr()?, self.smtp.local_addr()?);
        Ok(Addresses {
            stripe_api_base: format!("http://{http}"),
            smtp_url: format!("smtp://{smtp}"),
            events_url: format!("http://{http}/events"),
            world_url: format!("http://{http}/world"),
        })
    }

    async fn serve(self, memory: Arc<Memory>) -> io::Result<()> {
        tokio::select! {
            served = axum::serve(self.http, http::router(memory.clone())) => served,
            served = smtp::serve(self.smtp, memory.clone()) => served,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::mail::Mailer;
    use crate::shop::payment::{PaymentError, Stripe};

    struct Open {
        addresses: Addresses,
        stripe: Stripe,
        mailer: Mailer,
        _dir: tempfile::TempDir,
    }

    async fn open() -> Open {
        let dir = tempfile::tempdir().unwrap();
        let memory = Arc::new(Memory::open(&dir.path().join("world.jsonl")).unwrap());
        let doors = Doors::open().await.unwrap();
        let addresses = doors.addresses().unwrap();
        tokio::spawn(doors.serve(memory));
        let stripe = Stripe::new(&addresses.stripe_api_base, "sk_test".to_owned()).unwrap();
        let mailer = Mailer::new(&addresses.smtp_url).unwrap();
        Open { addresses, stripe, mailer, _dir: dir }
    }

    impl Open {
        async fn world(&self) -> serde_json::Value {
            let client = crate::shop::http::client(&self.addresses.world_url).unwrap();
            client.get(&self.addresses.world_url).send().await.unwrap().json().await.unwrap()
        }
    }

    #[tokio::test]
    async fn a_charge_is_made_once_for_a_key() {
        let there = open().await;
        let first = there.stripe.charge("user_42", 118.77, "ord_1:charge_payment").await.unwrap();
        let second = there.stripe.charge("user_42", 118.77, "ord_1:charge_payment").await.unwrap();
        assert_eq!(first, second);
        let other = there.stripe.charge("user_42", 1.0, "ord_1:charge_payment").await.unwrap_err();
        assert!(matches!(other, PaymentError::Refused(_)), "{other}");
        let world = there.world().await;
        assert_eq!(world["charges"].as_array().unwrap().len(), 1);
        assert_eq!(world["charges"][0]["amount"], 11_877);
        assert_eq!(world["payment_requests"].as_array().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_declined_card_and_an_outage_are_told_apart() {
        let there = open().await;
        let declined = there.stripe.charge("user_declined", 1.0, "a").await.unwrap_err();
        assert!(matches!(declined, PaymentError::CardDeclined(_)) && !declined.is_transient(), "{declined}");
        let outage = there.stripe.charge("user_down", 1.0, "b").await.unwrap_err();
        assert!(outage.is_transient(), "{outage}");
    }

    #[tokio::test]
    async fn a_request_without_a_secret_key_is_refused_and_seen_by_nobody() {
        let there = open().await;
        let stripe = Stripe::new(&there.addresses.stripe_api_base, String::new()).unwrap();
        let refused = stripe.charge("user_42", 1.0, "a").await.unwrap_err();
        assert!(matches!(refused, PaymentError::Refused(_)), "{refused}");
        assert_eq!(there.world().await["payment_requests"].as_array().unwrap().len(), 0);
    }

    #[tokio::test]
    async fn a_mail_is_accepted_once_for_a_key() {
        let there = open().await;
        for _ in 0..2 {
            there.mailer.send_confirmation("user_42", "ord_1", "ord_1:send_confirmation").await.unwrap();
        }
        there.mailer.send_confirmation("user_42", "ord_2", "ord_2:send_confirmation").await.unwrap();
        let world = there.world().await;
        assert_eq!(world["mails_seen"].as_array().unwrap().len(), 3);
        assert_eq!(world["mails_accepted"].as_array().unwrap().len(), 2);
        assert_eq!(world["mails_accepted"][0]["key"], "ord_1:send_confirmation");
        assert_eq!(world["mails_accepted"][0]["to"][0], "user_42@customers.example");
    }
}

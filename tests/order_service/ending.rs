//! How an instance ends that is told to.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::net::TcpStream;

use crate::harness::{Addresses, Shop, eventually};
use crate::way::Way;

/// What runs may go on so long behind the first signal.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sigterm_ends_it_at_once_and_it_says_what_it_gives_back() {
    let shop = Shop::on_sqlite();
    let charge = Way::to(&shop.addresses.stripe).await;
    let stripe = format!("http://{}", charge.address);
    let mut service = shop.start_with(&Addresses { stripe, ..shop.addresses.clone() }).await;
    service.takes("stuck", 50.0).await;
    charge.is_asked(1).await;
    let began = Instant::now();
    service.signal(Signal::TERM);
    let address = service.base.trim_start_matches("http://").to_owned();
    eventually("it takes no more requests", async || TcpStream::connect(&address).await.is_err()).await;
    service.signal(Signal::TERM);
    assert_eq!(service.ended().await.code(), Some(0));
    assert!(began.elapsed() < GRACE, "{:?}", began.elapsed());
    eventually("it says so", async || service.said().contains("the engine has stopped")).await;
    let said = service.said();
    let line = |what: &str| said.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {said}"));
    let (started, stopped) = (line("the engine has started"), line("the engine has stopped"));
    assert!(started.contains(" INFO ") && started.contains("process-order"), "{started}");
    assert!(stopped.contains(" INFO ") && stopped.contains("finished=0 given_back=1"), "{stopped}");

    let other = shop.start().await;
    other.until("stuck", "completed").await;
    shop.assert_done_once("stuck").await;
}

//! What crosses: signals with time-outs and with the park, requests to cancel with the end.

use std::time::Duration;

use prose::{ControlError, Ctx, Delivery, Engine, Error, SignalError, Status, Store, flow};

use crate::support::{World, client, world};

on_each_store! {
    a_thousand_signals_at_once_are_each_taken_once
    a_signal_and_its_time_out_end_in_one_of_two_ways
    a_signal_that_is_kept_is_taken_however_often_its_time_is_over
    a_signal_and_the_park_never_miss_one_another
    a_cancel_and_the_end_agree
    a_signal_and_a_cancel_end_in_one_of_two_ways
}

/// Rounds of each race.
const ROUNDS: u64 = 100;

/// The moments of a race, spread over so long; nothing depends on where they fall.
async fn a_moment(round: u64, within: Duration) {
    tokio::time::sleep(within.mul_f64((round * 37 % ROUNDS) as f64 / ROUNDS as f64)).await;
}

#[flow(name = "collects")]
async fn collects(_ctx: Ctx, many: u32) -> Result<Vec<u32>, String> {
    let mut all = Vec::new();
    for _ in 0..many {
        #[signal]
        let number: u32;
        all.push(number);
    }
    Ok(all)
}

async fn a_thousand_signals_at_once_are_each_taken_once(store: impl Store + Clone) {
    let engine = Engine::builder(&store, ()).flow::<collects::Flow>().start().await.unwrap();
    let handle = engine.submit(collects(1_000).run_id("a")).await.unwrap();
    let senders: Vec<_> = (0..50)
        .map(|sender| {
            let engine = engine.clone();
            tokio::spawn(async move {
                for number in sender * 20..(sender + 1) * 20 {
                    let sent = collects::signals::number(&engine, "a", number).await;
                    assert_eq!(sent.unwrap(), Delivery::Kept);
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let taken = handle.await.unwrap();
    for sender in 0..50 {
        let of_it: Vec<_> = taken.iter().copied().filter(|number| number / 20 == sender).collect();
        assert_eq!(of_it, (sender * 20..(sender + 1) * 20).collect::<Vec<_>>(), "in the order in which they were sent");
    }
}

#[flow(name = "hurries")]
async fn hurries(_ctx: Ctx, turns: u32) -> Result<Option<u32>, String> {
    for _ in 0..turns {
        #[signal(timeout = "20ms")]
        let word: Option<u32>;
        if word.is_some() {
            return Ok(word);
        }
    }
    Ok(None)
}

async fn a_signal_and_its_time_out_end_in_one_of_two_ways(store: impl Store + Clone) {
    let engine = Engine::builder(&store, ()).flow::<hurries::Flow>().start().await.unwrap();
    for round in 0..ROUNDS {
        let run_id = format!("r{round}");
        let handle = engine.submit(hurries(1).run_id(&run_id)).await.unwrap();
        a_moment(round, Duration::from_millis(50)).await;
        let sent = hurries::signals::word(&engine, run_id.as_str(), 7).await;
        let taken = handle.await.unwrap();
        match sent {
            Ok(Delivery::Kept) => assert!(matches!(taken, Some(7) | None), "{taken:?}"),
            Err(SignalError::Over { status: Status::Completed, .. }) => assert_eq!(taken, None),
            other => panic!("{other:?}"),
        }
    }
}

/// The run ends by a signal only, so none may be lost between the end of one turn's time and the beginning of the next one's.
async fn a_signal_that_is_kept_is_taken_however_often_its_time_is_over(store: impl Store + Clone) {
    let engine = Engine::builder(&store, ()).flow::<hurries::Flow>().start().await.unwrap();
    for round in 0..ROUNDS {
        let run_id = format!("r{round}");
        let handle = engine.submit(hurries(u32::MAX).run_id(&run_id)).await.unwrap();
        a_moment(round, Duration::from_millis(50)).await;
        assert_eq!(hurries::signals::word(&engine, run_id.as_str(), 7).await.unwrap(), Delivery::Kept);
        assert_eq!(handle.await.unwrap(), Some(7));
    }
}

async fn a_signal_and_the_park_never_miss_one_another(store: impl Store + Clone) {
    // Nothing but the signal's own wake lets the run go on: the next look is an hour away.
    let builder = Engine::builder(&store, ()).flow::<collects::Flow>().poll_interval(Duration::from_secs(3_600));
    let engine = builder.start().await.unwrap();
    for round in 0..ROUNDS {
        let run_id = format!("r{round}");
        let handle = engine.submit(collects(2).run_id(&run_id)).await.unwrap();
        for number in [1, 2] {
            a_moment(round, Duration::from_millis(8)).await;
            let sent = collects::signals::number(&engine, run_id.as_str(), number).await;
            assert_eq!(sent.unwrap(), Delivery::Kept);
        }
        let taken = tokio::time::timeout(crate::support::LONG, handle.into_future()).await;
        assert_eq!(taken.expect("it has missed a signal").unwrap(), [1, 2]);
    }
}

#[flow(name = "brief")]
async fn brief(ctx: Ctx<World>, number: u64) -> Result<u64, String> {
    #[step(compensate = { ctx.deps.did(format!("undid {number}")); })]
    'one: {
        ctx.deps.did(format!("did {number}"));
    }
    #[step]
    let two: u64 = {
        tokio::time::sleep(Duration::from_micros(500)).await;
        number
    };
    Ok(two)
}

async fn a_cancel_and_the_end_agree(store: impl Store + Clone) {
    let world = world();
    let engine = Engine::builder(&store, world.clone()).flow::<brief::Flow>().start().await.unwrap();
    let client = client(&store).await;
    for round in 0..2 * ROUNDS {
        let run_id = format!("r{round}");
        let handle = engine.submit(brief(round).run_id(&run_id)).await.unwrap();
        a_moment(round, Duration::from_millis(10)).await;
        let asked = client.cancel(run_id.as_str()).await;
        let ended = handle.await;
        let undone = world.times(&format!("undid {round}"));
        let status = match (&asked, &ended) {
            // The request and the end may have crossed.
            (Ok(()) | Err(ControlError::Over { status: Status::Completed, .. }), Ok(two)) => {
                assert_eq!((*two, undone), (round, 0));
                Status::Completed
            }
            (Ok(()), Err(Error::Cancelled { .. })) => Status::Cancelled,
            other => panic!("{other:?}"),
        };
        let again = client.cancel(run_id.as_str()).await.unwrap_err();
        assert!(matches!(again, ControlError::Over { status: of_it, .. } if of_it == status), "{again}");
        assert!(undone <= world.times(&format!("did {round}")));
    }
}

#[flow(name = "asks")]
async fn asks(ctx: Ctx<World>, number: u64) -> Result<u64, String> {
    #[step(compensate = { ctx.deps.did(format!("undid {number}")); })]
    'one: {
        ctx.deps.did(format!("did {number}"));
    }
    #[signal]
    let answer: u64;
    Ok(answer)
}

/// Either the run has taken the signal and is completed, or it is undone and cancelled; and who has sent the signal too late is told so.
async fn a_signal_and_a_cancel_end_in_one_of_two_ways(store: impl Store + Clone) {
    let world = world();
    let engine = Engine::builder(&store, world.clone()).flow::<asks::Flow>().start().await.unwrap();
    for round in 0..ROUNDS {
        let run_id = format!("r{round}");
        let handle = engine.submit(asks(round).run_id(&run_id)).await.unwrap();
        let sends = async {
            a_moment(round, Duration::from_millis(8)).await;
            asks::signals::answer(&engine, run_id.as_str(), 7).await
        };
        let cancels = async {
            a_moment(3 * round, Duration::from_millis(8)).await;
            engine.cancel(run_id.as_str()).await
        };
        let (sent, asked) = tokio::join!(sends, cancels);
        let times = |what: &str| world.times(&format!("{what} {round}"));
        match (handle.await, sent, asked) {
            (Ok(7), Ok(Delivery::Kept), Ok(()) | Err(ControlError::Over { status: Status::Completed, .. })) => {
                assert_eq!((times("did"), times("undid")), (1, 0));
            }
            (Err(Error::Cancelled { .. }), Ok(Delivery::Kept) | Err(SignalError::Over { .. }), Ok(())) => {
                assert!(times("undid") <= times("did"));
            }
            other => panic!("{other:?}"),
        }
    }
}

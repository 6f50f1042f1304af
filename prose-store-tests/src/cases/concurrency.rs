//! Many at once, and futures that are dropped half-way.

use std::time::Duration;

use futures_util::future::{join_all, poll_immediate};
use prose::StoreError;
use prose::store::{Claim, Commit, RunKey, Write};
use tokio::task::JoinSet;

use crate::kit::*;

const CLAIMERS: usize = 200;

/// The others are told that it is held.
pub async fn of_many_claimers_one_wins(store: Shared) {
    let lease = create(&store, "a").await;
    store.release(&lease);
    let mut claimers = JoinSet::new();
    for _ in 0..CLAIMERS {
        let store = store.clone();
        claimers.spawn(async move { claim(&store, &request("a")).await });
    }
    let mut won = 0;
    for answer in claimers.join_all().await {
        match answer {
            Claim::Claimed(_) => won += 1,
            Claim::Held { epoch } => assert_eq!(epoch, 2),
            other => panic!("neither won nor held: {other:?}"),
        }
    }
    assert_eq!(won, 1);
}

/// The others are told that it exists.
pub async fn of_many_creators_one_wins(store: Shared) {
    let mut creators = JoinSet::new();
    for number in 0..CLAIMERS {
        let store = store.clone();
        creators.spawn(async move {
            let mut run = new_run("a");
            run.uid = numbered(number);
            run.input = json(&number.to_string());
            store.create(&run, writing(1, "x", json(&number.to_string()))).await
        });
    }
    let mut winner = None;
    for answer in creators.join_all().await {
        match answer {
            Ok(lease) => assert!(winner.replace(lease.uid).is_none(), "two have created the run"),
            Err(error) => assert!(matches!(error, StoreError::Exists(_)), "{error}"),
        }
    }
    let checkpoint = load(&store, "a").await;
    let value = checkpoint.state.get("x").unwrap();
    assert_eq!((checkpoint.input.as_str(), winner), (value.as_str(), Some(format!("run-{value}"))));
}

/// A lease that leaks to several tasks does not make two histories.
pub async fn of_many_writers_with_one_lease_one_wins_each_seq(store: Shared) {
    let lease = create(&store, "a").await;
    for seq in 2..10 {
        let mut writers = JoinSet::new();
        for number in 0..50 {
            let (store, lease) = (store.clone(), lease.clone());
            writers.spawn(async move {
                let written = store.commit(&lease, writing(seq, "x", json(&number.to_string()))).await;
                (number, written)
            });
        }
        let mut winner = None;
        for (number, answer) in writers.join_all().await {
            match answer {
                Ok(()) => assert!(winner.replace(number).is_none(), "two have written seq {seq}"),
                Err(error) => assert!(matches!(error, StoreError::Fenced(_)), "{error}"),
            }
        }
        let value = load(&store, "a").await.state.get("x").unwrap().decode::<usize>().unwrap();
        assert_eq!(Some(value), winner);
    }
}

/// 64 runs write 40 commits each, at once; a stale one among them fails alone.
pub async fn no_commit_of_many_runs_is_lost(store: Shared) {
    let mut writers = JoinSet::new();
    for number in 0..64 {
        let store = store.clone();
        writers.spawn(async move {
            let run_id = numbered(number);
            let lease = create(&store, &run_id).await;
            for seq in 2..=40_u64 {
                let (good, stale) = tokio::join!(
                    store.commit(&lease, writing(seq, &format!("v{seq}"), json(&seq.to_string()))),
                    store.commit(&lease, at(seq + 1_000, "far")),
                );
                good.expect("the commit is written");
                assert!(matches!(stale, Err(StoreError::Fenced(_))), "{stale:?}");
            }
            commit(&store, &lease, completed(41)).await;
        });
    }
    writers.join_all().await;
    for number in 0..64 {
        let checkpoint = load(&store, &numbered(number)).await;
        assert_eq!((checkpoint.state.len(), checkpoint.completed_steps.len()), (39, 39), "{}", checkpoint.run_id);
        assert!(checkpoint.output.is_some());
    }
}

/// Ten variables and a step: all of them, or none.
pub async fn dropped_commits_are_whole_or_not_at_all(store: Shared) {
    let mut lease = create(&store, "a").await;
    let mut seq = 1;
    for round in 0..60_u64 {
        let value = json(&format!("\"{round}\""));
        let next = Commit {
            writes: (0..10).map(|at| Write { name: numbered(at), value: value.clone() }).collect(),
            completed: vec![format!("round{round}")],
            ..at(seq + 1, "on")
        };
        let writing = store.commit(&lease, next);
        if round % 2 == 0 {
            // Polled once, and dropped.
            let _given_up = poll_immediate(writing).await;
        } else {
            let _given_up = tokio::time::timeout(Duration::from_micros(round * 10), writing).await;
        }
        // The claim comes behind the commit, if that is still on its way, or keeps it out.
        store.release(&lease);
        let again = claimed(&store, "a").await;
        let folded = &again.state.folded;
        let done = folded.completed.last().is_some_and(|last| *last == format!("round{round}"));
        assert_eq!(folded.seq, seq + 1 + u64::from(done), "round {round}");
        if done {
            assert!((0..10).all(|at| folded.state.get(&numbered(at)) == Some(&value)), "round {round}");
        } else {
            assert!((0..10).all(|at| folded.state.get(&numbered(at)) != Some(&value)), "round {round}");
        }
        seq = folded.seq;
        lease = again.lease;
    }
}

/// A run that was created by nobody any more is whole and free, or is not there.
pub async fn dropped_creations_are_whole_or_not_at_all(store: Shared) {
    let runs: Vec<_> = (0..60).map(|number| new_run(&numbered(number))).collect();
    let creations = runs.iter().enumerate().map(|(number, run)| {
        let store = store.clone();
        async move {
            let creating = store.create(run, writing(1, "x", json("1")));
            let kept = if number % 3 == 0 {
                poll_immediate(creating).await
            } else {
                tokio::time::timeout(Duration::from_micros(number as u64 * 20), creating).await.ok()
            };
            kept.map(|lease| lease.expect("the run is created"))
        }
    });
    let kept = join_all(creations).await;
    for (run, kept) in runs.iter().zip(kept) {
        if let Some(lease) = kept {
            commit(&store, &lease, completed(2)).await;
            continue;
        }
        soon("the run is there and free, or it is not there", async {
            loop {
                match claim(&store, &request_at(run.key.clone())).await {
                    Claim::Missing => return,
                    Claim::Claimed(found) => {
                        assert_eq!(found.state.folded.state.get("x").unwrap().as_str(), "1");
                        return;
                    }
                    Claim::Held { epoch } => store.changed(&RunKey::clone(&run.key), epoch).await,
                    other => panic!("{other:?}"),
                }
            }
        })
        .await;
    }
}

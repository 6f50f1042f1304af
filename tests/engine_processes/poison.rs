//! Runs that kill their process.

use std::time::Duration;

use prose::{Engine, Error, Status};

use crate::flows::{gated, poison, undone};
use crate::ground::{Ground, on_both_stores};

on_both_stores! {
    a_run_that_kills_its_process_is_failed_and_others_are_not
    a_compensation_that_kills_its_process_has_failed_and_the_others_go_on
}

const HOUR: Duration = Duration::from_secs(3_600);

/// As many as engines have by default.
const MAX_CRASHES: usize = 5;

fn a_run_that_kills_its_process_is_failed_and_others_are_not(ground: &Ground) {
    let store = ground.store();
    let client = ground.runtime.block_on(Engine::builder(&store, ()).concurrency(0).start()).unwrap();
    ground.runtime.block_on(client.submit(poison("bad".to_owned()).run_id("bad"))).unwrap();
    for n in 0..MAX_CRASHES {
        let (good, name) = (format!("good_{n}"), format!("engine_{n}"));
        ground.runtime.block_on(client.submit(gated(good.clone()).run_id(&good))).unwrap();
        let engine = ground.engine(&name, HOUR);
        ground.folder.until(&format!("bad two by {name}"));
        ground.folder.until(&format!("{good} two by {name}"));
        ground.folder.open(&name);
        // It says nothing more.
        let mut engine = engine;
        assert_eq!(engine.heard(), None);
    }

    // The next one does not execute it any more, and lives.
    let _lives = ground.engine("last", HOUR);
    ground.until_status(&store, "bad", Status::Failed);
    let bad = ground.runtime.block_on(store.load("bad")).unwrap().unwrap();
    let failed = bad.failed_step.unwrap();
    assert!(failed.error.starts_with("5 executions in a row died with their process"), "{}", failed.error);
    assert_eq!((failed.name.as_deref(), bad.completed_steps.as_slice()), (Some("two"), ["one".to_owned()].as_slice()));
    let executions =
        |step| ground.folder.ledger().iter().filter(|did| did.starts_with(&format!("bad {step} "))).count();
    assert_eq!((executions("one"), executions("two")), (1, MAX_CRASHES));

    // Those beside it have died less often in one place, and go on. The first of them was there each time, and nobody can tell it from
    // the one that kills.
    for n in 1..MAX_CRASHES {
        let good = format!("good_{n}");
        ground.folder.open(&good);
        ground.until_status(&store, &good, Status::Completed);
    }

    ground.folder.open("mended");
    ground.folder.open("last");
    ground.runtime.block_on(client.restart("bad")).unwrap();
    ground.until_status(&store, "bad", Status::Completed);
    assert_eq!((executions("one"), executions("two")), (1, MAX_CRASHES + 1));
}

fn a_compensation_that_kills_its_process_has_failed_and_the_others_go_on(ground: &Ground) {
    let store = ground.store();
    let client = ground.runtime.block_on(Engine::builder(&store, ()).concurrency(0).start()).unwrap();
    let handle = ground.runtime.block_on(client.submit(undone("bad".to_owned()).run_id("bad"))).unwrap();
    for n in 0..MAX_CRASHES {
        let name = format!("engine_{n}");
        let mut engine = ground.engine(&name, HOUR);
        ground.folder.until(&format!("bad refunding by {name}"));
        ground.folder.open(&name);
        assert_eq!(engine.heard(), None);
    }

    let _lives = ground.engine("last", HOUR);
    ground.until_status(&store, "bad", Status::Failed);
    let bad = ground.runtime.block_on(store.load("bad")).unwrap().unwrap();
    let compensation = bad.compensation.unwrap();
    let [pay] = compensation.failed.as_slice() else { panic!("{compensation:?}") };
    assert!(pay.name == "pay" && pay.error.starts_with("5 executions in a row died with their process"), "{pay:?}");
    assert_eq!((compensation.undone, bad.failed_step.unwrap().error.as_str()), (vec!["book".to_owned()], "sold out"));
    let ended = ground.runtime.block_on(handle.into_future()).unwrap_err();
    assert!(matches!(&ended, Error::NotUndone { steps, .. } if steps[0].name == "pay"), "{ended}");
    assert_eq!(ground.folder.times("bad unbooked by last"), 1);
    ground.runtime.block_on(client.restart("bad")).unwrap_err();
}

//! What a log of commits means. The fold itself is prose's; a store may keep snapshots, and must not be seen to.

use prose::store::{Commit, Phase, Write};

use crate::kit::*;

fn write(name: &str, value: &str) -> Write {
    Write { name: name.to_owned(), value: json(value) }
}

/// The state is in the order in which the variables were first written.
pub async fn later_values_win_in_their_old_place(store: Shared) {
    let first = Commit { writes: vec![write("a", "1"), write("b", "1"), write("a", "2")], ..at(1, "one") };
    let lease = create_with(&store, &new_run("a"), first).await;
    let second = Commit { writes: vec![write("c", "1"), write("b", "2"), write("a", "3")], ..at(2, "two") };
    commit(&store, &lease, second).await;
    let checkpoint = load(&store, "a").await;
    let state: Vec<_> = checkpoint.state.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(state, ["a=3", "b=2", "c=1"]);
}

/// Dropping what is not there changes nothing.
pub async fn dropped_variables_are_gone(store: Shared) {
    let first = Commit { writes: vec![write("a", "1"), write("b", "1")], ..at(1, "one") };
    let lease = create_with(&store, &new_run("a"), first).await;
    let dropping = Commit { dropped: vec!["a".to_owned(), "never".to_owned()], ..at(2, "two") };
    commit(&store, &lease, dropping).await;
    let checkpoint = load(&store, "a").await;
    assert!(checkpoint.state.get("a").is_none() && checkpoint.state.len() == 1);
    commit(&store, &lease, Commit { writes: vec![write("a", "2")], ..at(3, "three") }).await;
    let checkpoint = load(&store, "a").await;
    let state: Vec<_> = checkpoint.state.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(state, ["b=1", "a=2"]);
}

/// The drop comes first.
pub async fn a_variable_may_be_dropped_and_written_in_one_commit(store: Shared) {
    let lease = create_with(&store, &new_run("a"), Commit { writes: vec![write("a", "1")], ..at(1, "one") }).await;
    let both = Commit { dropped: vec!["a".to_owned()], writes: vec![write("a", "2")], ..at(2, "two") };
    commit(&store, &lease, both).await;
    assert_eq!(load(&store, "a").await.state.get("a").unwrap().as_str(), "2");
}

/// A step in a loop completes many times, and is listed once: where it was first.
pub async fn a_completed_step_is_listed_once_in_its_first_place(store: Shared) {
    let done = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let lease = create_with(&store, &new_run("a"), Commit { completed: done(&["z", "a"]), ..at(1, "one") }).await;
    commit(&store, &lease, at(2, "two")).await;
    commit(&store, &lease, Commit { completed: done(&["m", "a"]), ..at(3, "three") }).await;
    assert_eq!(load(&store, "a").await.completed_steps, ["z", "a", "m"]);
}

/// A commit without one leaves it; both phases come back.
pub async fn the_position_is_the_last_one_written(store: Shared) {
    let mut lease = create_with(&store, &new_run("a"), Commit::empty(1)).await;
    let mut expected = None;
    let position = |phase| Some(position("charge", phase, &[]));
    for (written, seq) in [(None, 3), (position(Phase::Entered), 5), (None, 7), (position(Phase::Done), 9), (None, 11)]
    {
        store.release(&lease);
        let again = claimed(&store, "a").await;
        assert_eq!(again.state.folded.position, expected);
        lease = again.lease;
        expected = written.clone().or(expected);
        commit(&store, &lease, Commit { position: written, ..Commit::empty(seq) }).await;
    }
    store.release(&lease);
    assert_eq!(claimed(&store, "a").await.state.folded.position, position(Phase::Done));
}

/// Each as it was written: a step outside of loops has none, and a run that ends keeps where it stood.
pub async fn a_position_has_its_iterations(store: Shared) {
    let mut lease = create_with(&store, &new_run("a"), at(1, "one")).await;
    let mut seq = 1;
    for iterations in [&[0][..], &[u64::MAX >> 1, 0, 7], &[]] {
        for phase in [Phase::Entered, Phase::Done] {
            let written = Some(position("charge", phase, iterations));
            commit(&store, &lease, Commit { position: written.clone(), ..Commit::empty(seq + 1) }).await;
            store.release(&lease);
            let again = claimed(&store, "a").await;
            assert_eq!(again.state.folded.position, written);
            (lease, seq) = (again.lease, again.state.folded.seq);
        }
    }
    let last = Commit { position: Some(position("charge", Phase::Done, &[3])), ..failed(seq + 1) };
    commit(&store, &lease, last).await;
    let again = claimed(&store, "a").await;
    assert_eq!(again.state.folded.position, Some(position("charge", Phase::Done, &[3])));
}

/// A fan-out saves each of its results once, under a name of its own; shown they are one array.
pub async fn elements_are_variables_of_their_own(store: Shared) {
    let first = Commit { writes: vec![write("xs[2]", "2"), write("a", "1"), write("xs[0]", "0")], ..at(1, "one") };
    let lease = create_with(&store, &new_run("a"), first).await;
    commit(&store, &lease, Commit { writes: vec![write("xs[10]", "10"), write("xs[0]", "5")], ..at(2, "two") }).await;
    assert_eq!(snapshot_of_state(&store).await, r#"{"xs":[5,null,2,null,null,null,null,null,null,null,10],"a":1}"#);
    store.release(&lease);
    let again = claimed(&store, "a").await;
    let state: Vec<_> = again.state.folded.state.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(state, ["xs[0]=5", "xs[2]=2", "xs[10]=10", "a=1"]);
}

/// All of them at once, and before what the commit writes.
pub async fn dropping_a_variable_drops_its_elements(store: Shared) {
    let writes = vec![write("xs[0]", "0"), write("xs[1]", "1"), write("xss[0]", "7"), write("n#2[0]", "2")];
    let lease = create_with(&store, &new_run("a"), Commit { writes, ..at(1, "one") }).await;
    let again = Commit { dropped: vec!["xs".to_owned()], writes: vec![write("xs[1]", "4")], ..at(2, "two") };
    commit(&store, &lease, again).await;
    assert_eq!(snapshot_of_state(&store).await, r#"{"xss":[7],"n#2":[2],"xs":[null,4]}"#);
    commit(&store, &lease, Commit { dropped: vec!["xs".to_owned(), "n#2[0]".to_owned()], ..at(3, "three") }).await;
    assert_eq!(snapshot_of_state(&store).await, r#"{"xss":[7]}"#);
}

async fn snapshot_of_state(store: &Shared) -> String {
    serde_json::to_string(&load(store, "a").await.state).expect("a state is JSON")
}

/// Beside that of the creation, which stays.
pub async fn the_fingerprint_is_the_last_one_written(store: Shared) {
    let lease = create(&store, "a").await;
    store.release(&lease);
    let again = claimed(&store, "a").await;
    assert_eq!((again.state.run.fingerprint, again.state.folded.fingerprint), (7, None));
    commit(&store, &again.lease, Commit { fingerprint: Some(u64::MAX - 1), ..at(3, "third") }).await;
    commit(&store, &again.lease, at(4, "fourth")).await;
    store.release(&again.lease);
    let last = claimed(&store, "a").await.state;
    assert_eq!((last.run.fingerprint, last.folded.fingerprint), (7, Some(u64::MAX - 1)));
}

/// However a store keeps a long log, it reads as if each commit were there.
pub async fn a_long_log_folds_like_a_short_one(store: Shared) {
    let lease = create_with(&store, &new_run("a"), writing(1, "v1", json("1"))).await;
    let mut expected = prose::store::fold::Folded::default();
    expected.apply(writing(1, "v1", json("1")));
    for seq in 2..=700_u64 {
        let mut next = writing(seq, &format!("v{}", seq % 90), json(&seq.to_string()));
        if seq % 7 == 0 {
            next.dropped.push(format!("v{}", (seq * 3) % 90));
        }
        if seq % 5 == 0 {
            next.position = None;
        }
        expected.apply(next.clone());
        commit(&store, &lease, next).await;
        if seq % 97 == 0 {
            let checkpoint = load(&store, "a").await;
            assert_eq!(checkpoint.state, expected.state, "behind commit {seq}");
            assert_eq!(checkpoint.completed_steps, expected.completed, "behind commit {seq}");
        }
    }
    assert_fenced(&store, &lease, at(700, "again")).await;
    assert_fenced(&store, &lease, at(64, "long ago")).await;
    store.release(&lease);
    expected.apply(Commit::empty(701));
    assert_eq!(claimed(&store, "a").await.state.folded, expected);
}

/// Each claim continues the one log.
pub async fn a_log_with_takeovers_folds_like_one_without(store: Shared) {
    let mut lease = create_with(&store, &new_run("a"), writing(1, "v", json("1"))).await;
    let mut seq = 1;
    for round in 0..40_u64 {
        for _ in 0..round % 5 {
            seq += 1;
            commit(&store, &lease, writing(seq, "v", json(&seq.to_string()))).await;
        }
        store.release(&lease);
        let again = claimed(&store, "a").await;
        seq += 1;
        assert_eq!((again.state.folded.seq, again.lease.epoch), (seq, round + 2));
        lease = again.lease;
    }
    let checkpoint = load(&store, "a").await;
    assert_eq!(checkpoint.completed_steps.len(), 81);
}

//! Undoing: what can be undone, that it has begun, what became of each step, and an end that is final.

use std::time::Duration;

use prose::Status;
use prose::store::fold::Folded;
use prose::store::{Claim, ClaimRequest, Commit, Compensable, Ending, Lease, Undoing, Undone};

use crate::kit::*;

/// A step in these iterations that has left `x`.
fn done(step: &str, at: &[u64], x: &str) -> Compensable {
    let outputs = [("x".to_owned(), json(x))].into_iter().collect();
    Compensable { step: step.to_owned(), at: at.to_owned(), outputs }
}

fn undone(step: &Compensable, error: Option<&str>) -> Undone {
    Undone { step: step.step.clone(), at: step.at.clone(), error: error.map(str::to_owned) }
}

fn completing(seq: u64, compensable: Vec<Compensable>) -> Commit {
    let completed = compensable.iter().map(|it| it.step.clone()).collect();
    Commit { compensable, completed, ..at(seq, "next") }
}

fn cause() -> Ending {
    Ending::Failed { step: Some("ship".to_owned()), error: "no carrier".to_owned() }
}

fn begun(seq: u64) -> Commit {
    Commit { undoing: Some(Undoing::Begun(cause())), ..Commit::empty(seq) }
}

fn undo(seq: u64, undone: Undone) -> Commit {
    Commit { undoing: Some(Undoing::Undone(undone)), ..Commit::empty(seq) }
}

/// A run that has done two steps, and is about to undo them: the next commit is the third.
async fn compensating(store: &Shared, run_id: &str) -> Lease {
    let steps = vec![done("reserve", &[], "1"), done("charge", &[], "2")];
    let lease = create_with(store, &new_run(run_id), completing(1, steps)).await;
    commit(store, &lease, begun(2)).await;
    lease
}

/// As steps complete, in loops as well, each with its own outputs.
pub async fn what_can_be_undone_is_kept_in_order(store: Shared) {
    let steps = [done("z", &[], "1.0"), done("a", &[0, 7], "\"two\""), done("a", &[1, 0], "{\"k\": [3]}")];
    let lease = create_with(&store, &new_run("a"), completing(1, vec![steps[0].clone()])).await;
    commit(&store, &lease, at(2, "two")).await;
    commit(&store, &lease, completing(3, steps[1..].to_vec())).await;
    store.release(&lease);
    let run = claimed(&store, "a").await;
    assert_eq!(run.state.folded.compensable, steps);
    assert_eq!((run.state.folded.status(), &run.state.folded.compensation), (Status::Running, &None));
}

/// What is undone, or could not be, is not undone again.
pub async fn undoing_takes_the_last_step_first(store: Shared) {
    let lease = compensating(&store, "a").await;
    let (reserve, charge) = (done("reserve", &[], "1"), done("charge", &[], "2"));
    commit(&store, &lease, undo(3, undone(&charge, Some("card gone")))).await;
    store.release(&lease);
    let run = claimed(&store, "a").await;
    let folded = &run.state.folded;
    assert_eq!(folded.compensable, std::slice::from_ref(&reserve));
    let compensation = folded.compensation.as_ref().unwrap();
    assert_eq!((&compensation.cause, &compensation.undone), (&cause(), &vec![undone(&charge, Some("card gone"))]));
    commit(&store, &run.lease, undo(folded.seq + 1, undone(&reserve, None))).await;
    store.release(&run.lease);
    let folded = claimed(&store, "a").await.state.folded;
    assert!(folded.compensable.is_empty());
    assert_eq!(folded.compensation.unwrap().undone.len(), 2);
}

/// To whoever reads its checkpoint, at each moment.
pub async fn a_run_that_is_undone_says_so(store: Shared) {
    let lease = compensating(&store, "a").await;
    let checkpoint = load(&store, "a").await;
    assert_eq!(checkpoint.status, Status::Compensating);
    assert_eq!(checkpoint.failed_step.unwrap().error, "no carrier");
    let compensation = checkpoint.compensation.unwrap();
    assert!(compensation.undone.is_empty() && compensation.failed.is_empty());

    commit(&store, &lease, undo(3, undone(&done("charge", &[2, 0], "2"), Some("card gone")))).await;
    commit(&store, &lease, undo(4, undone(&done("reserve", &[], "1"), None))).await;
    let compensation = load(&store, "a").await.compensation.unwrap();
    assert_eq!(compensation.undone, ["reserve"]);
    let failed = &compensation.failed[0];
    assert_eq!((failed.name.as_str(), failed.error.as_str()), ("charge[2][0]", "card gone"));
    assert_eq!(load(&store, "a").await.status, Status::Compensating);

    commit(&store, &lease, ending(5, cause())).await;
    assert_eq!(load(&store, "a").await.status, Status::Failed);
}

/// Whoever goes on with it only undoes, whatever was asked for.
pub async fn a_compensating_run_is_claimed_and_stays_compensating(store: Shared) {
    let lease = compensating(&store, "a").await;
    store.release(&lease);
    for (restart_failed, epoch) in [(true, 2), (false, 3)] {
        let asked = ClaimRequest { restart_failed, ..request("a") };
        let run = match claim(&store, &asked).await {
            Claim::Claimed(run) => *run,
            other => panic!("it should be free: {other:?}"),
        };
        assert_eq!((run.lease.epoch, run.state.folded.status()), (epoch, Status::Compensating));
        assert_eq!(load(&store, "a").await.status, Status::Compensating);
        store.release(&run.lease);
    }
}

/// As a running one.
pub async fn a_compensating_run_is_held_fenced_and_not_pruned(store: Shared) {
    let lease = compensating(&store, "a").await;
    assert!(matches!(claim(&store, &request("a")).await, Claim::Held { epoch: 1 }));
    assert!(matches!(store.delete("a").await, Err(prose::StoreError::Busy(_))));
    store.release(&lease);
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0);
    let charge = done("charge", &[], "2");
    let again = claimed(&store, "a").await;
    assert_fenced(&store, &lease, undo(3, undone(&charge, None))).await;
    assert_fenced(&store, &lease, undo(4, undone(&charge, None))).await;
    commit(&store, &again.lease, undo(4, undone(&charge, None))).await;
    assert_eq!(load(&store, "a").await.compensation.unwrap().undone, ["charge"]);
    store.release(&again.lease);
    assert!(store.delete("a").await.unwrap());
    assert!(store.load("a").await.unwrap().is_none());
}

/// Its end is final; one of which nothing was undone can be restarted, although it could have been undone.
pub async fn a_run_that_was_undone_is_never_restarted(store: Shared) {
    for (run_id, last) in [("failed", cause()), ("cancelled", Ending::Cancelled { step: None })] {
        let lease = compensating(&store, run_id).await;
        commit(&store, &lease, ending(3, last.clone())).await;
        let folded = ended(&store, &request(run_id)).await.folded;
        assert_eq!((folded.ending.as_ref(), folded.can_restart()), (Some(&last), false));
        assert_eq!(folded.compensation.unwrap().cause, cause());
    }
    let lease = create_with(&store, &new_run("kept"), completing(1, vec![done("charge", &[], "2")])).await;
    commit(&store, &lease, ending(2, cause())).await;
    let folded = claimed(&store, "kept").await.state.folded;
    assert_eq!((folded.status(), folded.compensable.len()), (Status::Running, 1));
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 2);
}

/// However a store keeps a long log.
pub async fn what_was_undone_stays_readable(store: Shared) {
    let lease = create(&store, "a").await;
    for seq in 2..=130 {
        commit(&store, &lease, at(seq, "on")).await;
    }
    commit(&store, &lease, completing(131, vec![done("charge", &[], "2")])).await;
    commit(&store, &lease, begun(132)).await;
    commit(&store, &lease, undo(133, undone(&done("charge", &[], "2"), None))).await;
    for seq in 134..=270 {
        commit(&store, &lease, Commit::empty(seq)).await;
    }
    commit(&store, &lease, ending(271, cause())).await;
    assert_eq!(load(&store, "a").await.compensation.unwrap().undone, ["charge"]);
    assert!(!ended(&store, &request("a")).await.folded.can_restart());
}

/// A loop of many iterations, each with something to undo.
pub async fn a_long_undoing_folds_like_a_short_one(store: Shared) {
    const TURNS: u64 = 200;
    let step = |turn: u64| done("charge", &[turn], &turn.to_string());
    let undoing = |turn: u64| undone(&step(turn), turn.is_multiple_of(10).then_some("card gone"));
    let first = (1..).zip(0..TURNS).map(|(seq, turn)| completing(seq, vec![step(turn)]));
    let then = (TURNS + 2..).zip((50..TURNS).rev()).map(|(seq, turn)| undo(seq, undoing(turn)));
    let mut log = first.chain([begun(TURNS + 1)]).chain(then);

    let mut expected = Folded::default();
    let create = log.next().unwrap();
    expected.apply(create.clone());
    let lease = create_with(&store, &new_run("a"), create).await;
    for next in log {
        expected.apply(next.clone());
        commit(&store, &lease, next).await;
    }
    store.release(&lease);
    expected.apply(Commit::empty(expected.seq + 1));
    assert_eq!(expected.compensable.len(), 50);
    assert_eq!(claimed(&store, "a").await.state.folded, expected);
}

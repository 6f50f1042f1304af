//! The queue: runs that nobody executes, and who gets them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::poll_immediate;
use prose::Status;
use prose::store::queue::{Asked, Attendance, ClaimDue, Fit, Fits, Standing, Submitted};
use prose::store::{Blocked, Claim, Commit, Ending, NewRun, Phase, RunKey, Undoing};
use tokio::task::JoinSet;

use crate::due::*;
use crate::kit::*;

const OTHER: &str = "ship-order";

fn both_flows(limit: usize) -> ClaimDue {
    ClaimDue { flows: vec![FLOW.to_owned(), OTHER.to_owned()], ..asking(limit) }
}

/// Code for which this run is too old.
fn all_but(run_id: &'static str) -> Fits {
    Arc::new(move |standing| match standing.key.run_id == run_id {
        true => Fit::No("variable `tax` is missing".to_owned()),
        false => Fit::Yes,
    })
}

async fn asked_to_cancel(store: &Shared) -> Vec<RunKey> {
    store.queue().asked_to_cancel().await.expect("the queue is read")
}

/// Nobody has claimed it, and nothing is in its log.
pub async fn submitting_makes_a_run_that_waits_to_be_claimed(store: Shared) {
    let run = new_run("a");
    submit_run(&store, &run).await;
    let checkpoint = load(&store, "a").await;
    assert_eq!((checkpoint.status, checkpoint.flow_name.as_str(), checkpoint.version), (Status::Running, FLOW, 1));
    assert_eq!((checkpoint.input.as_str(), &checkpoint.correlation_id), (run.input.as_str(), &run.correlation_id));
    assert!(checkpoint.state.is_empty() && checkpoint.completed_steps.is_empty());
    assert!(checkpoint.output.is_none() && checkpoint.waiting.is_none() && checkpoint.failed_step.is_none());
    soon("nobody holds it", store.changed(&run.key, 0)).await;
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0);
    assert!(store.delete("a").await.unwrap());
}

/// With the flow and the input of the first, and writes nothing: neither of a run that is due, nor of one that has ended.
pub async fn submitting_twice_says_what_is_there(store: Shared) {
    submit(&store, "a").await;
    let again = NewRun { uid: "other".to_owned(), input: json("2"), ..of_flow("a", OTHER) };
    let exists = Submitted::Exists { flow: FLOW.to_owned(), input: new_run("a").input };
    assert_eq!(store.queue().submit(&again).await.unwrap(), exists);
    let run = the_due_run(&store).await;
    assert_eq!(run.lease.uid, new_run("a").uid);
    commit(&store, &run.lease, failed(2)).await;
    let before = snapshot(&store, "a").await;
    assert_eq!(store.queue().submit(&again).await.unwrap(), exists);
    assert_eq!(snapshot(&store, "a").await, before);
    assert_eq!(next_due(&store).await, None, "a failed run is not started again");
}

/// However a store writes them: of each name the first one is created, and what the others are told is true of it.
pub async fn of_many_that_are_submitted_at_once_each_has_its_own_answer(store: Shared) {
    const NAMES: usize = 40;
    let mut submissions = JoinSet::new();
    for number in 0..4 * NAMES {
        let (store, input) = (store.clone(), json(&number.to_string()));
        let run = NewRun { uid: format!("uid {number}"), input, ..new_run(&numbered(number % NAMES)) };
        submissions.spawn(async move {
            let submitted = store.queue().submit(&run).await.unwrap();
            (run, submitted)
        });
    }
    let mut created = std::collections::HashMap::new();
    let answers = submissions.join_all().await;
    for (run, _) in answers.iter().filter(|(_, submitted)| *submitted == Submitted::New) {
        assert!(created.insert(run.key.clone(), run).is_none(), "{} was created twice", run.key);
    }
    for (run, submitted) in answers.iter().filter(|(_, submitted)| *submitted != Submitted::New) {
        let Some(first) = created.get(&run.key) else { panic!("{} was not created", run.key) };
        assert_eq!(*submitted, Submitted::Exists { flow: FLOW.to_owned(), input: first.input.clone() });
    }
    assert_eq!(created.len(), NAMES);
    for run in claim_due(&store, &asking(2 * NAMES), all_fit()).await.runs {
        let first = created.remove(&run.lease.key).expect("it was created once");
        assert_eq!((run.lease.uid, run.state.run.input), (first.uid.clone(), first.input.clone()));
    }
    assert!(created.is_empty(), "{created:?}");
}

/// All that is needed to begin.
pub async fn a_submitted_run_is_claimed_at_its_start(store: Shared) {
    let new = new_run("a");
    submit_run(&store, &new).await;
    let run = the_due_run(&store).await;
    assert_eq!((&run.lease.key, &run.lease.uid, run.lease.epoch, run.crashes), (&new.key, &new.uid, 1, 0));
    let (found, folded) = (&run.state.run, &run.state.folded);
    assert_eq!((&found.flow, found.version, found.fingerprint), (&new.flow, 1, 7));
    assert_eq!((&found.input, &found.correlation_id), (&new.input, &new.correlation_id));
    assert_eq!((folded.seq, &folded.position, &folded.ending), (1, &None, &None));
    assert!(folded.state.is_empty() && !run.state.cancel_asked);
    assert!(matches!(claim(&store, &request("a")).await, Claim::Held { epoch: 1 }));
    commit(&store, &run.lease, writing(2, "x", json("1"))).await;
    commit(&store, &run.lease, completed(3)).await;
    assert_eq!(load(&store, "a").await.completed_steps, ["step2"]);
}

/// By whoever calls it before an engine comes.
pub async fn a_submitted_run_is_claimed_by_its_name(store: Shared) {
    submit(&store, "a").await;
    let run = claimed(&store, "a").await;
    assert_eq!((run.lease.epoch, run.state.folded.seq), (1, 1));
    assert_eq!(next_due(&store).await, None);
    commit(&store, &run.lease, completed(2)).await;
    assert_eq!(load(&store, "a").await.status, Status::Completed);
}

/// Whether it was created or submitted.
pub async fn a_held_run_is_not_due(store: Shared) {
    create(&store, "created").await;
    submit(&store, "submitted").await;
    assert_eq!(due_ids(&store).await, ["submitted"]);
    assert_eq!(next_due(&store).await, None);
}

/// Without waiting: it goes on where it was.
pub async fn a_released_run_is_due_at_once(store: Shared) {
    let mut lease = create(&store, "a").await;
    commit(&store, &lease, writing(2, "x", json("1"))).await;
    for epoch in 2..20 {
        store.release(&lease);
        let run = the_due_run(&store).await;
        assert_eq!((run.lease.epoch, run.state.folded.seq), (epoch, epoch + 1));
        assert_eq!(run.state.folded.state.get("x").unwrap().as_str(), "1");
        lease = run.lease;
    }
}

/// Behind that, every other instance can claim them.
pub async fn released_runs_are_free_when_the_queue_says_so(store: Shared) {
    let mut leases = Vec::new();
    for number in 0..50 {
        leases.push(create(&store, &numbered(number)).await);
    }
    leases.iter().for_each(|lease| store.release(lease));
    soon("they are free", store.queue().released()).await.unwrap();
    assert_eq!(due_ids(&store).await.len(), 50);
}

/// The oldest first.
pub async fn runs_are_handed_out_in_the_order_in_which_they_became_due(store: Shared) {
    for number in 0..10 {
        submit(&store, &numbered(number)).await;
    }
    let lease = create(&store, "long ago").await;
    let until = ago(&store, HOUR).await;
    commit(&store, &lease, parking(2, Some(until), None)).await;
    let mut expected = vec!["long ago".to_owned()];
    expected.extend((0..10).map(numbered));
    let first = claim_due(&store, &asking(4), all_fit()).await;
    let mut found = ids(&first.runs);
    found.extend(due_ids(&store).await);
    assert_eq!(found, expected);
}

/// That there are more is told.
pub async fn no_more_runs_are_handed_out_than_asked_for(store: Shared) {
    for number in 0..5 {
        submit(&store, &numbered(number)).await;
    }
    for (limit, claimed, more) in [(0, 0, true), (2, 2, true), (2, 2, true), (2, 1, false)] {
        let due = claim_due(&store, &asking(limit), all_fit()).await;
        assert_eq!((due.runs.len(), due.blocked), (claimed, 0));
        assert_eq!(due.next, more.then_some(Duration::ZERO));
    }
}

/// Each as many, and who has fewer leaves the rest to the others.
pub async fn of_several_flows_each_gets_its_share(store: Shared) {
    for number in 0..10 {
        submit(&store, &numbered(number)).await;
    }
    for number in 10..13 {
        submit_run(&store, &of_flow(&numbered(number), OTHER)).await;
    }
    let flows = |runs: &[prose::store::ClaimedRun]| runs.iter().filter(|run| run.state.run.flow == OTHER).count();
    let due = claim_due(&store, &both_flows(4), all_fit()).await;
    assert_eq!((due.runs.len(), flows(&due.runs)), (4, 2));
    let due = claim_due(&store, &both_flows(6), all_fit()).await;
    assert_eq!((due.runs.len(), flows(&due.runs), due.next), (6, 1, Some(Duration::ZERO)));
}

/// Nor are they counted.
pub async fn runs_of_other_flows_are_not_handed_out(store: Shared) {
    submit_run(&store, &of_flow("other", OTHER)).await;
    assert_eq!(next_due(&store).await, None);
    let nothing = ClaimDue { flows: Vec::new(), ..asking(10) };
    let due = claim_due(&store, &nothing, all_fit()).await;
    assert_eq!((due.runs.len(), due.next), (0, None));
    assert_eq!(claim_due(&store, &both_flows(10), all_fit()).await.runs.len(), 1);
}

/// The reason stands in its checkpoint, at its step. The others are handed out all the same.
pub async fn a_run_that_does_not_fit_becomes_blocked(store: Shared) {
    let lease = create_with(&store, &new_run("old"), writing(1, "x", json("1"))).await;
    store.release(&lease);
    for run_id in ["b", "c"] {
        submit(&store, run_id).await;
    }
    let due = claim_due(&store, &asking(2), all_but("old")).await;
    assert_eq!((ids(&due.runs), due.blocked), (vec!["b".to_owned(), "c".to_owned()], 1));
    let checkpoint = load(&store, "old").await;
    assert_eq!(checkpoint.status, Status::Blocked);
    let Blocked { step, reason, .. } = checkpoint.blocked.expect("it says why");
    assert_eq!((step.as_deref(), reason.as_str()), (Some("step2"), "variable `tax` is missing"));
    assert_eq!(checkpoint.state.get("x").unwrap().as_str(), "1");
    assert_fenced(&store, &lease, at(2, "second")).await;
}

/// Nobody has begun it.
pub async fn a_submitted_run_that_does_not_fit_is_blocked_at_its_start(store: Shared) {
    submit(&store, "a").await;
    assert_eq!(claim_due(&store, &asking(2), all_but("a")).await.blocked, 1);
    let Blocked { step, reason, .. } = load(&store, "a").await.blocked.expect("it says why");
    assert_eq!((step, reason.as_str()), (None, "variable `tax` is missing"));
    let run = claimed(&store, "a").await;
    assert_eq!((run.lease.epoch, run.state.folded.position), (1, None));
    commit(&store, &run.lease, at(run.state.folded.seq + 1, "first")).await;
}

/// Whatever it can do by then. Whoever calls the run by its name gets it, and when it has waited it is due again.
pub async fn a_blocked_run_is_not_given_again_to_who_has_refused_it(store: Shared) {
    submit(&store, "a").await;
    let lease = create(&store, "b").await;
    let refusal = Ending::Blocked { step: None, reason: "no such step".to_owned() };
    commit(&store, &lease, ending(2, refusal)).await;
    let with_blocked = ClaimDue { blocked: true, ..asking(10) };
    assert_eq!(claim_due(&store, &with_blocked, all_but("a")).await.blocked, 1);
    for request in [&with_blocked, &asking(10)] {
        let due = claim_due(&store, request, all_fit()).await;
        assert_eq!((ids(&due.runs), due.blocked, due.next), (Vec::new(), 0, None));
    }
    for run_id in ["a", "b"] {
        let run = claimed(&store, run_id).await;
        let until = ago(&store, HOUR).await;
        commit(&store, &run.lease, parking(run.state.folded.seq + 1, Some(until), None)).await;
    }
    assert_eq!(claim_due(&store, &with_blocked, all_fit()).await.runs.len(), 2);
}

/// Not even that it was looked at.
pub async fn what_is_not_to_be_claimed_now_stays_as_it_was(store: Shared) {
    for run_id in ["a", "b", "c"] {
        submit(&store, run_id).await;
    }
    let before = snapshot(&store, "b").await;
    let not_b: Fits = Arc::new(|standing| if standing.key.run_id == "b" { Fit::NotNow } else { Fit::Yes });
    let due = claim_due(&store, &asking(2), not_b).await;
    assert_eq!((ids(&due.runs), due.blocked), (vec!["a".to_owned(), "c".to_owned()], 0));
    assert_eq!(snapshot(&store, "b").await, before);
    assert_eq!(the_due_run(&store).await.lease.epoch, 1);
}

/// Also where a long log was folded, behind claims that say nothing, and while it is undone.
pub async fn a_standing_says_where_a_run_stands(store: Shared) {
    submit_run(&store, &NewRun { version: 3, ..new_run("start") }).await;
    let looped = Commit {
        position: Some(position("charge", Phase::Done, &[2, 0])),
        fingerprint: Some(u64::MAX),
        ..Commit::empty(2)
    };
    let mut lease = create(&store, "long").await;
    commit(&store, &lease, looped.clone()).await;
    for seq in 3..200 {
        commit(&store, &lease, Commit { completed: vec!["on".to_owned()], ..Commit::empty(seq) }).await;
    }
    for _ in 0..3 {
        store.release(&lease);
        lease = claimed(&store, "long").await.lease;
    }
    store.release(&lease);
    let lease = create(&store, "undone").await;
    let cause = Ending::Failed { step: None, error: "no".to_owned() };
    commit(&store, &lease, Commit { undoing: Some(Undoing::Begun(cause)), ..Commit::empty(2) }).await;
    store.release(&lease);
    let asked: Arc<Mutex<Vec<Standing>>> = Arc::default();
    let noted = Arc::clone(&asked);
    let note: Fits = Arc::new(move |standing| {
        noted.lock().unwrap().push(standing.clone());
        Fit::NotNow
    });
    assert_eq!(claim_due(&store, &asking(10), note).await.runs.len(), 0);
    let standing = |run_id: &str, version, written_by, position, undoing| Standing {
        key: RunKey::new(run_id),
        flow: FLOW.to_owned(),
        version,
        written_by,
        position,
        undoing,
        crashes: 0,
    };
    let first = Some(position("first", Phase::Entered, &[]));
    let mut asked = asked.lock().unwrap().clone();
    asked.sort_by_key(|standing| standing.key.clone());
    let expected = [
        standing("long", 1, u64::MAX, looped.position, false),
        standing("start", 3, 7, None, false),
        standing("undone", 1, 7, first, true),
    ];
    assert_eq!(asked, expected);
}

/// Whoever wants to know how they ended calls them by name.
pub async fn an_ended_run_is_never_due(store: Shared) {
    for (run_id, last) in [("done", completed(2)), ("failed", failed(2)), ("cancelled", cancelled(2))] {
        submit(&store, run_id).await;
        let run = the_due_run(&store).await;
        commit(&store, &run.lease, last).await;
        store.release(&run.lease);
    }
    let due = claim_due(&store, &ClaimDue { blocked: true, ..asking(10) }, all_fit()).await;
    assert_eq!((ids(&due.runs), due.next), (Vec::new(), None));
}

/// From its last commit on.
pub async fn restarting_makes_a_failed_run_due(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, writing(2, "x", json("1"))).await;
    commit(&store, &lease, failed(3)).await;
    assert_eq!(restart(&store, "a").await, Asked::Done);
    let checkpoint = load(&store, "a").await;
    assert_eq!((checkpoint.status, checkpoint.failed_step), (Status::Running, None));
    let run = the_due_run(&store).await;
    assert_eq!((run.lease.epoch, &run.state.folded.ending), (2, &None));
    assert_eq!(run.state.folded.position.as_ref().unwrap().step, "step3");
    assert_eq!(run.state.folded.state.get("x").unwrap().as_str(), "1");
    commit(&store, &run.lease, completed(run.state.folded.seq + 1)).await;
    assert_eq!(load(&store, "a").await.status, Status::Completed);
}

/// The others are told how they stand, and stay so.
pub async fn only_a_failed_run_is_restarted(store: Shared) {
    assert_eq!(restart(&store, "missing").await, Asked::Missing);
    submit(&store, "due").await;
    create(&store, "held").await;
    let undone = create(&store, "undone").await;
    let cause = Ending::Failed { step: None, error: "no".to_owned() };
    commit(&store, &undone, Commit { undoing: Some(Undoing::Begun(cause)), ..Commit::empty(2) }).await;
    assert_eq!(restart(&store, "undone").await, Asked::Status(Status::Compensating));
    commit(&store, &undone, failed(3)).await;
    for (run_id, last) in [("done", completed(2)), ("cancelled", cancelled(2)), ("waiting", parking(2, None, None))] {
        let lease = create(&store, run_id).await;
        commit(&store, &lease, last).await;
    }
    for (run_id, status) in [
        ("due", Status::Running),
        ("held", Status::Running),
        ("undone", Status::Failed),
        ("done", Status::Completed),
        ("cancelled", Status::Cancelled),
        ("waiting", Status::Waiting),
    ] {
        let before = snapshot(&store, run_id).await;
        assert_eq!(restart(&store, run_id).await, Asked::Status(status), "{run_id}");
        assert_eq!(snapshot(&store, run_id).await, before);
    }
    assert_eq!(due_ids(&store).await, ["due"]);
}

/// It is to go on now, however it is started again.
pub async fn a_restart_forgets_a_request_to_cancel(store: Shared) {
    for run_id in ["asked", "called"] {
        let lease = create(&store, run_id).await;
        ask_to_cancel(&store, run_id).await;
        commit(&store, &lease, failed(2)).await;
        assert_eq!(load(&store, run_id).await.status, Status::Failed);
    }
    restart(&store, "asked").await;
    assert!(!the_due_run(&store).await.state.cancel_asked);
    assert!(!claimed(&store, "called").await.state.cancel_asked);
    assert_eq!(asked_to_cancel(&store).await, []);
    for run_id in ["asked", "called"] {
        assert_eq!(load(&store, run_id).await.status, Status::Running);
    }
}

/// There is nothing to be cancelled any more.
pub async fn what_is_missing_or_has_ended_is_not_cancelled(store: Shared) {
    assert_eq!(ask_to_cancel(&store, "missing").await, Asked::Missing);
    for (run_id, last) in [("done", completed(2)), ("failed", failed(2)), ("cancelled", cancelled(2))] {
        let lease = create(&store, run_id).await;
        let status = last.ending.as_ref().unwrap().status();
        commit(&store, &lease, last).await;
        let before = snapshot(&store, run_id).await;
        assert_eq!(ask_to_cancel(&store, run_id).await, Asked::Status(status));
        assert_eq!(snapshot(&store, run_id).await, before);
    }
    assert_eq!((asked_to_cancel(&store).await, next_due(&store).await), (Vec::new(), None));
}

/// Until it has ended.
pub async fn a_held_run_that_is_cancelled_is_told(store: Shared) {
    let lease = create(&store, "a").await;
    create(&store, "b").await;
    for _ in 0..2 {
        assert_eq!(ask_to_cancel(&store, "a").await, Asked::Done);
        assert_eq!(asked_to_cancel(&store).await, [RunKey::new("a")]);
    }
    assert_eq!(load(&store, "a").await.status, Status::Cancelling);
    assert_eq!(next_due(&store).await, None, "it is executed");
    commit(&store, &lease, at(2, "second")).await;
    commit(&store, &lease, cancelled(3)).await;
    assert_eq!(load(&store, "a").await.status, Status::Cancelled);
    assert_eq!(asked_to_cancel(&store).await, []);
}

/// Whoever claims it is told.
pub async fn an_idle_run_that_is_cancelled_is_due(store: Shared) {
    let lease = create(&store, "released").await;
    store.release(&lease);
    submit(&store, "submitted").await;
    for run_id in ["released", "submitted"] {
        assert_eq!(ask_to_cancel(&store, run_id).await, Asked::Done);
        assert_eq!(load(&store, run_id).await.status, Status::Cancelling);
    }
    assert_eq!(asked_to_cancel(&store).await, [], "nobody executes them");
    let runs = due_runs(&store).await;
    assert_eq!(ids(&runs), ["released", "submitted"], "they keep their turn");
    assert!(runs.iter().all(|run| run.state.cancel_asked));
    assert_eq!(asked_to_cancel(&store).await.len(), 2);
    for run in runs {
        commit(&store, &run.lease, cancelled(run.state.folded.seq + 1)).await;
    }
    assert_eq!((asked_to_cancel(&store).await, next_due(&store).await), (Vec::new(), None));
}

/// Whatever it waits for.
pub async fn a_waiting_run_that_is_cancelled_is_due(store: Shared) {
    let until = from_now(&store, HOUR).await;
    for (run_id, until) in [("timer", Some(until)), ("patient", None)] {
        let lease = create(&store, run_id).await;
        commit(&store, &lease, parking(2, until, Some("approval"))).await;
        assert_eq!(ask_to_cancel(&store, run_id).await, Asked::Done);
        assert_eq!(load(&store, run_id).await.status, Status::Cancelling);
        let run = the_due_run(&store).await;
        assert_eq!((run.lease.key.run_id.as_str(), run.state.cancel_asked), (run_id, true));
    }
}

/// The others are still on their way.
pub async fn what_has_ended_or_is_gone_is_told(store: Shared) {
    for (run_id, last) in [("done", completed(2)), ("failed", failed(2)), ("waiting", parking(2, None, None))] {
        let lease = create(&store, run_id).await;
        commit(&store, &lease, last).await;
    }
    submit(&store, "due").await;
    create(&store, "held").await;
    let keys = ["held", "done", "missing", "due", "failed", "waiting"].map(RunKey::new);
    let mut ended = store.queue().ended(&keys).await.unwrap();
    ended.sort();
    assert_eq!(ended, ["done", "failed", "missing"].map(RunKey::new));
    assert_eq!(store.queue().ended(&[]).await.unwrap(), []);
}

/// Children and blocked runs included; ended ones not.
pub async fn standings_are_counted(store: Shared) {
    for number in 0..5 {
        submit(&store, &numbered(number)).await;
    }
    for number in 5..8 {
        create(&store, &numbered(number)).await;
    }
    let child = NewRun { parent: Some(RunKey::new(numbered(5))), ..new_run("child") };
    create_with(&store, &child, at(1, "first")).await;
    let ended = create(&store, "ended").await;
    commit(&store, &ended, completed(2)).await;
    submit_run(&store, &of_flow("other", OTHER)).await;
    let standings = store.queue().standings(FLOW).await.unwrap();
    let mut counted: Vec<_> = standings
        .iter()
        .map(|(standing, runs)| (standing.position.as_ref().map(|at| at.step.as_str()), *runs))
        .collect();
    counted.sort();
    assert_eq!(counted, [(None, 5), (Some("first"), 4)]);
    for (standing, _) in &standings {
        assert_eq!((standing.flow.as_str(), standing.version, standing.written_by), (FLOW, 1, 7));
        assert!(store.load_run(&standing.key).await.unwrap().is_some(), "one of them is named");
    }
    assert_eq!(store.queue().standings("unknown").await.unwrap(), []);
}

/// Of many who ask at once, one gets it.
pub async fn each_due_run_is_claimed_once(store: Shared) {
    for number in 0..100 {
        submit(&store, &numbered(number)).await;
    }
    let mut claimers = JoinSet::new();
    for claimer in 1..=20 {
        let store = store.clone();
        claimers.spawn(async move {
            let mut found = Vec::new();
            loop {
                let due = claim_due(&store, &asking(claimer % 7 + 1), all_fit()).await;
                assert!(due.runs.iter().all(|run| run.lease.epoch == 1));
                found.extend(ids(&due.runs));
                // A store may pass over what others are claiming just now.
                if due.runs.is_empty() && due.next != Some(Duration::ZERO) {
                    return found;
                }
            }
        });
    }
    let mut found = claimers.join_all().await.concat();
    found.extend(due_ids(&store).await);
    found.sort();
    let mut expected: Vec<_> = (0..100).map(numbered).collect();
    expected.sort();
    assert_eq!(found, expected);
}

/// A claim that is given up while it is made leaves no owner behind.
pub async fn dropped_claims_of_due_runs_leave_them_free(store: Shared) {
    const RUNS: usize = 3;
    for number in 0..RUNS {
        submit(&store, &numbered(number)).await;
    }
    for round in 0..50 {
        let asked = asking(10);
        let mut claiming = store.queue().claim_due(&asked, all_fit());
        let done = if round % 2 == 0 {
            poll_immediate(&mut claiming).await
        } else {
            tokio::time::timeout(Duration::from_micros(50 * round), &mut claiming).await.ok()
        };
        drop(claiming);
        let mut runs = done.map_or_else(Vec::new, |due| due.expect("due runs are claimed").runs);
        soon("the runs are free", async {
            while runs.len() < RUNS {
                runs.extend(due_runs(&store).await);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        runs.iter().for_each(|run| store.release(&run.lease));
    }
}

/// Nothing of this store's has died.
pub async fn recovering_takes_nothing_from_the_living(store: Shared) {
    let attendance = Attendance { name: "test".to_owned(), lease: Some(Duration::from_secs(60)) };
    store.queue().attend(&attendance).await.unwrap();
    let lease = create(&store, "a").await;
    submit(&store, "b").await;
    assert_eq!(store.queue().recover().await.unwrap(), 0);
    assert_eq!(due_ids(&store).await, ["b"]);
    commit(&store, &lease, at(2, "second")).await;
}

/// It may be another one than this process's.
pub async fn the_clock_of_the_store_goes_on(store: Shared) {
    let before = now(&store).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(now(&store).await > before);
}

//! Tests of the writer: what each job of a batch is answered, and what its transaction leaves.

use prose::store::queue::{ClaimDue, Fit, Standing};
use prose::store::{ClaimRequest, Commit, Ending, RunKey};

use super::*;
use crate::job::{Behind, DueJob};
use crate::statement::{Append, Statement, Value};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A store of its own, which waits so long, with leases as long. The folder goes with its guard.
fn opened(lease: Duration) -> (tempfile::TempDir, Arc<Core>) {
    let folder = tempfile::tempdir().unwrap();
    let core = Core::open(folder.path().join("a.db"), lease, lease).unwrap();
    (folder, core)
}

/// How many instants there are in the logs, and how many commits.
fn instants(sql: &Connection) -> (i64, i64) {
    let instants = "select count(distinct at), count(*) from prose_commits";
    sql.query_row(instants, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

fn claim(key: RunKey) -> ClaimRequest {
    ClaimRequest { key, flow: "f".to_owned(), restart_failed: false }
}

/// Claims what is due of the flow.
fn claim_due(fits: impl Fn(&Standing) -> Fit + Send + Sync + 'static) -> Job {
    let request = ClaimDue { flows: vec!["f".to_owned()], limit: 1, blocked: false };
    Job::ClaimDue(DueJob { request, fits: Arc::new(fits) })
}

fn commit(lease: &Lease, seq: u64) -> Job {
    let append = Append::new(lease, &Commit::empty(seq), 1).unwrap();
    Job::Commit { lease: None, append, fold: false }
}

fn write(core: &Arc<Core>, job: Job) -> Reply {
    core.write_all(&[&job]).pop().unwrap().unwrap()
}

fn create(core: &Arc<Core>, run_id: &str) -> Lease {
    let run = prose::store::NewRun {
        key: RunKey::new(run_id),
        uid: "u".to_owned(),
        flow: "f".to_owned(),
        version: 1,
        fingerprint: 1,
        input: prose::Json::parse("1".to_owned()).unwrap(),
        correlation_id: "c".to_owned(),
        created_at: std::time::SystemTime::now(),
        parent: None,
    };
    let commit = Commit::empty(1);
    let row = prose::store::rows::CommitRow::new(&commit).unwrap();
    let change = crate::statement::Change::by(&commit);
    let first = crate::job::FirstCommit { seq: 1, row, events: Vec::new(), takes: Vec::new(), change };
    let reply = write(core, Job::Create(Box::new(crate::job::Creation { run, first })));
    reply.guard.keep();
    let Answer::Created { lease, .. } = reply.answer else { panic!("{:?}", reply.answer) };
    lease
}

/// A job that SQLite refuses, and one that is fenced, take none of their batch with them.
#[test]
fn what_cannot_be_written_fails_alone() {
    let (_folder, core) = opened(SECOND);
    let (one, two) = (create(&core, "one"), create(&core, "two"));
    let mut refused = commit(&one, 3);
    if let Job::Commit { append, .. } = &mut refused {
        let values = vec![Value::Integer(append.place.run), Value::Text("now".to_owned())];
        append.behind.push(Statement { sql: "update prose_runs set epoch = ?2 where run = ?1", values });
    }
    let jobs = [commit(&one, 2), refused, commit(&two, 9), commit(&two, 2)];
    let results = core.write_all(&jobs.each_ref());
    let [good, refused, fenced, good_as_well] = <[_; 4]>::try_from(results).unwrap();
    assert!(matches!(good.unwrap().answer, Answer::Committed { .. }));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("a.db") && refused.contains("INTEGER"), "{refused}");
    assert!(matches!(fenced.unwrap().answer, Answer::Fenced { replaced: false }));
    assert!(matches!(good_as_well.unwrap().answer, Answer::Committed { .. }));
    core.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_looks_are_short_who_looks_for_a_run_needs_no_other_thread() {
    let (_folder, core) = opened(SECOND);
    for (takes, is_here) in [(Duration::ZERO, true), (Duration::from_secs(60), false)] {
        core.look.set(takes);
        let core = Arc::clone(&core);
        let found = tokio::spawn(async move { core.is_missing_here(&RunKey::new("one")) }).await;
        assert_eq!(found.unwrap(), is_here, "{takes:?}");
    }
    core.close();
}

#[test]
fn how_quick_the_disk_is_a_crowd_does_not_tell() {
    let (_folder, core) = opened(SECOND);
    let lease = create(&core, "one");
    let slow = Duration::from_secs(1 << 20);
    core.sync.set(slow);
    core.write_all(&[&commit(&lease, 2), &commit(&lease, 3)]);
    assert_eq!(core.sync.get(), slow);
    core.write_all(&[&commit(&lease, 4)]);
    assert_ne!(core.sync.get(), slow);
    core.close();
}

/// Engines look for what is due all the time.
#[tokio::test]
async fn who_only_looks_does_not_end_a_crowd() {
    let (_folder, core) = opened(MINUTE);
    let lease = create(&core, "one");
    core.crowd.store(CROWD, Ordering::Relaxed);
    core.submit(claim_due(|_| Fit::Yes)).await.unwrap();
    assert_eq!(core.crowd.load(Ordering::Relaxed), CROWD);
    core.submit(commit(&lease, 2)).await.unwrap();
    assert_eq!(core.crowd.load(Ordering::Relaxed), CROWD - 1);
    core.close();
}

/// Also where it is known what the log ends with, and was changed by others.
#[test]
fn who_was_replaced_by_another_connection_is_fenced() {
    let (_folder, core) = opened(SECOND);
    let other = Connection::open(&core.path).unwrap();
    let fenced = |lease: &Lease, seq| !matches!(write(&core, commit(lease, seq)).answer, Answer::Committed { .. });
    for change in [
        "update prose_runs set epoch = 2",
        "update prose_runs set status = 'completed'",
        "delete from prose_runs",
        "insert into prose_commits (run, seq, epoch, at) select run, 3, 1, 0 from prose_runs",
    ] {
        let lease = create(&core, change);
        assert!(!fenced(&lease, 2), "{change}");
        other.execute_batch(change).unwrap();
        assert!(fenced(&lease, 3), "{change}");
        other.execute_batch("delete from prose_runs").unwrap();
    }
    core.close();
}

/// Also where this connection has ended the claim itself.
#[test]
fn who_was_replaced_by_the_same_connection_is_fenced() {
    let (_folder, core) = opened(SECOND);
    let end = |lease: &Lease| {
        let ending = Ending::Failed { step: None, error: "boom".to_owned() };
        let append = Append::new(lease, &Commit { ending: Some(ending), ..Commit::empty(2) }, 1).unwrap();
        Job::Commit { lease: Some(Box::new(lease.clone())), append, fold: false }
    };
    let claim = |lease: &Lease| Job::Claim(claim(lease.key.clone()));
    type Change<'a> = &'a dyn Fn(&Lease) -> Vec<Job>;
    let changes: [(&str, Change<'_>); 7] = [
        // Until somebody claims it, the run is still as its last owner has left it.
        ("release", &|lease| vec![Job::Release(lease.clone()), claim(lease)]),
        ("restart", &|lease| vec![end(lease), Job::Restart(lease.key.clone()), claim(lease)]),
        ("block", &|lease| vec![Job::Block { lease: lease.clone(), reason: "no".to_owned() }]),
        ("reclaim", &|lease| vec![Job::Reclaim { lease: lease.clone(), seq: 2 }]),
        ("end", &|lease| vec![end(lease)]),
        ("delete", &|lease| vec![Job::Delete(lease.key.clone())]),
        ("prune", &|lease| vec![end(lease), Job::Prune { before: i64::MAX, behind: Behind::default() }]),
    ];
    for (name, change) in changes {
        let lease = create(&core, name);
        core.holds.remove(&lease);
        change(&lease).into_iter().for_each(|job| write(&core, job).guard.keep());
        for seq in 2..=5 {
            let answer = write(&core, commit(&lease, seq)).answer;
            assert!(matches!(answer, Answer::Fenced { .. }), "{name}, {seq}: {answer:?}");
        }
    }
    core.close();
}

/// One look-up for what a stranger has written, and not one for each commit from then on.
#[test]
fn a_commit_that_the_fence_lets_pass_is_what_the_log_is_known_to_end_with() {
    let (_folder, core) = opened(SECOND);
    let lease = create(&core, "one");
    let is_known = |seq| {
        let mut writer = core.writer();
        let Writer { sql, tails, .. } = &mut *writer;
        tails.check(sql).unwrap();
        tails.append(&Append::new(&lease, &Commit::empty(seq), 1).unwrap()).is_some()
    };
    // (What changes nothing SQLite does not write.)
    Connection::open(&core.path).unwrap().execute_batch("update prose_runs set updated_at = updated_at + 1").unwrap();
    assert!(!is_known(2));
    assert!(matches!(write(&core, commit(&lease, 2)).answer, Answer::Committed { .. }));
    assert!(is_known(3));
    core.close();
}

/// What was rolled back is not what the log ends with.
#[test]
fn a_batch_that_is_rolled_back_leaves_the_log_as_it_was() {
    let (_folder, core) = opened(SECOND);
    let lease = create(&core, "one");
    let mut refused = commit(&lease, 3);
    if let Job::Commit { append, .. } = &mut refused {
        append.behind.push(Statement { sql: "no SQL", values: Vec::new() });
    }
    let both = [commit(&lease, 2), refused];
    assert!(core.write(&mut core.writer(), &both.each_ref(), SECOND).is_err());
    assert!(matches!(write(&core, commit(&lease, 4)).answer, Answer::Fenced { .. }));
    assert!(matches!(write(&core, commit(&lease, 2)).answer, Answer::Committed { .. }));
    core.close();
}

/// An instant never goes back, whether it is looked up or known.
#[test]
fn a_commit_is_not_earlier_than_the_one_before() {
    let (_folder, core) = opened(SECOND);
    let lease = create(&core, "one");
    let other = Connection::open(&core.path).unwrap();
    // The clocks of the commits stand at 1.
    write(&core, commit(&lease, 2));
    other.execute_batch("update prose_runs set updated_at = updated_at + 1").unwrap();
    write(&core, commit(&lease, 3));
    assert_eq!(instants(&other), (1, 3));
    core.close();
}

#[test]
fn a_claim_in_the_midst_is_not_earlier_than_the_commit_before() {
    let (_folder, core) = opened(SECOND);
    let lease = create(&core, "one");
    let other = Connection::open(&core.path).unwrap();
    // The clock was set back since.
    other.execute_batch("update prose_commits set at = at + 3600000").unwrap();
    write(&core, Job::Reclaim { lease, seq: 2 });
    assert_eq!(instants(&other), (1, 2));
    core.close();
}

/// A claim whose answer nobody takes is no claim.
#[test]
fn an_answer_that_is_dropped_gives_the_run_back() {
    let (_folder, core) = opened(SECOND);
    let lease = create(&core, "one");
    core.release(&lease);
    let key = RunKey::new("one");
    let reply = write(&core, Job::Claim(claim(key.clone())));
    assert!(matches!(reply.answer, Answer::Claimed(_)) && core.holds.contains(&key, 2));
    drop(reply);
    assert!(core.holds.is_empty());
    core.close();
}

/// Also where both ask in one transaction, before anything of it is on the disk.
#[test]
fn of_two_claims_in_one_batch_one_wins() {
    let (_folder, core) = opened(SECOND);
    let lease = create(&core, "one");
    core.release(&lease);
    let request = claim(lease.key);
    let results = core.write_all(&[&Job::Claim(request.clone()), &Job::Claim(request)]);
    let [first, second] = <[_; 2]>::try_from(results).unwrap().map(|result| result.unwrap().answer);
    assert!(matches!(first, Answer::Claimed(_)), "{first:?}");
    assert!(matches!(second, Answer::Held(2)), "{second:?}");
    core.close();
}

/// Otherwise nobody else could write to the file.
#[test]
fn a_panic_leaves_no_transaction_open() {
    let (_folder, core) = opened(MINUTE);
    let lease = create(&core, "one");
    write(&core, Job::Release(lease));
    let panics = claim_due(|_| panic!("a misfit"));
    let writes = std::panic::AssertUnwindSafe(|| core.write_all(&[&panics]));
    std::panic::catch_unwind(writes).unwrap_err();
    assert!(core.writer().sql.is_autocommit());
    create(&core, "two");
    core.close();
}

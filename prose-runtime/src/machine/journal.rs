//! What a run has staged since its last commit, and what it was resumed with. Pure: it makes commits and writes none.

use super::undoable::Undoable;
use crate::Json;
use crate::store::checkpoint::State;
use crate::store::commit::{Commit, Ending, Outgoing, Phase, Position, Undoing, Undone, Write};
use crate::store::fold::Folded;
use crate::store::signals::SignalUse;

/// The pure half of a durable run.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    saved: Folded,
    seq: u64,
    position: Option<Position>,
    completed: Vec<String>,
    writes: Vec<Write>,
    /// How many of the writes belong to steps that are done; the others are of plain code behind them.
    settled: usize,
    dropped: Vec<String>,
    /// How many of the dropped are so whatever becomes of the plain code behind the last finished step.
    dropped_for_good: usize,
    /// Events of steps that are done.
    events: Vec<Outgoing>,
    /// Signals that are taken or refused.
    signals: Vec<SignalUse>,
    /// The entrance of the step that runs is not committed, but travels with its transaction.
    travelling: Option<Travelling>,
    /// How many entrances in a row have travelled.
    travelled: u32,
    pub(crate) undoable: Undoable,
    fingerprint: Option<u64>,
    /// What the last commit took of it.
    fingerprint_told: Option<u64>,
}

/// So many entrances in a row travel with their transactions; then one is a commit of its own. Stores fold a run's log with their own
/// commits alone: behind as many rows, so a loop of transactions is folded as any other.
const MOST_TRAVELLING: u32 = 64;

/// What there was at an entrance that is not committed.
#[derive(Debug)]
struct Travelling {
    /// Where the run stood.
    position: Option<Position>,
    /// How many writes were staged.
    writes: usize,
}

impl Journal {
    /// Goes on from what was saved; `fingerprint` is told if the code that goes on is not the code that wrote it.
    pub(crate) fn resume(mut saved: Folded, fingerprint: Option<u64>) -> Self {
        let undoable = Undoable::resume(std::mem::take(&mut saved.compensable), saved.compensation.take());
        Self { seq: saved.seq, position: saved.position.clone(), saved, undoable, fingerprint, ..Self::default() }
    }

    /// The saved value of a variable.
    pub(crate) fn load(&self, name: &str) -> Option<&Json> {
        self.saved.state.get(name)
    }

    /// Stages a variable for the next commit, in place of what is staged for it since the last finished step.
    pub(crate) fn write(&mut self, name: &str, value: Json) {
        match self.writes[self.settled..].iter_mut().find(|write| write.name == name) {
            Some(write) => write.value = value,
            None => self.writes.push(Write { name: name.to_owned(), value }),
        }
    }

    /// Takes back what is staged for a variable since the last finished step: a commit drops before it writes.
    pub(crate) fn unwrite(&mut self, name: &str) {
        let staged = self.writes.split_off(self.settled);
        self.writes.extend(staged.into_iter().filter(|write| write.name != name));
    }

    /// Stages the end of a variable.
    pub(crate) fn drop(&mut self, name: &str) {
        self.dropped.push(name.to_owned());
    }

    /// The same, whatever becomes of the plain code behind the last finished step.
    pub(crate) fn drop_for_good(&mut self, name: String) {
        self.dropped.insert(self.dropped_for_good, name);
        self.dropped_for_good += 1;
    }

    /// Stages a variable that belongs to no step, whatever becomes of the plain code behind the last finished step.
    pub(crate) fn write_for_good(&mut self, name: String, value: Json) {
        self.writes.insert(self.settled, Write { name, value });
        self.settled += 1;
    }

    /// Where the run stands.
    pub(crate) fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// Copies of these variables, as they are staged since the last finished step.
    pub(crate) fn staged(&self, names: impl Iterator<Item = &'static str>) -> State {
        let staged = |name: &'static str| self.writes[self.settled..].iter().find(|write| write.name == name);
        names.filter_map(staged).map(|write| (write.name.clone(), write.value.clone())).collect()
    }

    /// Stages the events of a step, which is done with it.
    pub(crate) fn publish(&mut self, events: Vec<Outgoing>) {
        self.events.extend(events);
    }

    /// Stages what becomes of a signal.
    pub(crate) fn use_signal(&mut self, id: i64, refused: Option<String>) {
        self.signals.push(SignalUse { id, refused });
    }

    /// Whether a signal was taken that the store still has.
    pub(crate) fn uses_signals(&self) -> bool {
        !self.signals.is_empty()
    }

    /// What is staged since the last finished step: a transaction's outputs, when its body is done.
    pub(crate) fn outputs(&self) -> State {
        self.writes[self.settled..].iter().map(|write| (write.name.clone(), write.value.clone())).collect()
    }

    /// They were rolled back with their transaction.
    pub(crate) fn discard_outputs(&mut self) {
        self.writes.truncate(self.settled);
    }

    /// Stages outputs that no body has given here; they can be loaded.
    pub(crate) fn adopt(&mut self, outputs: State) {
        for (name, value) in outputs.iter() {
            self.write(name, value.clone());
            self.saved.state.set(name.to_owned(), value.clone());
        }
    }

    /// Stages the end of a step's body, in this iteration of each loop around it.
    pub(crate) fn complete(&mut self, step: &str, at: &[u64]) {
        self.completed.push(step.to_owned());
        self.settled = self.writes.len();
        self.stand(step, Phase::Done, at);
    }

    /// Stages an element of a fan-out that is done: the run stays where it stands. `step` is told where the element is one.
    pub(crate) fn element(&mut self, step: Option<&str>, name: String, value: Json) {
        self.completed.extend(step.map(str::to_owned));
        self.writes.push(Write { name, value });
        self.settled = self.writes.len();
    }

    /// The commit of the elements that are done, if there are any.
    pub(crate) fn elements(&mut self) -> Option<Commit> {
        // Where the run stands is known; with thousands of elements it would be most of what is written.
        (self.settled > 0).then(|| Commit { position: None, ..self.commit(None) })
    }

    /// Which elements of a list were saved.
    pub(crate) fn elements_of(&self, list: &str) -> impl Iterator<Item = u64> {
        self.saved.state.elements(list).map(|(index, _)| index)
    }

    /// The commit at the entrance of a step.
    pub(crate) fn enter(&mut self, step: &str, at: &[u64]) -> Commit {
        (self.travelling, self.travelled) = (None, 0);
        self.stand(step, Phase::Entered, at);
        self.commit(None)
    }

    /// Whether an entrance may travel with its transaction: the run stands behind a point that is committed, and nothing is staged but by plain
    /// code, which would run once more.
    pub(crate) fn may_travel(&self) -> bool {
        let Self { position, completed, settled, dropped_for_good, events, signals, fingerprint, .. } = self;
        let is_behind = position.as_ref().is_some_and(|position| position.phase == Phase::Done);
        let nothing_done = completed.is_empty() && events.is_empty() && signals.is_empty();
        let only_plain_code = nothing_done && *settled == 0 && *dropped_for_good == 0;
        is_behind && only_plain_code && fingerprint.is_none() && self.travelled < MOST_TRAVELLING
    }

    /// Whether the entrance of the step that runs travels.
    pub(crate) fn travels(&self) -> bool {
        self.travelling.is_some()
    }

    /// The entrance of a transaction that is committed with it.
    pub(crate) fn enter_with_transaction(&mut self) {
        self.travelled += 1;
        self.travelling = Some(Travelling { position: self.position.clone(), writes: self.writes.len() });
    }

    /// The commit at the entrance of a step where the run waits, out of memory.
    pub(crate) fn wait(&mut self, step: &str, at: &[u64], ending: Ending) -> Commit {
        self.stand(step, Phase::Entered, at);
        self.commit(Some(ending))
    }

    fn stand(&mut self, step: &str, phase: Phase, at: &[u64]) {
        self.position = Some(Position { step: step.to_owned(), phase, at: at.to_owned() });
    }

    /// The last commit. A run that did not complete goes on behind its last finished step: plain code behind it runs
    /// once more, and must not find what it had changed already.
    pub(crate) fn end(&mut self, ending: Ending) -> Commit {
        if !matches!(ending, Ending::Completed { .. }) {
            self.leave_out_plain_code();
        }
        self.commit(Some(ending))
    }

    /// The commit from which on the run undoes what it has done; then it will end so.
    pub(crate) fn turn_back(&mut self, ending: Ending) -> Commit {
        self.leave_out_plain_code();
        Commit { undoing: Some(Undoing::Begun(ending)), ..self.commit(None) }
    }

    fn leave_out_plain_code(&mut self) {
        self.writes.truncate(self.settled);
        self.dropped.truncate(self.dropped_for_good);
    }

    /// The commit that says what became of a compensation.
    pub(crate) fn undone(&mut self, undone: Undone) -> Commit {
        self.seq += 1;
        Commit { undoing: Some(Undoing::Undone(undone)), ..Commit::empty(self.seq) }
    }

    /// The last commit of [`undone`](Self::undone) was refused by the database it travelled with: its number is free again.
    pub(crate) fn not_undone(&mut self) {
        self.seq -= 1;
    }

    /// The run was claimed once more, which may have taken a number.
    pub(crate) fn goes_on_behind(&mut self, seq: u64) {
        self.seq = seq;
    }

    /// The commit of all that is staged, where the run stands now.
    pub(crate) fn commit(&mut self, ending: Option<Ending>) -> Commit {
        self.seq += 1;
        self.fingerprint_told = self.fingerprint;
        self.dropped_for_good = 0;
        Commit {
            seq: self.seq,
            position: self.position.clone(),
            completed: std::mem::take(&mut self.completed),
            writes: self.take_writes(),
            dropped: std::mem::take(&mut self.dropped),
            compensable: self.undoable.take_new(),
            events: std::mem::take(&mut self.events),
            signals: std::mem::take(&mut self.signals),
            undoing: None,
            ending,
            fingerprint: self.fingerprint.take(),
        }
    }

    /// The writes, each variable once: what plain code made of an output counts more than the output.
    fn take_writes(&mut self) -> Vec<Write> {
        let plain = self.writes.split_off(std::mem::take(&mut self.settled));
        let mut writes = std::mem::take(&mut self.writes);
        writes.retain(|write| plain.iter().all(|later| later.name != write.name));
        writes.extend(plain);
        writes
    }

    /// The run is not written as it was moved over: the number of that commit is free again.
    pub(crate) fn not_migrated(&mut self) {
        self.seq -= 1;
    }

    /// The commit that ends a run with which this code could not go on.
    pub(crate) fn unchanged(&mut self, ending: Ending) -> Commit {
        self.seq += 1;
        Commit { ending: Some(ending), ..Commit::empty(self.seq) }
    }

    /// A commit was refused by the database it travelled with: its number is free again, and the body of `step` has not run.
    /// It has taken with it all that was staged, but for what was so at an entrance that travelled as well.
    pub(crate) fn rolled_back(&mut self, step: &str, at: &[u64], commit: Commit) {
        self.seq -= 1;
        self.fingerprint = self.fingerprint_told;
        self.undoable.roll_back();
        match &self.travelling {
            Some(Travelling { position, writes }) => {
                self.position = position.clone();
                self.writes = commit.writes;
                self.writes.truncate(*writes);
                self.dropped = commit.dropped;
            }
            None => self.stand(step, Phase::Entered, at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::commit::Compensable;

    fn json(text: &str) -> Json {
        Json::parse(text.to_owned()).expect("JSON")
    }

    fn at(step: &str, phase: Phase, at: &[u64]) -> Position {
        Position { step: step.to_owned(), phase, at: at.to_owned() }
    }

    #[test]
    fn an_entrance_commits_the_finished_step_with_its_output() {
        let mut journal = Journal::default();
        journal.enter("a", &[]);
        journal.write("x", json("1"));
        journal.complete("a", &[]);
        let commit = journal.enter("b", &[]);
        assert_eq!((commit.seq, commit.completed.as_slice()), (2, ["a".to_owned()].as_slice()));
        assert_eq!(commit.writes, [Write { name: "x".into(), value: json("1") }]);
        assert_eq!(commit.position, Some(at("b", Phase::Entered, &[])));
    }

    #[test]
    fn a_step_in_loops_stands_in_its_iterations() {
        let mut journal = Journal::default();
        assert_eq!(journal.enter("a", &[2, 0]).position, Some(at("a", Phase::Entered, &[2, 0])));
        journal.complete("a", &[2, 0]);
        let commit = journal.end(Ending::Failed { step: None, error: "boom".into() });
        assert_eq!(commit.position, Some(at("a", Phase::Done, &[2, 0])));
    }

    #[test]
    fn elements_that_are_done_are_committed_where_the_run_stands() {
        let mut journal = Journal::default();
        journal.enter("xs", &[]);
        assert_eq!(journal.elements(), None);
        journal.element(None, "xs[1]".into(), json("1"));
        journal.element(Some("user"), "user".into(), json("2"));
        let commit = journal.elements().expect("two elements");
        assert_eq!((commit.seq, commit.position, commit.completed), (2, None, vec!["user".to_owned()]));
        assert_eq!(commit.writes.iter().map(|write| write.name.as_str()).collect::<Vec<_>>(), ["xs[1]", "user"]);
        assert_eq!(journal.elements(), None);
        // What is done and not yet written goes with the ending.
        journal.element(None, "xs[0]".into(), json("0"));
        let ending = journal.end(Ending::Failed { step: None, error: "boom".into() });
        assert_eq!(ending.writes, [Write { name: "xs[0]".into(), value: json("0") }]);
        assert_eq!(ending.position, Some(at("xs", Phase::Entered, &[])));
    }

    #[test]
    fn of_two_values_for_one_variable_the_later_is_committed() {
        let mut journal = Journal::default();
        journal.write("x", json("1"));
        journal.write("x", json("2"));
        assert_eq!(journal.enter("a", &[]).writes, [Write { name: "x".into(), value: json("2") }]);
    }

    #[test]
    fn a_failure_behind_a_step_stands_at_the_exit_of_that_step() {
        let mut journal = Journal::default();
        journal.enter("a", &[]);
        journal.complete("a", &[]);
        let commit = journal.end(Ending::Failed { step: None, error: "boom".into() });
        assert_eq!(commit.position, Some(at("a", Phase::Done, &[])));
    }

    #[test]
    fn a_failure_keeps_an_output_as_the_step_left_it_and_an_entrance_as_plain_code_made_it() {
        let behind_a_step = || {
            let mut journal = Journal::default();
            journal.enter("a", &[]);
            journal.write("x", json("1"));
            journal.complete("a", &[]);
            journal.write("x", json("2"));
            journal
        };
        let failed = behind_a_step().end(Ending::Failed { step: None, error: "boom".into() });
        assert_eq!(failed.writes, [Write { name: "x".into(), value: json("1") }]);
        assert_eq!(behind_a_step().enter("b", &[]).writes, [Write { name: "x".into(), value: json("2") }]);
    }

    #[test]
    fn a_failure_leaves_out_what_plain_code_staged_behind_the_step() {
        let mut journal = Journal::default();
        journal.enter("a", &[]);
        journal.write("output", json("1"));
        journal.complete("a", &[]);
        journal.write("changed", json("2"));
        journal.drop("ended");
        let commit = journal.end(Ending::Failed { step: None, error: "boom".into() });
        assert_eq!(commit.writes, [Write { name: "output".into(), value: json("1") }]);
        assert!(commit.dropped.is_empty());
    }

    #[test]
    fn a_rolled_back_transaction_leaves_its_number_and_nothing_staged() {
        let mut journal = Journal::default();
        journal.enter("tx", &[]);
        journal.write("x", json("1"));
        journal.complete("tx", &[]);
        let commit = journal.commit(None);
        assert_eq!(commit.seq, 2);
        journal.rolled_back("tx", &[], commit);
        let again = journal.commit(None);
        assert_eq!((again.seq, again.writes.len(), again.completed.len()), (2, 0, 0));
    }

    #[test]
    fn an_entrance_that_travels_with_its_transaction_survives_its_being_rolled_back() {
        let mut journal = Journal::default();
        journal.enter("one", &[]);
        journal.complete("one", &[]);
        let stood = journal.commit(None).position;
        assert!(journal.may_travel());
        journal.write("plain", json("1"));
        journal.drop("gone");
        journal.enter_with_transaction();
        for _ in 0..2 {
            journal.write("output", json("2"));
            journal.complete("two", &[]);
            let commit = journal.commit(None);
            assert_eq!((commit.seq, commit.position.clone()), (3, Some(at("two", Phase::Done, &[]))));
            assert_eq!(commit.writes.iter().map(|write| write.name.as_str()).collect::<Vec<_>>(), ["plain", "output"]);
            assert_eq!(commit.dropped, ["gone"]);
            journal.rolled_back("two", &[], commit);
        }
        // Once it has failed for good, the plain code in front of it is to run again.
        let failed = journal.end(Ending::Failed { step: Some("two".into()), error: "boom".into() });
        assert_eq!((failed.position, failed.writes.len(), failed.dropped.len()), (stood, 0, 0));
    }

    #[test]
    fn what_a_step_has_done_waits_for_no_transaction() {
        let mut journal = Journal::default();
        assert!(!journal.may_travel(), "the run's first commit creates it");
        journal.enter("step", &[]);
        assert!(!journal.may_travel());
        journal.write("output", json("1"));
        journal.complete("step", &[]);
        assert!(!journal.may_travel());
        journal.commit(None);
        assert!(journal.may_travel());
    }

    #[test]
    fn not_all_entrances_in_a_row_travel() {
        let mut journal = Journal::default();
        journal.enter("tx", &[0]);
        for _ in 0..MOST_TRAVELLING {
            journal.complete("tx", &[0]);
            journal.commit(None);
            assert!(journal.may_travel());
            journal.enter_with_transaction();
        }
        journal.complete("tx", &[1]);
        journal.commit(None);
        assert!(!journal.may_travel());
        journal.enter("tx", &[2]);
        journal.complete("tx", &[2]);
        journal.commit(None);
        assert!(journal.may_travel());
    }

    #[test]
    fn a_rolled_back_transaction_has_not_told_which_code_goes_on() {
        let mut journal = Journal::resume(Folded { seq: 3, ..Folded::default() }, Some(9));
        let commit = journal.commit(None);
        assert_eq!(commit.fingerprint, Some(9));
        journal.rolled_back("tx", &[], commit);
        assert_eq!(journal.commit(None).fingerprint, Some(9));
        assert_eq!(journal.commit(None).fingerprint, None);
    }

    #[test]
    fn what_is_taken_back_was_never_staged() {
        let mut journal = Journal::default();
        journal.write("a", json("1"));
        journal.complete("one", &[]);
        journal.write("a", json("2"));
        journal.write("b", json("3"));
        journal.unwrite("a");
        assert_eq!(journal.commit(None).writes.iter().map(|write| &write.name).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_receipt_is_adopted_as_if_the_body_had_run() {
        let mut journal = Journal::default();
        journal.enter("tx", &[]);
        journal.write("x", json("1"));
        assert_eq!(journal.outputs(), [("x".to_owned(), json("1"))].into_iter().collect());
        journal.discard_outputs();
        assert!(journal.outputs().is_empty());
        journal.adopt([("x".to_owned(), json("2"))].into_iter().collect());
        journal.complete("tx", &[]);
        assert_eq!(journal.load("x"), Some(&json("2")));
        assert_eq!(journal.enter("b", &[]).writes, [Write { name: "x".into(), value: json("2") }]);
    }

    #[test]
    fn a_run_that_turns_back_keeps_the_finished_step_with_what_undoes_it() {
        let mut journal = Journal::default();
        journal.enter("a", &[3]);
        journal.write("x", json("1"));
        journal.write("y", json("2"));
        let outputs = journal.staged(["x", "z"].into_iter());
        assert_eq!(outputs, [("x".to_owned(), json("1"))].into_iter().collect());
        let step = Compensable { step: "a".into(), at: vec![3], outputs };
        journal.undoable.push(step.clone());
        journal.complete("a", &[3]);
        journal.write("x", json("5"));
        let commit = journal.turn_back(Ending::Cancelled { step: None });
        assert_eq!(commit.compensable, [step]);
        assert_eq!(commit.completed, ["a"]);
        assert_eq!(commit.writes.iter().map(|write| write.value.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(commit.undoing, Some(Undoing::Begun(Ending::Cancelled { step: None })));
    }

    #[test]
    fn what_was_saved_is_loaded_and_numbers_go_on() {
        let mut saved = Folded { seq: 7, ..Folded::default() };
        saved.state.set("x".into(), json("[1]"));
        let mut journal = Journal::resume(saved, Some(9));
        assert_eq!(journal.load("x"), Some(&json("[1]")));
        let commit = journal.enter("b", &[]);
        assert_eq!((commit.seq, commit.fingerprint), (8, Some(9)));
        assert_eq!(journal.enter("c", &[]).fingerprint, None);
    }
}

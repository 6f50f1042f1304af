//! The property of one flow.

use super::choices::Choices;
use super::direct;
use super::expansion::Expansion;
use super::log::{Key, Log, Ran};
use super::machine::{self, Crash};
use super::rust::{Stop, Value};
use super::store::Saved;
use syn::ItemFn;

/// A run that ends in nothing but its result.
const UNDISTURBED: Option<Crash> = None;

/// How often at most a flow is run with a crash, and how often a run is crashed in a row.
const CRASHES: usize = 40;
const IN_A_ROW: usize = 4;

/// Tells why the property does not hold, if it does not.
pub(super) fn holds(flow: &str, mut choices: Choices<'_>) -> Result<(), String> {
    let flow: ItemFn = syn::parse_str(flow).map_err(|error| format!("the flow does not parse: {error}"))?;
    let input = input(&mut choices);
    let (expected, log) = direct::run(&flow, input.clone());
    let expected = expected.map_err(|stop| format!("the flow itself is wrong: {stop}"))?.to_string();
    let expansion = Expansion::of(&flow).map_err(|why| format!("the flow is refused: {why}"))?;
    let mut case = Case { expansion, input, expected, log, commits: Vec::new() };
    case.undisturbed()?;
    let all: Vec<Crash> =
        (1..=case.commits.len()).flat_map(|commit| [false, true].map(|behind| Crash { commit, behind })).collect();
    // All of them, if they are few.
    let step = all.len().div_ceil(CRASHES).max(1);
    let first = choices.below(step);
    for crash in all.iter().skip(first).step_by(step) {
        case.crashed(&[*crash])?;
    }
    let mut several: Vec<Crash> = (0..IN_A_ROW).filter_map(|_| choices.one(&all)).collect();
    several.sort_by_key(|crash| (crash.commit, crash.behind));
    case.crashed(&several)
}

fn input(choices: &mut Choices<'_>) -> Value {
    let list = |count: usize| Value::List((0..count).map(|i| Value::Int(i as i64 + 3)).collect());
    let coupon = match choices.below(2) {
        0 => Value::variant("None", Vec::new()),
        _ => Value::variant("Some", vec![list(2)]),
    };
    let kind = match choices.below(3) {
        0 => Value::variant("Cash", Vec::new()),
        1 => Value::variant("Card", vec![Value::Int(4)]),
        _ => Value::variant("Wire", vec![list(1)]),
    };
    let n = Value::Int(choices.below(10) as i64);
    let fields = [("n", n), ("items", list(choices.below(4))), ("coupon", coupon), ("kind", kind)];
    Value::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A flow, and what it is to do.
struct Case {
    expansion: Expansion,
    input: Value,
    expected: String,
    log: Log,
    /// What is saved after each commit, if nothing disturbs the run.
    commits: Vec<String>,
}

impl Case {
    fn undisturbed(&mut self) -> Result<(), String> {
        let mut saved = Saved::default();
        let (result, log) = machine::run(&self.expansion, self.input.clone(), &mut saved, UNDISTURBED);
        self.is_result(result)?;
        self.is_rest(&[], &log, true)?;
        self.commits = saved.history;
        Ok(())
    }

    /// The process is killed, and the run goes on, as often as this.
    fn crashed(&self, crashes: &[Crash]) -> Result<(), String> {
        self.resumed(crashes).map_err(|why| format!("{why}\nwith {crashes:?}"))
    }

    fn resumed(&self, crashes: &[Crash]) -> Result<(), String> {
        let mut saved = Saved::default();
        for crash in crashes {
            if crash.commit <= saved.history.len() {
                continue;
            }
            self.part(&mut saved, Some(*crash))?;
        }
        self.part(&mut saved, UNDISTURBED)?;
        // A run that failed is started again, and one that completed gives its result again.
        self.part(&mut saved, UNDISTURBED)
    }

    /// Goes on with a run until it ends or crashes.
    fn part(&self, saved: &mut Saved, crash: Option<Crash>) -> Result<(), String> {
        let done = saved.done.clone();
        let (result, log) = machine::run(&self.expansion, self.input.clone(), saved, crash);
        let ended = !matches!(result, Ok(None));
        if ended {
            self.is_result(result)?;
        }
        self.is_rest(&done, &log, ended)?;
        // A run that failed may be started more often, and its end be written more often.
        let differs = saved.history.iter().zip(&self.commits).find(|(written, expected)| written != expected);
        differs
            .map_or(Ok(()), |(written, expected)| Err(format!("a commit is\n  {written}\nin place of\n  {expected}")))
    }

    fn is_result(&self, result: Result<Option<Value>, Stop>) -> Result<(), String> {
        match result {
            Ok(Some(result)) if result.to_string() == self.expected => Ok(()),
            Ok(Some(result)) => Err(format!("the result is {result} in place of {}", self.expected)),
            Ok(None) => Err("a crash that nobody wanted".to_owned()),
            Err(stop) => Err(format!("{stop}")),
        }
    }

    /// The bodies that ran are those behind what was done.
    fn is_rest(&self, done: &[Key], log: &Log, to_the_end: bool) -> Result<(), String> {
        let rest: Vec<Ran> = self.log.0.iter().filter(|ran| !done.contains(&ran.key())).cloned().collect();
        let as_expected = if to_the_end { rest == log.0 } else { rest.starts_with(&log.0) };
        if as_expected {
            return Ok(());
        }
        let both = rest.iter().map(Some).chain(std::iter::repeat(None)).zip(&log.0);
        let first = both.into_iter().find(|(wanted, ran)| *wanted != Some(*ran));
        Err(format!(
            "of what ran, the first difference is {first:?} ({} bodies in place of {})",
            log.0.len(),
            rest.len()
        ))
    }
}

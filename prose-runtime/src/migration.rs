//! Moving a run of an older version over to this code.

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Json;
use crate::flow::Meta;
use crate::store::checkpoint::State;
use crate::store::fold::Folded;
use crate::store::{Migrated, Phase, Position, RunState};
use crate::value::{ValueError, read, variable, write};

/// A run of an older version, as the function changes it that moves it over to the next one.
///
/// Such a function is named in `#[flow(version = 2, migrate(1 = from_v1))]`. It is called when the run is called with the new
/// code, and looks at the run's input, variables and position, and changes what the new code has otherwise:
///
/// ```
/// use prose::{Ctx, Migration, ValueError, flow};
/// # mod v1 { #[derive(serde::Deserialize)] pub struct Order { pub amount: f64 } }
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Order { cents: u64, currency: String }
///
/// #[flow(version = 2, migrate(1 = from_v1))]
/// async fn process_order(_ctx: Ctx, order: Order) -> Result<u64, std::convert::Infallible> {
///     #[step]
///     let total: u64 = order.cents;
///     #[step(name = "charge card")]
///     let paid: u64 = total;
///     Ok(paid)
/// }
///
/// fn from_v1(run: &mut Migration) -> Result<(), ValueError> {
///     let old: v1::Order = run.input()?;
///     run.set_input(&Order { cents: (old.amount * 100.0) as u64, currency: "EUR".to_owned() })?;
///     if let Some(total) = run.get::<f64>("total")? {
///         run.set("total", &((total * 100.0) as u64))?;
///     }
///     run.rename_step("charge", "charge card"); // a run that stands there goes on at the new name
///     Ok(())
/// }
/// ```
///
/// Runs of any older version come over: a function moves them to the next version that has one, the last one to this code's. So
/// `#[flow(version = 3, migrate(1 = from_v1, 2 = from_v2))]` calls `from_v1` and then `from_v2` for a run of version 1, and
/// without the second entry it is `from_v1` that makes a run of version 3.
///
/// What it has changed is written at once, with the new version, in one commit, and not before this code could read all that it needs:
/// a crash leaves the run in the old version or in the new one. If the function fails, or leaves out a variable that is needed where the
/// run stands, or something there is of another type, the call fails with [`Error::CodeChanged`](crate::Error::CodeChanged), and the run stays what it
/// was. So the function may be called again for the same run; it should do nothing but change what it is given. Runs that are
/// completed or cancelled are never touched, those that have failed when they are called again.
#[derive(Debug)]
pub struct Migration {
    run_id: String,
    version: u32,
    input: Json,
    folded: Folded,
}

impl Migration {
    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The version that the run is moved away from.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The input as it was saved.
    ///
    /// # Errors
    /// If it is no `T`.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        read(&self.run_id, "the input", &self.input)
    }

    /// Gives the run another input. Behind the last function it must be one that the flow takes.
    ///
    /// # Errors
    /// If it cannot be saved.
    pub fn set_input<T: Serialize>(&mut self, input: &T) -> Result<(), ValueError> {
        self.input = write(&self.run_id, "the input", input)?;
        Ok(())
    }

    /// All variables by the names that they are saved under: `n`, `n#2` for the second of that name in the flow, and `xs[0]`, `xs[1]`
    /// for what a fan-out has given.
    pub fn variables(&self) -> &State {
        &self.folded.state
    }

    /// A variable; `None` if it is not saved, since the run has not come so far, say.
    ///
    /// # Errors
    /// If it is saved, and no `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ValueError> {
        let value = self.folded.state.get(name);
        value.map(|value| read(&self.run_id, &variable(name), value)).transpose()
    }

    /// Sets a variable: a new one, or one that is there.
    ///
    /// # Errors
    /// If the value cannot be saved.
    pub fn set<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), ValueError> {
        let value = write(&self.run_id, &variable(name), value)?;
        self.folded.state.set(name.to_owned(), value);
        Ok(())
    }

    /// Gives a variable another name, with its elements where it has some. `false` if it is not saved.
    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        let state = &mut self.folded.state;
        let whole = state.get(from).map(|value| (to.to_owned(), value.clone()));
        let elements = state.elements(from).map(|(index, value)| (format!("{to}[{index}]"), value.clone()));
        let moved: Vec<_> = whole.into_iter().chain(elements).collect();
        state.remove(from);
        let found = !moved.is_empty();
        moved.into_iter().for_each(|(name, value)| state.set(name, value));
        found
    }

    /// Removes a variable. Those that no step needs may as well stay.
    pub fn remove(&mut self, name: &str) {
        self.folded.state.remove(name);
    }

    /// Where the run stands; `None`: in front of its first step.
    pub fn position(&self) -> Option<&Position> {
        self.folded.position.as_ref()
    }

    /// Whether a step is done.
    pub fn is_done(&self, step: &str) -> bool {
        self.folded.completed.iter().any(|done| done == step)
    }

    /// Gives a step another name: the run goes on there, if it stood at the old one.
    pub fn rename_step(&mut self, from: &str, to: &str) {
        let Folded { completed, position, compensable, .. } = &mut self.folded;
        let position = position.as_mut().map(|position| &mut position.step);
        let steps = completed.iter_mut().chain(position).chain(compensable.iter_mut().map(|step| &mut step.step));
        for step in steps.filter(|step| *step == from) {
            to.clone_into(step);
        }
    }

    /// Lets the run go on with the body of this step, which is in no loop.
    pub fn go_on_at(&mut self, step: &str) {
        self.set_position(Position { step: step.to_owned(), phase: Phase::Entered, at: Vec::new() });
    }

    /// Lets the run go on behind this step, which is in no loop: its body counts as done, and its output must be saved.
    pub fn go_on_behind(&mut self, step: &str) {
        self.set_position(Position { step: step.to_owned(), phase: Phase::Done, at: Vec::new() });
    }

    /// Lets the run go on here. `at` has a number for each loop around the step, the outermost first.
    pub fn set_position(&mut self, position: Position) {
        self.folded.position = Some(position);
    }
}

/// One step of the way from an older version to this code's.
#[derive(Debug)]
pub struct Migrate {
    /// The version that it takes.
    pub from: u32,
    /// The user's function.
    pub run: fn(&mut Migration) -> Result<(), Failed>,
}

/// How a user's function fails.
pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// A user's function, whatever its error.
#[diagnostic::on_unimplemented(
    message = "this function cannot move a run over to the next version",
    label = "it is no `fn(&mut prose::Migration) -> Result<(), E>`",
    note = "a run of an older version goes on as the function leaves it; `E` is any error, such as `prose::ValueError` or `String`"
)]
pub trait Moves<E> {
    /// Calls it.
    fn call(self, run: &mut Migration) -> Result<(), Failed>;
}

#[diagnostic::do_not_recommend]
impl<F: FnOnce(&mut Migration) -> Result<(), E>, E: Into<Failed>> Moves<E> for F {
    fn call(self, run: &mut Migration) -> Result<(), Failed> {
        self(run).map_err(Into::into)
    }
}

/// Calls a user's function.
pub fn call<E>(function: impl Moves<E>, run: &mut Migration) -> Result<(), Failed> {
    function.call(run)
}

/// Moves a run over to this code's version. An error says why there is no way; the run is what it was.
pub(crate) fn migrate(way: &[Migrate], meta: &Meta, state: &RunState) -> Result<Migrated, String> {
    let run = &state.run;
    let mut migration = Migration {
        run_id: run.key.run_id.clone(),
        version: run.version,
        input: run.input.clone(),
        folded: state.folded.clone(),
    };
    while migration.version != meta.version {
        let version = migration.version;
        let step = way.iter().find(|step| step.from == version).ok_or_else(|| no_way(version, meta.version))?;
        (step.run)(&mut migration).map_err(|error| format!("its migration from version {version} failed: {error}"))?;
        let next = way.iter().map(|step| step.from).filter(|from| *from > version).min();
        migration.version = next.unwrap_or(meta.version);
    }
    let Migration { version, input, mut folded, .. } = migration;
    folded.seq += 1;
    folded.fingerprint = Some(meta.fingerprint);
    Ok(Migrated { version, input, folded })
}

/// Why there is no way from a version to this code's; `None`: there is one, as far as versions tell.
pub(crate) fn no_way_from(way: &[Migrate], meta: &Meta, version: u32) -> Option<String> {
    let is_known = version == meta.version || way.iter().any(|step| step.from == version);
    (!is_known).then(|| no_way(version, meta.version))
}

fn no_way(saved: u32, code: u32) -> String {
    if saved > code {
        return format!("it is of version {saved}, this code is version {code}; call it with code of version {saved}");
    }
    format!(
        "it is of version {saved}, this code is version {code}; write `migrate({saved} = ..)` in its `#[flow(version = {code})]`, with \
         a fn that moves the run over"
    )
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::store::{NewRun, RunKey};

    fn code(version: u32) -> Meta {
        Meta { name: "f", version, fingerprint: 9, variables: &[], points: &[] }
    }

    fn run(version: u32) -> RunState {
        let run = NewRun {
            key: RunKey::new("r"),
            uid: "u".to_owned(),
            flow: "f".to_owned(),
            version,
            fingerprint: 1,
            input: Json::parse("1".to_owned()).expect("JSON"),
            correlation_id: "c".to_owned(),
            created_at: SystemTime::UNIX_EPOCH,
            parent: None,
        };
        let mut folded = Folded { seq: 4, completed: vec!["a".to_owned(), "b".to_owned()], ..Folded::default() };
        folded.position = Some(Position { step: "b".to_owned(), phase: Phase::Done, at: Vec::new() });
        folded.state.set("x".to_owned(), Json::parse("1".to_owned()).expect("JSON"));
        RunState { run, folded, updated_at: SystemTime::UNIX_EPOCH, cancel_asked: false }
    }

    fn note(run: &mut Migration) -> Result<(), Failed> {
        let seen: Vec<u32> = run.get("seen")?.unwrap_or_default();
        let seen: Vec<u32> = seen.into_iter().chain([run.version()]).collect();
        Ok(run.set("seen", &seen)?)
    }

    fn seen(migrated: &Migrated) -> &str {
        migrated.folded.state.get("seen").expect("it was set").as_str()
    }

    #[test]
    fn functions_are_chained_from_version_to_version() {
        let way = [Migrate { from: 1, run: note }, Migrate { from: 2, run: note }, Migrate { from: 5, run: note }];
        let migrated = migrate(&way, &code(7), &run(1)).expect("a way");
        assert_eq!((migrated.version, seen(&migrated)), (7, "[1,2,5]"));
        assert_eq!((migrated.folded.seq, migrated.folded.fingerprint), (5, Some(9)));
        assert_eq!(seen(&migrate(&way, &code(7), &run(2)).expect("a way")), "[2,5]");
    }

    #[test]
    fn a_version_without_a_function_is_told_what_to_write() {
        let way = [Migrate { from: 1, run: note }];
        let missing = migrate(&way, &code(3), &run(2)).expect_err("no way");
        assert!(missing.contains("migrate(2 = ..)") && missing.contains("version 3"), "{missing}");
        let newer = migrate(&way, &code(3), &run(4)).expect_err("no way back");
        assert!(newer.contains("code of version 4"), "{newer}");
    }

    #[test]
    fn a_renamed_step_is_renamed_wherever_it_stands() {
        fn rename(run: &mut Migration) -> Result<(), Failed> {
            run.rename_step("b", "bb");
            assert!(run.is_done("bb") && !run.is_done("b"));
            assert!(run.rename("x", "y") && !run.rename("x", "z"));
            Ok(())
        }
        let migrated = migrate(&[Migrate { from: 1, run: rename }], &code(2), &run(1)).expect("a way");
        assert_eq!(migrated.folded.completed, ["a", "bb"]);
        assert_eq!(
            migrated.folded.position,
            Some(Position { step: "bb".to_owned(), phase: Phase::Done, at: Vec::new() })
        );
        assert!(migrated.folded.state.get("x").is_none() && migrated.folded.state.get("y").is_some());
    }
}

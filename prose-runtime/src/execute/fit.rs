//! Whether this code can go on with a run, and where: its points and variables beside those of the code that wrote the run.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::flow::{Meta, PointKind, PointMeta};
use crate::store::code::Shape;
use crate::store::fold::Folded;
use crate::store::{Phase, Position, Store, StoreError};

/// A place in this code where a run can go on, as far as code can tell that was compared with code.
#[derive(Debug)]
pub(crate) struct Fit {
    pub(crate) point: u16,
    pub(crate) retyped: Vec<Retyped>,
}

/// A variable that is declared with another type than in the code that saved it. Its value may fit all the same (`u32` and
/// `u64`, a type that was renamed), so decoding decides; this is for the words when it does not.
#[derive(Debug, PartialEq)]
pub(crate) struct Retyped {
    pub(crate) name: &'static str,
    pub(crate) saved: String,
    pub(crate) code: &'static str,
}

/// A fit, or why there is none. Shared by all runs that stand alike.
pub(crate) type Compared = Arc<Result<Fit, String>>;

/// Compares this code with the code that wrote a position; each pair and place once in a process, however many runs.
pub(super) async fn compared(
    meta: &'static Meta,
    store: &dyn Store,
    written_by: u64,
    position: &Position,
) -> Result<Compared, StoreError> {
    if written_by == meta.fingerprint {
        return Ok(Arc::new(compare(meta, None, position)));
    }
    let pair = Pair::of(meta, written_by, position);
    if let Some(known) = known().get(&pair) {
        return Ok(known.clone());
    }
    // Where there is none, names alone are compared.
    let shape = Shape::kept(store, written_by).await?;
    let compared = Arc::new(compare(meta, shape.as_ref(), position));
    known().insert(pair, compared.clone());
    Ok(compared)
}

/// The same, of what is known in this process without asking a store; `None`: nothing is known of the code that wrote it.
pub(super) fn compared_here(meta: &'static Meta, written_by: u64, position: &Position) -> Option<Compared> {
    if written_by == meta.fingerprint {
        return Some(Arc::new(compare(meta, None, position)));
    }
    known().get(&Pair::of(meta, written_by, position)).cloned()
}

#[derive(PartialEq, Eq, Hash)]
struct Pair {
    code: u64,
    written_by: u64,
    step: String,
    phase: Phase,
    /// In which turn of each a run stands tells nothing: so there are no more pairs than places in the code.
    loops: usize,
}

impl Pair {
    fn of(meta: &Meta, written_by: u64, position: &Position) -> Self {
        let Position { step, phase, at } = position;
        Self { code: meta.fingerprint, written_by, step: step.clone(), phase: *phase, loops: at.len() }
    }
}

fn known() -> MutexGuard<'static, HashMap<Pair, Compared>> {
    static KNOWN: LazyLock<Mutex<HashMap<Pair, Compared>>> = LazyLock::new(Mutex::default);
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn compare(meta: &'static Meta, written: Option<&Shape>, position: &Position) -> Result<Fit, String> {
    let Some(index) = meta.points.iter().position(|point| point.name == position.step) else {
        return Err("this code has no step of that name".to_owned());
    };
    if let Some(old) = written.and_then(|shape| shape.points.iter().find(|point| point.name == position.step)) {
        same_progress(&meta.points[index], &old.kind, position.phase)?;
    }
    let (loops, turns) = (meta.points[index].loops, position.at.len());
    if usize::from(loops) != turns {
        let s = if turns == 1 { "" } else { "s" };
        return Err(format!("it stands in turns of {turns} loop{s}, and {loops} are around that step in this code"));
    }
    let retyped = written.map(|shape| retyped(meta, index, position.phase, shape)).unwrap_or_default();
    Ok(Fit { point: index as u16, retyped })
}

/// Some points keep what they have done so far in a way of their own, which another kind of point would not find.
fn same_progress(point: &PointMeta, old: &str, phase: Phase) -> Result<(), String> {
    let of_its_own = [PointKind::Parallel, PointKind::Each, PointKind::Child, PointKind::Sleep, PointKind::Signal];
    let of_its_own = of_its_own.map(PointKind::as_str);
    let code = point.kind.as_str();
    let differs = code != old && [code, old].iter().any(|kind| of_its_own.contains(kind));
    if differs && phase == Phase::Entered {
        return Err(format!("that step was a `#[{old}]` and may be half done, and is a `#[{code}]` in this code"));
    }
    Ok(())
}

/// The variables whose declared type is another one. Where one of both was inferred, nothing is known.
fn retyped(meta: &'static Meta, point: usize, phase: Phase, written: &Shape) -> Vec<Retyped> {
    let differs = |name: &'static str, code: &'static str| {
        let saved =
            written.variables.get(name).filter(|saved| !saved.is_empty() && !code.is_empty() && *saved != code)?;
        Some(Retyped { name, saved: saved.clone(), code })
    };
    meta.needed(point, phase).filter_map(|variable| differs(variable.name, variable.ty)).collect()
}

/// A variable that is needed where the run goes on, and is not in its checkpoint.
pub(super) fn missing(meta: &'static Meta, point: u16, phase: Phase, saved: &Folded) -> Option<&'static str> {
    let mut needed = meta.needed(usize::from(point), phase);
    needed.find(|variable| !saved.has(variable.name)).map(|variable| variable.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_known_does_not_grow_with_the_turns_in_which_runs_stand() {
        static META: Meta = Meta { name: "turns", version: 1, fingerprint: u64::MAX, variables: &[], points: &[] };
        let store = crate::MemoryStore::new();
        let of_it = |pair: &Pair| pair.code == META.fingerprint;
        for turn in 0..100 {
            let position = Position { step: "a".to_owned(), phase: Phase::Entered, at: vec![turn, 7] };
            assert!(compared_here(&META, 1, &position).is_some() == (turn > 0));
            compared(&META, &store, 1, &position).await.unwrap();
        }
        assert_eq!(known().keys().filter(|pair| of_it(pair)).count(), 1);
    }
}

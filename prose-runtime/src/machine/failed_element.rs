//! An element of a fan-out that has failed beside children that wait: the run fails with it when those have ended, by a later execution, which
//! must not run the element again.

use super::branch::Place;
use super::fan_out::Failure;
use super::runner::step_name;
use super::{ChildEnd, Exit, FailedElement, Machine};
use crate::codec::{decode, encode};
use crate::error::Error;
use crate::execute::panic_text;

impl Machine {
    /// How an element of this fan-out has failed, in an earlier execution.
    pub(super) fn failed_element(&self, point: u16) -> Option<FailedElement> {
        let owner = self.owner.as_ref().filter(|_| self.resumed_here)?;
        decode(owner.journal.load(&variable(self.point(point).name))?).ok()
    }

    /// Stages how an element has failed. `false`: it has not; what lies beneath it has.
    pub(super) fn keep_failure(&mut self, point: u16, place: Place, failure: &Failure) -> bool {
        let name = variable(self.point(point).name);
        let Some(failed) = self.as_kept(place, failure) else { return matches!(failure, Failure::Before(_)) };
        if let (Some(owner), Ok(json)) = (&mut self.owner, encode(&failed)) {
            owner.journal.write_for_good(name, json);
        }
        true
    }

    /// The run fails now, with that or with anything else: started again, it runs the element again.
    pub(crate) fn forget_failed_element(&mut self) {
        let Some(owner) = &mut self.owner else { return };
        let name = owner.journal.position().map(|position| variable(&position.step));
        if let Some(name) = name.filter(|name| owner.journal.load(name).is_some()) {
            owner.journal.drop_for_good(name);
        }
    }

    fn as_kept(&self, place: Place, failure: &Failure) -> Option<FailedElement> {
        let (error, for_good) = match failure {
            Failure::Own(error) => (error.clone(), true),
            Failure::Panicked(panic) => (format!("panicked: {}", panic_text(&**panic)), false),
            Failure::Stopped(Exit::StepTimeout { step, after }) => {
                (Error::<()>::StepTimeout { step: step.to_string(), after: *after }.text(""), true)
            }
            Failure::Stopped(Exit::Unsavable { variable, reason }) => {
                (format!("variable `{variable}` cannot be saved: {reason}"), false)
            }
            Failure::Stopped(Exit::Child { source, why, .. }) if *why != ChildEnd::Interrupted => {
                (source.to_string(), *why == ChildEnd::ForGood)
            }
            Failure::Stopped(_) | Failure::Before(_) => return None,
        };
        Some(FailedElement { step: step_name(self.point(place.point).name, place.index).into_owned(), error, for_good })
    }
}

/// The variable that says how an element of a fan-out has failed.
fn variable(point: &str) -> String {
    format!("{point}:failed")
}

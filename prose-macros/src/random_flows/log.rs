//! What a flow does to the world: which bodies ran, in which turns of the loops, and what they saw.

/// A body that ran.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Ran {
    pub(super) step: String,
    pub(super) at: Vec<i64>,
    pub(super) seen: Vec<String>,
}

/// Which body in which turns: its key.
pub(super) type Key = (String, Vec<i64>);

impl Ran {
    pub(super) fn key(&self) -> Key {
        (self.step.clone(), self.at.clone())
    }
}

/// The bodies that ran, in order.
#[derive(Default, PartialEq, Debug)]
pub(super) struct Log(pub(super) Vec<Ran>);

impl Log {
    pub(super) fn begin(&mut self, step: &str, at: &[i64]) {
        self.0.push(Ran { step: step.to_owned(), at: at.to_vec(), seen: Vec::new() });
    }

    /// Something that the running body sees.
    pub(super) fn act(&mut self, seen: String) {
        if let Some(ran) = self.0.last_mut() {
            ran.seen.push(seen);
        }
    }
}

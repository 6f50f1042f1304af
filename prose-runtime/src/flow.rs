//! What `#[flow]` makes of a function: a type that the runtime can drive.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Codec, Saved};
use crate::database::Isolation;
use crate::execute::Typed;
use crate::graph::Graph;
use crate::machine::Machine;
use crate::migration::Migrate;
use crate::store::Phase;
use crate::typed::TypedCheckpoint;
use crate::{Ctx, Json};

/// A flow. Implemented by `#[flow]`, for the type `name_of_the_fn::Flow`; never by hand.
///
/// Code that is generic over flows asks for what it does with their types: [`RunValue`] and [`FlowError`] tell only that these can be
/// saved and shown.
///
/// ```
/// use prose::{Flow, FlowError};
/// use serde::Serialize;
///
/// /// What an audit log keeps of a call.
/// fn audited<F>(input: &F::Input, outcome: &Result<F::Output, F::Error>) -> serde_json::Result<String>
/// where
///     F: Flow<Input: Serialize>,
/// {
///     let input = serde_json::to_string(input)?;
///     Ok(match outcome {
///         Ok(_) => format!("{input}: done"),
///         Err(error) => format!("{input}: {}", error.shown()),
///     })
/// }
/// ```
pub trait Flow: Sized + Send + 'static {
    /// What its steps call: clients, pools, configuration.
    type Deps: Send + Sync + 'static;
    /// What it is called with. Saved with the run.
    type Input: RunValue;
    /// What it returns. Saved with the run.
    type Output: RunValue;
    /// How it fails. Only its text is saved.
    type Error: FlowError + Send + 'static;
    /// A run of it, read with its types: `name_of_the_fn::State`.
    type State: From<TypedCheckpoint<Self>> + Send + 'static;

    /// Its control flow: points, branches, loops, and the ways between them. Also `name_of_the_fn::GRAPH`.
    const GRAPH: &'static Graph;

    #[doc(hidden)]
    const META: &'static Meta;

    /// What moves runs of older versions over.
    #[doc(hidden)]
    const MIGRATIONS: &'static [Migrate] = &[];

    #[doc(hidden)]
    fn drive(
        m: &mut Machine,
        ctx: Ctx<Self::Deps>,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;

    /// What runs its compensations, if it has any: of a flow without, nothing about undoing is compiled.
    #[doc(hidden)]
    const UNDOING: Option<Undoing<Self>> = None;
}

/// What is saved of a run as a whole: its input, and its result. Every type that serde writes and reads, is owned and can be sent between
/// threads is one.
///
/// It does not imply serde's traits, so that rustc tells what is missing once. Generic code that needs them writes `F: Flow<Input: Serialize>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be saved, but it is the input or the result of a flow",
    label = "it is saved with the run",
    note = "derive `serde::Serialize` and `serde::Deserialize`, and own all that is in it"
)]
pub trait RunValue: Sized + Send + 'static {
    /// How it is written and read.
    #[doc(hidden)]
    const CODEC: Codec<Self>;
}

// serde's traits stand here and not above: rustc would tell of each that is missing, in its own words.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> RunValue for T {
    const CODEC: Codec<Self> = <T as Saved>::CODEC;
}

/// How a flow may fail: with anything that can be shown. Only that text is saved: the call that ran the flow has the
/// error itself, one that has joined it gets [`Error::JoinedFailed`](crate::Error::JoinedFailed).
///
/// Implemented for all that is [`Display`], and not by hand: implement that.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the error of a flow, and cannot be shown",
    label = "a run that fails is saved with the text of its error",
    note = "implement `std::fmt::Display`: `#[derive(thiserror::Error)]`, with `#[error(\"..\")]` on each variant"
)]
pub trait FlowError {
    /// The error as its text is saved and logged. Of use to code that is generic over flows, where `F::Error` is not known to be [`Display`].
    fn shown(&self) -> &dyn Display;
}

#[diagnostic::do_not_recommend]
impl<E: Display> FlowError for E {
    fn shown(&self) -> &dyn Display {
        self
    }
}

/// A flow with compensations.
pub trait Undo: Flow {
    /// Runs the compensation of a point.
    fn undo(
        m: &mut Machine,
        ctx: Ctx<Self::Deps>,
        input: Self::Input,
        point: u16,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Starts a compensation of a flow.
#[derive(Debug)]
pub struct Undoing<F: Flow>(Starts<F>);

type Starts<F> = for<'a> fn(&'a mut Typed<F>, &'a mut Machine, &Json, u16) -> Result<Driving<'a>, serde_json::Error>;

impl<F: Flow> Undoing<F> {
    pub(crate) fn start<'a>(
        self,
        flow: &'a mut Typed<F>,
        machine: &'a mut Machine,
        input: &Json,
        point: u16,
    ) -> Result<Driving<'a>, serde_json::Error> {
        (self.0)(flow, machine, input, point)
    }
}

/// What runs the compensations of a flow.
pub const fn undoing<F: Undo>() -> Undoing<F> {
    Undoing(|flow, machine, input, point| {
        let input = F::Input::CODEC.decode(input)?;
        let ctx = Ctx::new(flow.deps.clone(), machine.info().clone());
        let undone = &mut flow.undone;
        Ok(Box::pin(async move { *undone = Some(F::undo(machine, ctx, input, point).await) }))
    })
}

/// A flow's future, or a compensation's; its result is left elsewhere.
pub(crate) type Driving<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What is known of a flow at compile time.
#[derive(Debug)]
pub struct Meta {
    /// The flow's name.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// A hash of its name, its points, and what each needs and gives.
    pub fingerprint: u64,
    /// Its saved variables.
    pub variables: &'static [Variable],
    /// Its points, in source order.
    pub points: &'static [PointMeta],
}

impl Meta {
    pub(crate) fn variable(&self, place: u16) -> &'static Variable {
        &self.variables[usize::from(place)]
    }

    /// The first point of a kind.
    pub(crate) fn first(&self, kind: PointKind) -> Option<&'static PointMeta> {
        self.points.iter().find(|point| point.kind == kind)
    }

    /// What must be saved for a run to go on from a point: before its body what is live there, behind it also what it binds.
    pub(crate) fn needed(&self, point: usize, phase: Phase) -> impl Iterator<Item = &'static Variable> {
        let point = &self.points[point];
        let outputs = if phase == Phase::Done { point.outputs } else { &[] };
        point.live.iter().chain(outputs).map(|place| self.variable(*place))
    }
}

/// A point: an attributed statement.
#[derive(Debug)]
pub struct PointMeta {
    /// The step's name.
    pub name: &'static str,
    /// What it is.
    pub kind: PointKind,
    /// How many loops are around it.
    pub loops: u16,
    /// What must be in the checkpoint to go on from its entrance, as places in [`Meta::variables`].
    pub live: &'static [u16],
    /// What it binds, likewise.
    pub outputs: &'static [u16],
    /// How it is retried; `None`: not at all.
    pub retry: Option<RetryMeta>,
    /// A transaction's isolation; `None`: the database's own default.
    pub isolation: Option<Isolation>,
    /// How long an attempt may take; of a signal, how long it is waited for.
    pub timeout: Option<Duration>,
    /// How it is undone: a point of its own, `{name}:undo`, whose `live` are those of the outputs that it needs.
    pub compensate: Option<&'static PointMeta>,
    /// A signal's: whether a value is one that it takes.
    pub takes: Option<Takes>,
    /// The body uses more of the context than `deps`: its key, say, by which others know it again. What it sees must then be the same in each attempt.
    pub asks_ctx: bool,
}

/// What a point is unless its own entry says more.
pub const POINT: PointMeta = PointMeta {
    name: "",
    kind: PointKind::Step,
    loops: 0,
    live: &[],
    outputs: &[],
    retry: None,
    isolation: None,
    timeout: None,
    compensate: None,
    takes: None,
    asks_ctx: false,
};

/// Whether a value is one that a signal takes.
pub(crate) type Takes = fn(&Json) -> Result<(), serde_json::Error>;

/// What a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PointKind {
    /// `#[validate]`
    Validate,
    /// `#[step]`
    Step,
    /// `#[transaction]`
    Transaction,
    /// `#[event]`
    Event,
    /// `#[parallel]`
    Parallel,
    /// `#[each]`
    Each,
    /// `#[child]`
    Child,
    /// `#[sleep]`
    Sleep,
    /// `#[signal]`
    Signal,
}

impl PointKind {
    /// The attribute's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Step => "step",
            Self::Transaction => "transaction",
            Self::Event => "event",
            Self::Parallel => "parallel",
            Self::Each => "each",
            Self::Child => "child",
            Self::Sleep => "sleep",
            Self::Signal => "signal",
        }
    }
}

/// A saved variable.
#[derive(Debug)]
pub struct Variable {
    /// Its name in the checkpoint; `n#2` for the second `n` of the flow.
    pub name: &'static str,
    /// Its declared type, as written; empty if it was inferred.
    pub ty: &'static str,
}

/// `retry(..)`.
#[derive(Debug)]
pub struct RetryMeta {
    /// How often the body may run, the first time included.
    pub max_attempts: u32,
    /// The pause behind the first failure.
    pub delay: Duration,
    /// By how much each further pause is longer than the one before.
    pub backoff: f32,
    /// No pause is longer than this.
    pub max_delay: Option<Duration>,
    /// Whether a random time up to the pause is added to it.
    pub jitter: bool,
}

/// `Result`, seen through aliases such as `anyhow::Result<T>`.
#[diagnostic::on_unimplemented(
    message = "a flow returns `Result<Output, Error>`, not `{Self}`",
    label = "write `-> Result<Output, Error>`",
    note = "a run ends with a saved output or with an error, so both types must be known"
)]
pub trait FlowResult {
    /// The output.
    type Ok;
    /// The error.
    type Err;
    /// This type.
    type Itself;
}

#[diagnostic::do_not_recommend]
impl<T, E> FlowResult for Result<T, E> {
    type Ok = T;
    type Err = E;
    type Itself = Self;
}

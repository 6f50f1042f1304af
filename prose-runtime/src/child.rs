//! What `#[child]` asks of an expression: that it is the call of a flow, with dependencies that are given or found in the parent.
//!
//! Which of these it is is known to rustc only. It picks the method on the value itself before the one on a reference to it, so
//! generated code asks `(&of).it()`, and the better way is found first.

use std::error::Error as StdError;
use std::fmt::Display;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::call::{Call, NoDeps, Unneeded};
use crate::error::Error;
use crate::flow::Flow;

/// The call of a flow.
#[diagnostic::on_unimplemented(
    message = "`#[child]` runs another flow, and `{Self}` is not the call of one",
    label = "this is not the call of a flow",
    note = "call a fn that has `#[flow]`, without `.await`: `let s: Shipment = ship_order(input);`"
)]
pub trait ChildCall: Sized {
    /// The flow that is called.
    type Flow: Flow;
    /// This type. Where there is none, rustc says so once, and nothing of what is done with it.
    type Itself;

    /// This call.
    fn itself(self) -> Self::Itself;

    /// The same call, with the dependencies of the parent if it has none of its own.
    fn with_deps(self, inherited: Option<Arc<DepsOfChild<Self>>>) -> Call<Self::Flow, Arc<DepsOfChild<Self>>>;
}

type DepsOfChild<C> = <<C as ChildCall>::Flow as Flow>::Deps;

impl<F: Flow> ChildCall for Call<F, Arc<F::Deps>> {
    type Flow = F;
    type Itself = Self;
    fn itself(self) -> Self {
        self
    }
    fn with_deps(self, _: Option<Arc<F::Deps>>) -> Self {
        self
    }
}

impl<F: Flow> ChildCall for Call<F, NoDeps> {
    type Flow = F;
    type Itself = Self;
    fn itself(self) -> Self {
        self
    }
    fn with_deps(self, inherited: Option<Arc<F::Deps>>) -> Call<F, Arc<F::Deps>> {
        match inherited {
            Some(deps) => self.deps(deps),
            None => unreachable!("what a call without dependencies inherits is known when it is compiled"),
        }
    }
}

/// Takes the call of a flow, and nothing else.
pub fn child<C: ChildCall<Itself = I>, I>(call: C) -> I {
    call.itself()
}

// Dependencies

/// Asks for the dependencies of a call that has `D`, of a flow that needs `C`, in a parent that has `P`.
#[derive(Debug)]
pub struct Inherit<'a, D, C, P> {
    parent: &'a Arc<P>,
    asked: PhantomData<fn() -> (D, C)>,
}

impl<'a, P> Inherit<'a, (), (), P> {
    /// For this call, in a parent with these dependencies.
    pub fn of<F: Flow, D>(_: &Call<F, D>, parent: &'a Arc<P>) -> Inherit<'a, D, F::Deps, P> {
        Inherit { parent, asked: PhantomData }
    }
}

/// The better way: the call has its own, or the parent's are of the same type.
pub trait ViaSame {
    /// The dependencies of the child.
    type Deps;
    /// What it inherits.
    fn inherited(&self) -> Option<Arc<Self::Deps>>;
}

impl<C, P> ViaSame for Inherit<'_, Arc<C>, C, P> {
    type Deps = C;
    fn inherited(&self) -> Option<Arc<C>> {
        None
    }
}

impl<T> ViaSame for Inherit<'_, NoDeps, T, T> {
    type Deps = T;
    fn inherited(&self) -> Option<Arc<T>> {
        Some(self.parent.clone())
    }
}

/// The way for any other: it must need none.
pub trait ViaNothing {
    /// The dependencies of the child.
    type Deps;
    /// The dependencies of the parent.
    type Parent;
    /// What it inherits.
    fn inherited(&self) -> Option<Arc<Self::Deps>>
    where
        Self::Deps: UnneededIn<Self::Parent>;
}

impl<C, P> ViaNothing for &Inherit<'_, NoDeps, C, P> {
    type Deps = C;
    type Parent = P;
    fn inherited(&self) -> Option<Arc<C>>
    where
        C: UnneededIn<P>,
    {
        Some(Arc::new(C::none()))
    }
}

/// Dependencies that a child finds in any parent: `()`.
#[diagnostic::on_unimplemented(
    message = "the child needs its dependencies, a `{Self}`, and its parent has a `{P}`",
    label = "call `.deps(..)` on this",
    note = "a child inherits the dependencies of its parent only where they have one type: write `ship_order(input).deps(ctx.deps.shipping.clone())`"
)]
pub trait UnneededIn<P> {
    #[doc(hidden)]
    fn none() -> Self;
}

impl<P> UnneededIn<P> for () {
    fn none() {
        <() as Unneeded>::none();
    }
}

// Errors

/// How a child's failure is carried by its parent's.
pub(crate) type Boxed = Box<dyn StdError + Send + Sync>;

/// Asks how the error of a call is boxed.
#[derive(Debug)]
pub struct Boxing<E>(PhantomData<fn() -> E>);

impl Boxing<()> {
    /// For this call.
    pub fn of<F: Flow, D>(_: &Call<F, D>) -> Boxing<F::Error> {
        Boxing(PhantomData)
    }
}

/// The better way: as it is.
pub trait ViaItself {
    /// The flow's error.
    type Error;
    /// How it is boxed.
    fn boxing(&self) -> fn(Error<Self::Error>) -> Boxed;
}

impl<E> ViaItself for Boxing<E>
where
    Error<E>: StdError + Send + Sync + 'static,
{
    type Error = E;
    fn boxing(&self) -> fn(Error<E>) -> Boxed {
        |error| Box::new(error)
    }
}

/// The way for errors that are no `std::error::Error`, or belong to one thread: their text.
pub trait ViaText {
    /// The flow's error.
    type Error;
    /// How it is boxed.
    fn boxing(&self) -> fn(Error<Self::Error>) -> Boxed;
}

impl<E: Display> ViaText for &Boxing<E> {
    type Error = E;
    fn boxing(&self) -> fn(Error<E>) -> Boxed {
        |error| format!("{error:#}").into()
    }
}

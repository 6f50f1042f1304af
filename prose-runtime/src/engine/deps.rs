//! Whether the dependencies that a call or an engine is given are those of its flows: told in words, where types alone would tell of `From` and `Arc`.

use std::sync::Arc;

/// What a call and an engine's builder take as dependencies `D`: a `D`, or an `Arc` of one.
#[diagnostic::on_unimplemented(
    message = "`{D}` is needed here as the dependencies of flows, and this is `{Self}`",
    label = "give a `{D}`, or an `Arc` of one"
)]
pub trait IntoDeps<D> {
    #[doc(hidden)]
    fn into_deps(self) -> Arc<D>;
}

impl<D> IntoDeps<D> for D {
    fn into_deps(self) -> Arc<D> {
        Arc::new(self)
    }
}

impl<D> IntoDeps<D> for Arc<D> {
    fn into_deps(self) -> Arc<D> {
        self
    }
}

/// Dependencies of a flow, which an engine with `D` has.
#[diagnostic::on_unimplemented(
    message = "the engine has `{D}`, and this flow needs `{Self}` as its dependencies",
    label = "this flow has dependencies of its own",
    note = "give a `{Self}` to `Engine::builder`, or add this flow with `.flow_with::<..>(deps)` instead of `.flow::<..>()`"
)]
pub trait HadBy<D> {
    #[doc(hidden)]
    fn of(deps: Arc<D>) -> Arc<Self>;
}

impl<D> HadBy<D> for D {
    fn of(deps: Arc<D>) -> Arc<D> {
        deps
    }
}

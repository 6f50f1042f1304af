//! Which dependencies an engine has, and whether they are those of a flow: told in words, where types alone would tell of `From` and `Arc`.

use std::sync::Arc;

/// What an engine's builder takes as `D`: a `D`, or an `Arc` of one.
#[diagnostic::on_unimplemented(
    message = "the engine has `{Self}`, and its flows need `{D}` as their dependencies",
    label = "give a `{D}` here, or an `Arc` of one",
    note = "a flow that has dependencies of its own is added with `.flow_with::<..>(deps)` instead of `.flow::<..>()`"
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
    note = "add it with `.flow_with::<..>(deps)` instead of `.flow::<..>()`"
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

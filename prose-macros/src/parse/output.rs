//! What a flow returns.

use crate::errors::Errors;
use crate::types::argument;
use syn::visit::Visit;
use syn::{ReturnType, Signature, Type, TypeImplTrait, TypeParamBound, TypeTraitObject};

/// The `Result`, unless it is none that a run can end with.
pub(super) fn output(sig: &Signature, errors: &mut Errors) -> Option<Type> {
    let why = "its result or its error is saved as the end of the run";
    let instead = "write `-> Result<Output, Error>`";
    match &sig.output {
        ReturnType::Default => {
            errors.push_at(sig.paren_token.span.close(), "a flow returns a `Result`", why, instead);
            None
        }
        ReturnType::Type(_, ty) if surely_no_result(ty) => {
            errors.push(ty, "a flow returns a `Result`", why, instead);
            None
        }
        ReturnType::Type(_, ty) => may_end_a_run(ty, errors).then(|| (**ty).clone()),
    }
}

/// Aliases pass: whether they are a `Result` is left to the compiler.
fn surely_no_result(ty: &Type) -> bool {
    const OTHERS: [&str; 20] = [
        "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64", "String", "Option", "Vec",
    ];
    let Type::Path(path) = ty else { return true };
    path.path.segments.last().is_some_and(|last| OTHERS.iter().any(|other| last.ident == other))
}

fn may_end_a_run(result: &Type, errors: &mut Errors) -> bool {
    let (unnamed, unsent) = (Unfit::of(result).unnamed, argument(result, 1).and_then(|error| Unfit::of(error).unsent));
    if let Some(unnamed) = unnamed {
        let why = "it is saved as the end of the run, and read back by whoever asks for it";
        errors.push(unnamed, "a flow names the type of its result", why, "write the type out");
    }
    if let Some(error) = unsent {
        let why = "a run goes on in whichever thread is free, and its error with it";
        let instead = "write `Box<dyn std::error::Error + Send + Sync>`, or an error type of your own";
        errors.push(error, "a flow's error must be one that can be sent between threads", why, instead);
    }
    unnamed.is_none() && unsent.is_none()
}

/// What no run can end with.
#[derive(Default)]
struct Unfit<'a> {
    /// `impl Serialize`
    unnamed: Option<&'a TypeImplTrait>,
    /// `dyn Error`, which stays in its thread.
    unsent: Option<&'a TypeTraitObject>,
}

impl<'a> Unfit<'a> {
    fn of(ty: &'a Type) -> Self {
        let mut search = Self::default();
        search.visit_type(ty);
        search
    }
}

impl<'ast> Visit<'ast> for Unfit<'ast> {
    fn visit_type_impl_trait(&mut self, unnamed: &'ast TypeImplTrait) {
        self.unnamed.get_or_insert(unnamed);
    }

    fn visit_type_trait_object(&mut self, object: &'ast TypeTraitObject) {
        if object.bounds.iter().all(is_std_error) {
            self.unsent.get_or_insert(object);
        }
    }
}

/// Is it std's `Error`, or a lifetime beside it? Another trait of that name may have `Send` above itself.
fn is_std_error(bound: &TypeParamBound) -> bool {
    let TypeParamBound::Trait(bound) = bound else { return matches!(bound, TypeParamBound::Lifetime(_)) };
    let path: Vec<String> = bound.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    matches!(path.join("::").as_str(), "Error" | "std::error::Error" | "core::error::Error")
}

//! The flow's head: its arguments, and a signature of exactly `(ctx: Ctx<D>, input: T) -> Result<O, E>`.

use super::options::Options as Given;
use super::output::output;
use super::{HalfTyped, migrate};
use crate::ast::{Head, Options, Param};
use crate::errors::Errors;
use crate::names;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Expr, FnArg, GenericArgument, Lifetime, Path, PathArguments, PathSegment, Signature, Type, TypeFnPtr, parse_quote,
};

/// The head, with `None` for what is wrong.
pub(super) fn head(args: TokenStream, item: &HalfTyped, errors: &mut Errors) -> Head {
    let sig = &item.sig;
    let options = options(args, &sig.ident, errors);
    refuse_qualifiers(sig, errors);
    let (ctx, input) = params(sig, errors);
    let deps = ctx.as_ref().and_then(|ctx| deps(&ctx.ty, errors));
    let output = output(sig, errors);
    let method = (sig.receiver().is_some() || names_self(sig, errors)).then(|| sig.clone());
    let (attrs, vis, ident) = (item.attrs.clone(), item.vis.clone(), sig.ident.clone());
    Head { attrs, vis, ident, options, ctx, deps, input, output, method }
}

/// Does it name `Self`? Then it stands in an `impl` or a trait. (One that does not is told by rustc, at the module beside it.)
fn names_self(sig: &Signature, errors: &mut Errors) -> bool {
    let found = first_self(sig.to_token_stream());
    if let Some(found) = &found {
        let why = "a run is continued by the flow's name, with its own module beside it";
        errors.push(
            found,
            "a flow is no associated function",
            why,
            "move it out of the `impl`, and write the type out",
        );
    }
    found.is_some()
}

fn first_self(tokens: TokenStream) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == "Self" => Some(ident),
        TokenTree::Group(group) => first_self(group.stream()),
        _ => None,
    })
}

fn options(args: TokenStream, ident: &Ident, errors: &mut Errors) -> Options {
    let mut given = Given::of_tokens(args, "`#[flow]`", ident.span(), errors);
    let name = given.string("name", errors).map_or_else(|| names::flow_name(ident), |name| name.value());
    let version = given.integer("version", 1, errors).unwrap_or(1);
    let migrations = migrate::migrations(given.tokens("migrate", migrate::INSTEAD, errors), version, errors);
    let krate = given.expr("crate", errors).and_then(|expr| path(expr, errors));
    given.finish(errors);
    Options { name, version, migrations, krate: krate.unwrap_or_else(|| parse_quote!(::prose)) }
}

fn path(expr: Expr, errors: &mut Errors) -> Option<Path> {
    match expr {
        Expr::Path(path) if path.qself.is_none() => Some(path.path),
        other => {
            let why = "generated code names the runtime's items by this path";
            errors.push(other, "`crate` takes a path", why, "write `crate = ::prose`");
            None
        }
    }
}

fn refuse_qualifiers(sig: &Signature, errors: &mut Errors) {
    let name = &sig.ident;
    if sig.asyncness.is_none() {
        let why = "it stops at each step until the step is saved";
        errors.push(sig.fn_token, "a flow is an `async fn`", why, &format!("write `async fn {name}(..)`"));
    }
    if !sig.generics.params.is_empty() || sig.generics.where_clause.is_some() {
        errors.push(
            &sig.generics,
            "a flow has no generics",
            "a saved run is continued by name, and a name does not tell the types it was started with",
            "write the types out, or call a generic fn from a step",
        );
    }
    for unwanted in [sig.constness.span_of(), sig.abi.span_of()].into_iter().flatten() {
        errors.push_at(unwanted, "a flow is a plain `async fn`", "the machine calls it, nobody else", "remove this");
    }
}

/// The span of a part that should not be there.
trait SpanOf {
    fn span_of(&self) -> Option<proc_macro2::Span>;
}

impl<T: Spanned> SpanOf for Option<T> {
    fn span_of(&self) -> Option<proc_macro2::Span> {
        self.as_ref().map(Spanned::span)
    }
}

fn params(sig: &Signature, errors: &mut Errors) -> (Option<Param>, Option<Param>) {
    if let Some(receiver) = sig.receiver() {
        let why = "what it needs must be in its saved input, or in its dependencies";
        errors.push(receiver, "a flow has no `self`", why, "put it into `ctx.deps` or the input");
    }
    let typed: Vec<Param> = sig.inputs.iter().filter_map(param).collect();
    let mut rest = typed.iter().skip(2).peekable();
    if let Some(extra) = rest.peek() {
        let why = "the input is saved with the run as one value";
        errors.push(&extra.pat, "a flow has one input", why, "put all that it needs into one struct");
    }
    let ctx = typed.first().cloned();
    let input = typed.get(1).cloned();
    // Another first parameter is told as one that is no context.
    let is_other = ctx.as_ref().is_some_and(|ctx| !is_ctx(&ctx.ty));
    if input.is_none() && sig.receiver().is_none() && !is_other {
        let what = if ctx.is_some() { "a flow needs an input" } else { "a flow needs a context and an input" };
        let why = "a run is saved together with its input, so that it can go on without its caller";
        errors.push_at(sig.paren_token.span.join(), what, why, "write `(ctx: Ctx<Deps>, input: Input)`");
    }
    let swapped = is_other && input.as_ref().is_some_and(|input| is_ctx(&input.ty));
    (ctx, input.filter(|input| !swapped && owned(&input.ty, errors)))
}

fn is_ctx(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Ctx"))
}

/// Is it a type that can be the input? One that cannot is told.
fn owned(ty: &Type, errors: &mut Errors) -> bool {
    let mut search = Borrows(false);
    search.visit_type(ty);
    let owned = !search.0;
    if !owned {
        let why = "a run goes on from its saved input, when its caller may be gone";
        errors.push(ty, "a flow owns its input, and names its type", why, "write `input: String`, say");
    }
    owned
}

/// Is there anything in a type that is not the flow's own, or has no name?
struct Borrows(bool);

impl<'ast> Visit<'ast> for Borrows {
    fn visit_type(&mut self, ty: &'ast Type) {
        self.0 |= matches!(ty, Type::ImplTrait(_) | Type::Reference(_));
        visit::visit_type(self, ty);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        self.0 |= lifetime.ident != "static";
    }

    /// `Cow<str>` has left out its lifetime. A bare `Cow` is a type of the user's.
    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        let arguments = &segment.arguments;
        let leaves_out = !arguments.is_none() && !arguments.to_token_stream().to_string().contains('\'');
        self.0 |= segment.ident == "Cow" && leaves_out;
        visit::visit_path_segment(self, segment);
    }

    // What a `fn(&T)` takes is not in it.
    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}
}

fn param(arg: &FnArg) -> Option<Param> {
    match arg {
        FnArg::Typed(typed) => Some(Param { pat: (*typed.pat).clone(), ty: (*typed.ty).clone() }),
        FnArg::Receiver(_) => None,
    }
}

/// The `D` of `Ctx<D>`; a bare `Ctx` needs no dependencies.
fn deps(ctx: &Type, errors: &mut Errors) -> Option<Type> {
    // Those that hold dependencies elsewhere. Another name may be an alias.
    const OTHERS: [&str; 8] = ["Arc", "Rc", "Box", "Option", "State", "Extension", "Data", "Json"];
    let deps = match ctx {
        Type::Path(path) => path.path.segments.last().and_then(|last| match &last.arguments {
            PathArguments::None if last.ident == "Ctx" => Some(parse_quote!(())),
            _ if OTHERS.iter().any(|other| last.ident == other) => None,
            arguments => only_type(arguments),
        }),
        _ => None,
    };
    if deps.is_none() {
        let why = "it carries the dependencies, which are given anew when a run goes on";
        errors.push(ctx, "a flow's first parameter is its context", why, "write `ctx: Ctx<Deps>`");
    }
    deps
}

fn only_type(arguments: &PathArguments) -> Option<Type> {
    let PathArguments::AngleBracketed(angle) = arguments else { return None };
    match angle.args.first() {
        Some(GenericArgument::Type(ty)) if angle.args.len() == 1 => Some(ty.clone()),
        _ => None,
    }
}

//! The flow's public items: the fn that gives a call, the module with `Flow`, and `impl Flow`.

use super::{private, state, visibility};
use crate::ast::{Head, Migration, Param};
use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, Pat, Signature, Type, parse_quote};

/// What is generated of a flow's body.
#[derive(Default)]
pub(super) struct Parts {
    /// What goes behind the user's own documentation.
    pub(super) doc: TokenStream,
    /// The contents of the module.
    pub(super) module: TokenStream,
    /// The methods of the typed checkpoint.
    pub(super) state: TokenStream,
    /// What is sent to it by signals.
    pub(super) payloads: TokenStream,
    /// The body of `drive`.
    pub(super) drive: TokenStream,
    /// `impl Undo`, if the flow has anything to undo.
    pub(super) undo: Option<TokenStream>,
}

/// All items.
pub(super) fn items(head: &Head, parts: &Parts) -> TokenStream {
    let (call, module) = (call(head, &parts.doc), module(head, &parts.module));
    let (implementation, state) = (implementation(head, parts), state(head, &parts.state));
    let payloads = &parts.payloads;
    quote!(#call #module #implementation #state #payloads)
}

/// All items, with those in front whose tokens do not depend on what the flow's body is.
pub(super) fn items_in_editor(head: &Head, parts: &Parts) -> TokenStream {
    let (call, module) = (call(head, &parts.doc), module(head, &parts.module));
    let (implementation, state) = (implementation(head, parts), state(head, &parts.state));
    let payloads = &parts.payloads;
    quote!(#call #implementation #module #state #payloads)
}

/// A method cannot be a flow, and has no place for a module beside it: it stays what it is.
pub(super) fn method(head: &Head, sig: &Signature) -> TokenStream {
    let Head { attrs, vis, .. } = head;
    let mut sig = sig.clone();
    for arg in &mut sig.inputs {
        if let FnArg::Typed(typed) = arg {
            *typed.pat = parse_quote!(_);
        }
    }
    quote!(#(#attrs)* #vis #sig { ::core::unreachable!() })
}

/// `pub fn process_order(input: OrderInput) -> Call<process_order::Flow>`
fn call(head: &Head, doc: &TokenStream) -> TokenStream {
    let Head { attrs, vis, ident, options, .. } = head;
    let krate = &options.krate;
    let input = crate::names::local("input");
    let (param, call) = match &head.input {
        Some(param) => {
            let ty = &param.ty;
            (quote!(#input: #ty), quote!(#krate::Call::new(#input)))
        }
        None => (quote!(), quote!(::core::unreachable!())),
    };
    quote! {
        #(#attrs)*
        #doc
        #vis fn #ident(#param) -> #krate::Call<#ident::Flow> {
            #call
        }
    }
}

/// The module has none of the user's types, so that a flow may stand inside a fn.
fn module(head: &Head, contents: &TokenStream) -> TokenStream {
    let Head { vis, ident, options, .. } = head;
    let cfg = head.attrs.iter().filter(|attr| is_cfg(attr));
    let inner = visibility::one_deeper(vis);
    let doc = format!("The flow `{}`.", options.name);
    let flow_doc = format!("The flow `{}`, as a type to register.", options.name);
    let state = state::types(head, &inner);
    let contents = at_name(head, quote!(#[doc = #flow_doc] #inner struct Flow; #state #contents));
    let module = quote_spanned!(name_span(head)=> mod #ident #contents);
    quote! {
        #(#cfg)*
        #[doc = #doc]
        #vis #module
    }
}

/// Where rustc tells that a flow stands in an `impl` or a trait, which have no place for other items.
fn name_span(head: &Head) -> Span {
    Span::call_site().located_at(head.ident.span())
}

/// `{ .. }`, told there.
fn at_name(head: &Head, contents: TokenStream) -> Group {
    let mut block = Group::new(Delimiter::Brace, contents);
    block.set_span(name_span(head));
    block
}

/// The methods of the typed checkpoint: here, because they name the user's types.
fn state(head: &Head, methods: &TokenStream) -> TokenStream {
    if methods.is_empty() {
        return TokenStream::new();
    }
    let ident = &head.ident;
    let cfg = head.attrs.iter().filter(|attr| is_cfg(attr));
    let methods = at_name(head, methods.clone());
    let methods = quote_spanned!(name_span(head)=> impl #ident::State #methods);
    quote!(#(#cfg)* #methods)
}

fn implementation(head: &Head, Parts { drive, undo, .. }: &Parts) -> TokenStream {
    let Head { ident, options, .. } = head;
    let krate = &options.krate;
    let private = private(head);
    let m = crate::names::machine();
    let (input, result) = (input(head), result(head));
    let deps = head.deps.clone().unwrap_or_else(|| parse_quote!(()));
    let (ctx_pat, input_pat) = patterns(head, drive);
    let ctx_ty = ctx_type(head);
    let outputs = outputs(head, &result);
    let migrations = migrations(head);
    let returned = returned(head, &result);
    let undoing = undo.is_some().then(|| {
        let undoing = quote!(::core::option::Option::Some(#private::undoing()));
        quote!(const UNDOING: ::core::option::Option<#private::Undoing<Self>> = #undoing;)
    });
    let cfg = head.attrs.iter().filter(|attr| is_cfg(attr));
    let lints = head.attrs.iter().filter(|attr| is_lint(attr));
    let contents = quote! {
        type Deps = #deps;
        type Input = #input;
        #outputs
        const GRAPH: &'static #krate::Graph = &#ident::GRAPH;
        type State = #ident::State;
        #migrations
        const META: &'static #private::Meta = &#ident::META;
        #undoing
        #(#lints)*
        async fn drive(#m: &mut #private::Machine, #ctx_pat: #ctx_ty, #input_pat: #input) -> #returned {
            #drive
        }
    };
    let contents = at_name(head, contents);
    let implementation = quote_spanned!(name_span(head)=> impl #krate::Flow for #ident::Flow #contents);
    quote!(#(#cfg)* #implementation #undo)
}

/// Each is told at its own type, where it is written.
fn outputs(head: &Head, result: &Type) -> TokenStream {
    let private = private(head);
    let at = |place| super::argument(result, place).map_or_else(|| result.span(), Spanned::span);
    let output = quote_spanned!(at(0)=> type Output = <#result as #private::FlowResult>::Ok;);
    let error = quote_spanned!(at(1)=> type Error = <#result as #private::FlowResult>::Err;);
    quote!(#output #error)
}

/// Here, because they name the user's functions; an error about a function is told at its name.
fn migrations(head: &Head) -> TokenStream {
    let migrations = &head.options.migrations;
    if migrations.is_empty() {
        return TokenStream::new();
    }
    let private = private(head);
    let entry = |migration: &Migration| {
        let Migration { from, function } = migration;
        let run = crate::names::local("run");
        let call = quote_spanned!(function.span()=> #private::migrate(#function, #run));
        quote!(#private::Migrate { from: #from, run: |#run| #call })
    };
    let entries = migrations.iter().map(entry);
    quote!(const MIGRATIONS: &'static [#private::Migrate] = &[#(#entries),*];)
}

/// The type of the context.
pub(super) fn ctx_type(head: &Head) -> Type {
    let krate = &head.options.krate;
    match &head.ctx {
        Some(ctx) if head.deps.is_some() => ctx.ty.clone(),
        _ => {
            let deps = head.deps.clone().unwrap_or_else(|| parse_quote!(()));
            parse_quote!(#krate::Ctx<#deps>)
        }
    }
}

/// The type of the input.
pub(super) fn input(head: &Head) -> Type {
    head.input.as_ref().map_or_else(|| parse_quote!(()), |input| input.ty.clone())
}

fn result(head: &Head) -> Type {
    let nothing = || parse_quote!(::core::result::Result<(), ::core::convert::Infallible>);
    head.output.clone().unwrap_or_else(nothing)
}

/// What `drive` returns: as written, where it shows that it is a `Result`. Of an alias that is none, rustc has told at the types then.
fn returned(head: &Head, result: &Type) -> TokenStream {
    let private = private(head);
    match super::argument(result, 1) {
        Some(_) => quote!(#result),
        None => quote_spanned!(result.span()=> <#result as #private::FlowResult>::Itself),
    }
}

/// The user's patterns; the stand-in's body uses neither. The context is there because a flow has one, so nobody is
/// told that it goes unused.
fn patterns(head: &Head, drive: &TokenStream) -> (Pat, Pat) {
    if drive.to_string() == quote!(::core::unreachable!()).to_string() {
        return (parse_quote!(_), parse_quote!(_));
    }
    (ctx(head), pattern(&head.input))
}

/// The user's name for the context.
pub(super) fn ctx(head: &Head) -> Pat {
    let mut ctx = pattern(&head.ctx);
    if let Pat::Ident(ident) = &mut ctx {
        ident.ident = crate::names::again(&ident.ident);
    }
    ctx
}

/// The user's pattern of the input, with the variables that are wanted.
pub(super) fn input_pattern(head: &Head, wanted: &dyn Fn(&Ident) -> bool) -> Pat {
    crate::patterns::without(&pattern(&head.input), wanted)
}

fn pattern(param: &Option<Param>) -> Pat {
    param.as_ref().map_or_else(|| parse_quote!(_), |param| param.pat.clone())
}

pub(super) fn is_cfg(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg")
}

pub(super) fn is_lint(attr: &Attribute) -> bool {
    let names: [&str; 5] = ["allow", "warn", "deny", "forbid", "expect"];
    attr.path().get_ident().is_some_and(|ident: &Ident| names.iter().any(|name| ident == name))
}

//! Patterns: the variables that they bind, and what is left of them without some.

use crate::borrowing::is_numbered;
use crate::model::{Source, Taken};
use proc_macro2::{Ident, Span};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, Pat, PatIdent, PatTupleStruct, Stmt, Type, parse_quote};

/// A variable in a pattern.
pub(crate) struct Binding {
    pub(crate) ident: Ident,
    pub(crate) mutable: bool,
    /// `ref x`
    pub(crate) by_ref: bool,
}

/// The variables that the `let`s of a block declare.
pub(crate) fn declared(block: &Block) -> impl Iterator<Item = Ident> {
    let lets = block.stmts.iter().filter_map(|stmt| match stmt {
        Stmt::Local(local) => Some(bindings(&local.pat)),
        _ => None,
    });
    lets.flatten().map(|binding| binding.ident)
}

/// The variables of a pattern, each once.
pub(crate) fn bindings(pat: &Pat) -> Vec<Binding> {
    let mut search = Search(Vec::new());
    search.visit_pat(pat);
    search.0
}

/// What a pattern names without a path that is no variable.
pub(crate) fn constants(pat: &Pat) -> Vec<Ident> {
    struct Search(Vec<Ident>);
    impl<'ast> Visit<'ast> for Search {
        fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
            self.0.extend(is_constant(pat).then(|| pat.ident.clone()));
            visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast syn::Expr) {}
    }
    let mut search = Search(Vec::new());
    search.visit_pat(pat);
    search.0
}

/// The type of a variable in a pattern, where the tokens tell it: a whole pattern's, or an element's of a tuple.
pub(crate) fn type_in<'a>(pat: &'a Pat, ty: &'a Type, variable: &Ident) -> Option<&'a Type> {
    match (pat, ty) {
        (Pat::Ident(pat), _) if pat.ident == *variable => pat.by_ref.is_none().then_some(ty),
        (Pat::Ident(pat), _) => pat.subpat.as_ref().and_then(|(_, pat)| type_in(pat, ty, variable)),
        (Pat::Paren(pat), _) => type_in(&pat.pat, ty, variable),
        (Pat::Type(typed), _) => type_in(&typed.pat, &typed.ty, variable),
        (_, Type::Paren(paren)) => type_in(pat, &paren.elem, variable),
        (Pat::Tuple(pat), Type::Tuple(ty)) if pat.elems.len() == ty.elems.len() => {
            let mut elements = pat.elems.iter().zip(&ty.elems);
            elements.find_map(|(pat, ty)| type_in(pat, ty, variable))
        }
        _ => None,
    }
}

/// Where a variable of a pattern comes from: an element of a tuple from that of a tuple.
pub(crate) fn source_in(pat: &Pat, expr: &Expr, variable: &Ident) -> Option<Source> {
    let source = |taken| Some(Source { expr: expr.clone(), taken });
    match (pat, expr) {
        (pat, Expr::Paren(paren)) => source_in(pat, &paren.expr, variable),
        (Pat::Paren(pat), _) => source_in(&pat.pat, expr, variable),
        (Pat::Type(typed), _) => source_in(&typed.pat, expr, variable),
        (Pat::Ident(pat), _) if pat.ident == *variable => source(Taken::Whole),
        (Pat::Ident(pat), _) => pat.subpat.as_ref().and_then(|(_, pat)| source_in(pat, expr, variable)),
        (Pat::Or(any), _) => any.cases.iter().find_map(|pat| source_in(pat, expr, variable)),
        (Pat::Tuple(pat), Expr::Tuple(tuple)) if pat.elems.len() == tuple.elems.len() && !has_rest(&pat.elems) => {
            pat.elems.iter().zip(&tuple.elems).find_map(|(pat, expr)| source_in(pat, expr, variable))
        }
        (pat, _) => source(taken_by(pat, is_numbered(expr), variable)?),
    }
}

fn has_rest<'a>(elements: impl IntoIterator<Item = &'a Pat>) -> bool {
    elements.into_iter().any(|element| matches!(element, Pat::Rest(_)))
}

/// How a pattern takes a variable out of what it is matched with, if it has it. Where that is numbered (`.enumerate()`), the number is no part of it.
fn taken_by(pat: &Pat, numbered: bool, variable: &Ident) -> Option<Taken> {
    struct Search<'a> {
        variable: &'a Ident,
        numbered: bool,
        within: Taken,
        found: Option<Taken>,
    }
    impl Search<'_> {
        fn within(&mut self, taken: Taken, visit: impl FnOnce(&mut Self)) {
            let around = std::mem::replace(&mut self.within, taken);
            visit(self);
            self.within = around;
        }
    }
    impl<'ast> Visit<'ast> for Search<'_> {
        fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
            if pat.ident == *self.variable {
                self.found = Some(self.within);
            }
            visit::visit_pat_ident(self, pat);
        }
        fn visit_pat_reference(&mut self, pat: &'ast syn::PatReference) {
            self.within(Taken::Copied, |search| visit::visit_pat_reference(search, pat));
        }
        fn visit_pat_tuple(&mut self, pat: &'ast syn::PatTuple) {
            match pat.elems.first() {
                Some(number) if std::mem::take(&mut self.numbered) => {
                    self.within(Taken::Copied, |search| search.visit_pat(number));
                    pat.elems.iter().skip(1).for_each(|pat| self.visit_pat(pat));
                }
                _ => visit::visit_pat_tuple(self, pat),
            }
        }
        fn visit_pat_tuple_struct(&mut self, pat: &'ast PatTupleStruct) {
            match pat.path.segments.last().is_some_and(|last| last.ident == "Err") {
                true => self.within(Taken::OutOfErr, |search| visit::visit_pat_tuple_struct(search, pat)),
                false => visit::visit_pat_tuple_struct(self, pat),
            }
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    let mut search = Search { variable, numbered, within: Taken::Out, found: None };
    search.visit_pat(pat);
    search.found
}

struct Search(Vec<Binding>);

impl<'ast> Visit<'ast> for Search {
    fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
        if !is_constant(pat) && self.0.iter().all(|seen| seen.ident != pat.ident) {
            let (mutable, by_ref) = (pat.mutability.is_some(), pat.by_ref.is_some());
            self.0.push(Binding { ident: pat.ident.clone(), mutable, by_ref });
        }
        visit::visit_pat_ident(self, pat);
    }

    fn visit_expr(&mut self, _: &'ast syn::Expr) {}
}

/// `None` and `MAX` in a pattern are no variables; rustc's own naming lints tell them from variables likewise.
fn is_constant(pat: &PatIdent) -> bool {
    let plain = pat.by_ref.is_none() && pat.mutability.is_none() && pat.subpat.is_none();
    plain && pat.ident.to_string().starts_with(char::is_uppercase)
}

/// `x` or `mut x`: a variable and nothing else.
pub(crate) fn is_plain(pat: &PatIdent) -> bool {
    pat.by_ref.is_none() && pat.subpat.is_none() && !is_constant(pat)
}

/// `Ok(x)`, `Some(_)`
pub(crate) fn takes_any_value(pat: &Pat) -> bool {
    let any = |pat: &Pat| match pat {
        Pat::Wild(_) | Pat::Rest(_) => true,
        Pat::Ident(pat) => pat.subpat.is_none() && !is_constant(pat),
        _ => false,
    };
    match pat {
        Pat::TupleStruct(PatTupleStruct { path, elems, .. }) => {
            let taken = path.segments.last().is_some_and(|last| last.ident == "Ok" || last.ident == "Some");
            taken && elems.iter().all(any)
        }
        Pat::Paren(inner) => takes_any_value(&inner.pat),
        _ => false,
    }
}

/// The pattern without `mut`.
pub(crate) fn without_mut(pat: &Pat) -> Pat {
    let mut pat = pat.clone();
    WithoutMut.visit_pat_mut(&mut pat);
    pat
}

struct WithoutMut;

impl VisitMut for WithoutMut {
    fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
        pat.mutability = None;
        visit_mut::visit_pat_ident_mut(self, pat);
    }

    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

/// The pattern, with its variables immutable and under other names.
pub(crate) fn renamed(pat: &Pat, rename: &dyn Fn(&Ident) -> Ident) -> Pat {
    let mut pat = pat.clone();
    Renamed(rename).visit_pat_mut(&mut pat);
    pat
}

struct Renamed<'a>(&'a dyn Fn(&Ident) -> Ident);

impl VisitMut for Renamed<'_> {
    fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
        if !is_constant(pat) {
            pat.ident = (self.0)(&pat.ident);
            pat.mutability = None;
        }
        visit_mut::visit_pat_ident_mut(self, pat);
    }

    /// `Point { x }` is `Point { x: other }`.
    fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
        visit_mut::visit_field_pat_mut(self, field);
        field.colon_token.get_or_insert(syn::Token![:](Span::call_site()));
    }

    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

/// The pattern, matching the same values, without the variables that are not wanted.
pub(crate) fn without(pat: &Pat, wanted: &dyn Fn(&Ident) -> bool) -> Pat {
    let mut pat = pat.clone();
    Without(wanted).visit_pat_mut(&mut pat);
    pat
}

struct Without<'a>(&'a dyn Fn(&Ident) -> bool);

impl VisitMut for Without<'_> {
    fn visit_pat_mut(&mut self, pat: &mut Pat) {
        visit_mut::visit_pat_mut(self, pat);
        if let Pat::Ident(ident) = pat
            && !is_constant(ident)
            && !(self.0)(&ident.ident)
        {
            *pat = ident.subpat.take().map_or_else(|| parse_quote!(_), |(_, inner)| *inner);
        }
    }

    /// `Point { x }` is `Point { x: _ }`.
    fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
        visit_mut::visit_field_pat_mut(self, field);
        if field.colon_token.is_none() && !matches!(*field.pat, Pat::Ident(_)) {
            field.colon_token = Some(syn::Token![:](Span::call_site()));
        }
    }

    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

//! The variables that a pattern binds.

use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::{Pat, PatIdent};

/// A variable in a pattern.
pub(crate) struct Binding {
    pub(crate) ident: Ident,
    pub(crate) mutable: bool,
}

/// The variables of a pattern, each once.
pub(crate) fn bindings(pat: &Pat) -> Vec<Binding> {
    let mut search = Search(Vec::new());
    search.visit_pat(pat);
    search.0
}

struct Search(Vec<Binding>);

impl<'ast> Visit<'ast> for Search {
    fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
        if !is_constant(pat) && self.0.iter().all(|seen| seen.ident != pat.ident) {
            self.0.push(Binding { ident: pat.ident.clone(), mutable: pat.mutability.is_some() });
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

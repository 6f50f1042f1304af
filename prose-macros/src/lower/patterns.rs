//! The variables that a pattern binds.

use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::{Pat, PatIdent};

/// A variable in a pattern.
pub(crate) struct Binding {
    pub(crate) ident: Ident,
    pub(crate) mutable: bool,
    /// `ref x`
    pub(crate) by_ref: bool,
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

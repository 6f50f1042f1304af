//! The input is saved once, as first given: a flow cannot change it.

use crate::ast::{Flow, Param};
use crate::errors::Errors;
use syn::visit::{self, Visit};
use syn::{PatIdent, Token};

pub(super) fn check(flow: &Flow, errors: &mut Errors) {
    for param in [&flow.head.ctx, &flow.head.input].into_iter().flatten() {
        for mutable in mutable(param) {
            let why = "it is saved once, as first given, so a change of it would be lost in a crash";
            errors.push(
                mutable,
                "a flow cannot change its input",
                why,
                "copy what changes: `let mut items = input.items;`",
            );
        }
    }
}

fn mutable(param: &Param) -> Vec<Token![mut]> {
    let mut search = Search(Vec::new());
    search.visit_pat(&param.pat);
    search.0
}

struct Search(Vec<Token![mut]>);

impl<'ast> Visit<'ast> for Search {
    fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
        self.0.extend(pat.mutability);
        visit::visit_pat_ident(self, pat);
    }
}

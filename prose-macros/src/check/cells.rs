//! Types that change unseen cannot be saved: nobody would know that they are to be saved again.

use crate::errors::Errors;
use crate::model::Model;
use syn::visit::{self, Visit};
use syn::{Expr, PathSegment, Type};

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in model.variables.iter().filter(|variable| variable.class.is_saved()) {
        let declared = variable.ty.as_ref().and_then(cell_in);
        let Some(cell) = declared.or_else(|| variable.init().and_then(made)) else { continue };
        let what = format!("`{}` cannot be part of the checkpoint", cell.ident);
        let why = "it changes through a shared borrow, so a change would go unsaved";
        errors.push(&cell.ident, &what, why, "keep a plain value in a `mut` variable, or put it into `ctx.deps`");
    }
}

fn cell_in(ty: &Type) -> Option<PathSegment> {
    let mut search = Search(None);
    search.visit_type(ty);
    search.0
}

/// The cell that is made here: `Mutex::new(..)`, perhaps inside of another call such as `Arc::new`.
fn made(init: &Expr) -> Option<PathSegment> {
    let Expr::Call(call) = init else { return None };
    let mut search = Search(None);
    search.visit_expr(&call.func);
    search.0.or_else(|| call.args.iter().find_map(made))
}

struct Search(Option<PathSegment>);

impl<'ast> Visit<'ast> for Search {
    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        const CELLS: [&str; 6] = ["Mutex", "RwLock", "Cell", "RefCell", "OnceCell", "OnceLock"];
        let name = segment.ident.to_string();
        let changes = CELLS.contains(&name.as_str()) || name.starts_with("Atomic");
        if changes && self.0.is_none() {
            self.0 = Some(segment.clone());
        }
        visit::visit_path_segment(self, segment);
    }
}

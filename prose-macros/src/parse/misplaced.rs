//! syn reads a `let` wherever an expression stands, rustc in conditions alone. While a value is not typed yet, that `let` is the next
//! statement: `let total: u64 = let ..`.

use crate::errors::Errors;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, ExprBinary, ExprIf, ExprLet, ExprWhile, PatGuard, Stmt, Token};

/// Tells each `let` that no condition asks.
pub(super) fn refuse(stmts: &[Stmt], errors: &mut Errors) {
    let mut search = Search { found: Vec::new() };
    stmts.iter().for_each(|stmt| search.visit_stmt(stmt));
    for found in search.found {
        errors.push_syntax(syn::Error::new(found.span, "expected expression, found `let`"));
    }
}

struct Search {
    found: Vec<Token![let]>,
}

impl Search {
    /// `let A = a && b && let C = c`
    fn condition(&mut self, expr: &Expr) {
        match expr {
            Expr::Binary(ExprBinary { op: BinOp::And(_), left, right, .. }) => {
                self.condition(left);
                self.condition(right);
            }
            Expr::Let(asked) => visit::visit_expr_let(self, asked),
            other => self.visit_expr(other),
        }
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_expr_let(&mut self, node: &'ast ExprLet) {
        self.found.push(node.let_token);
        visit::visit_expr_let(self, node);
    }

    fn visit_expr_if(&mut self, node: &'ast ExprIf) {
        self.condition(&node.cond);
        self.visit_block(&node.then_branch);
        node.else_branch.iter().for_each(|(_, otherwise)| self.visit_expr(otherwise));
    }

    fn visit_expr_while(&mut self, node: &'ast ExprWhile) {
        self.condition(&node.cond);
        self.visit_block(&node.body);
    }

    fn visit_pat_guard(&mut self, node: &'ast PatGuard) {
        self.visit_pat(&node.pat);
        self.condition(&node.guard);
    }
}

//! What syn reads in places where it means nothing.

use super::attribute;
use crate::errors::{Errors, message};
use syn::visit::{self, Visit};
use syn::{
    Attribute, BinOp, Expr, ExprBinary, ExprIf, ExprLet, ExprWhile, FieldPat, PatGuard, PatIdent, PatType, Stmt,
};

/// Tells each `let` that no condition asks, and each point on a part of a pattern or on a parameter.
///
/// rustc knows `let` as an expression in conditions alone. While a value is not typed yet, it is the next statement:
/// `let total: u64 = let ..`.
pub(super) fn refuse(stmts: &[Stmt], errors: &mut Errors) {
    let mut search = Search { errors };
    stmts.iter().for_each(|stmt| search.visit_stmt(stmt));
}

/// A body with a variable named `self`, which syn lets pass, is none: no field, fn or variable of what is generated can have that name.
pub(super) fn without_self(stmts: Vec<Stmt>) -> syn::Result<Vec<Stmt>> {
    let mut search = SelfAsVariable(None);
    stmts.iter().for_each(|stmt| search.visit_stmt(stmt));
    match search.0 {
        Some(variable) => Err(syn::Error::new_spanned(
            variable,
            message(
                "`self` is no variable's name",
                "a saved variable has a name of its own, and this word is the receiver's of a method",
                "give it another: `let order: Order = ..;`",
            ),
        )),
        None => Ok(stmts),
    }
}

struct SelfAsVariable(Option<PatIdent>);

impl Visit<'_> for SelfAsVariable {
    fn visit_pat_ident(&mut self, pat: &PatIdent) {
        if pat.ident == "self" {
            self.0.get_or_insert_with(|| pat.clone());
        }
        visit::visit_pat_ident(self, pat);
    }
}

struct Search<'a> {
    errors: &'a mut Errors,
}

impl Search<'_> {
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

    fn points(&mut self, attrs: &[Attribute], place: &str) {
        attrs
            .iter()
            .filter(|attr| attribute::is_point(attr))
            .for_each(|attr| attribute::refuse_place(attr, place, self.errors));
    }
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_expr_let(&mut self, node: &'ast ExprLet) {
        self.errors.push_syntax(syn::Error::new(node.let_token.span, "expected expression, found `let`"));
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

    fn visit_field_pat(&mut self, node: &'ast FieldPat) {
        self.points(&node.attrs, "a field of a pattern");
        visit::visit_field_pat(self, node);
    }

    fn visit_pat_type(&mut self, node: &'ast PatType) {
        self.points(&node.attrs, "a parameter");
        visit::visit_pat_type(self, node);
    }
}

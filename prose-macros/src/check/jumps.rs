//! A `break` or a `continue` leads out of no step: what a step comes to is saved, and then the flow goes on behind it.

use super::walk::{Piece, pieces};
use crate::ast::{Flow, Kind, Point};
use crate::errors::Errors;
use syn::visit::{self, Visit};
use syn::{Expr, ExprAsync, ExprClosure, Item, Label, Lifetime};

pub(super) fn check(flow: &Flow, errors: &mut Errors) {
    pieces(&flow.body, &mut |piece| {
        if let Piece::Point(point) = piece
            && matches!(point.kind, Kind::Step | Kind::Validate | Kind::Transaction { .. })
        {
            search(point, errors);
        }
    });
}

fn search(point: &Point, errors: &mut Errors) {
    let labels = point.body.label.iter().cloned().collect();
    let mut search = Search { labels, loops: 0, found: Vec::new() };
    search.visit_expr(&point.body.expr);
    for (at, word) in search.found {
        let what = format!("`{word}` cannot leave a step");
        let why = "what a step comes to is saved, and then the flow goes on behind it";
        let instead = format!("let the step give what decides, and write `if .. {{ {word}; }}` behind it");
        errors.push(at, &what, why, &instead);
    }
}

/// Looks for jumps to what is not in the body.
struct Search {
    /// Of the body, around the place.
    labels: Vec<Lifetime>,
    /// So many are around the place.
    loops: usize,
    found: Vec<(Expr, &'static str)>,
}

impl Search {
    fn jump(&mut self, expr: &Expr, word: &'static str, label: Option<&Lifetime>) {
        let stays = match label {
            Some(label) => self.labels.iter().any(|known| known.ident == label.ident),
            None => self.loops > 0,
        };
        if !stays {
            self.found.push((expr.clone(), word));
        }
    }

    fn within(&mut self, label: Option<&Label>, is_loop: bool, expr: &Expr) {
        self.labels.extend(label.map(|label| label.name.clone()));
        self.loops += usize::from(is_loop);
        visit::visit_expr(self, expr);
        self.loops -= usize::from(is_loop);
        self.labels.truncate(self.labels.len() - usize::from(label.is_some()));
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Break(jump) => self.jump(expr, "break", jump.label.as_ref()),
            Expr::Continue(jump) => self.jump(expr, "continue", jump.label.as_ref()),
            _ => {}
        }
        match expr {
            Expr::ForLoop(node) => self.within(node.label.as_ref(), true, expr),
            Expr::While(node) => self.within(node.label.as_ref(), true, expr),
            Expr::Loop(node) => self.within(node.label.as_ref(), true, expr),
            Expr::Block(node) => self.within(node.label.as_ref(), false, expr),
            _ => visit::visit_expr(self, expr),
        }
    }

    // A jump out of these rustc refuses anywhere.
    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}
    fn visit_item(&mut self, _: &'ast Item) {}
}

//! Walks over a flow in source order: its points, and its plain code.

use crate::ast::{Block, Condition, Point, Stmt};
use syn::Expr;

/// A piece of a flow.
pub(super) enum Piece<'a> {
    Plain(&'a syn::Stmt),
    Asked(&'a Expr),
    Point(&'a Point),
}

/// Shows every point and every piece of plain code.
pub(super) fn pieces<'a>(block: &'a Block, see: &mut dyn FnMut(Piece<'a>)) {
    for stmt in &block.stmts {
        match stmt {
            Stmt::Item(_) => {}
            Stmt::Plain(stmt) => see(Piece::Plain(stmt)),
            Stmt::Point(point) => see(Piece::Point(point)),
            Stmt::Nested(bound) => pieces(&bound.node.block, see),
            Stmt::If(bound) => {
                see(Piece::Asked(match &bound.node.condition {
                    Condition::Plain(asked) => asked,
                    Condition::Let { scrutinee, .. } => scrutinee,
                }));
                pieces(&bound.node.then, see);
                bound.node.otherwise.iter().for_each(|block| pieces(block, see));
            }
        }
    }
}

//! Walks over a flow in source order: its points, and its plain code.

use crate::ast::{Block, Point, Stmt};
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
            Stmt::Plain(stmt) => see(Piece::Plain(stmt)),
            Stmt::Point(point) => see(Piece::Point(point)),
            _ => stmt.asked().into_iter().for_each(|asked| see(Piece::Asked(asked))),
        }
        stmt.blocks().into_iter().for_each(|block| pieces(block, see));
    }
}

//! Walks over a flow in source order: its points, and its plain code.

use crate::ast::{Block, Kind, Point, Stmt};
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
            Stmt::Point(point) => self::point(point, see),
            _ => stmt.asked().into_iter().for_each(|asked| see(Piece::Asked(asked))),
        }
        stmt.blocks().into_iter().for_each(|block| pieces(block, see));
    }
}

/// A point, what is asked in front of it, and the points that are its elements.
fn point<'a>(point: &'a Point, see: &mut dyn FnMut(Piece<'a>)) {
    see(Piece::Point(point));
    match &point.kind {
        Kind::Parallel { elements } => elements.iter().for_each(|element| see(Piece::Point(element))),
        Kind::Each(each) => see(Piece::Asked(&each.iterable)),
        Kind::Sleep => see(Piece::Asked(&point.body.expr)),
        Kind::Validate | Kind::Step | Kind::Transaction { .. } | Kind::Event { .. } | Kind::Child | Kind::Signal => {}
    }
}

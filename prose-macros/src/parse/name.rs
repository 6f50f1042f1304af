//! Names of points: `name = ".."`, else the label, else the variable, else (an event) the channel.

use crate::ast::{Block, Body, Kind, Name, Point, Stmt, Target};
use crate::errors::Errors;
use crate::names;
use quote::ToTokens;
use std::collections::HashMap;
use syn::{Expr, Ident, Pat};

/// The name that the statement itself gives: its label, or the one variable that it binds.
pub(super) fn of_statement(target: Option<&Target>, body: &Body) -> Option<Name> {
    if let Some(label) = &body.label {
        return Some(Name { text: names::plain(&label.ident), span: label.span() });
    }
    match target.map(|target| &target.pat) {
        Some(Pat::Ident(variable)) if variable.subpat.is_none() => {
            Some(Name { text: names::plain(&variable.ident), span: variable.ident.span() })
        }
        _ => None,
    }
}

/// Names the events that have no name of their own, and tells the points that then still have none.
pub(super) fn settle(body: &mut Block, errors: &mut Errors) {
    let mut unnamed_on: HashMap<String, usize> = HashMap::new();
    each_point(body, &mut |point| {
        if point.name.is_some() {
            return;
        }
        match &point.kind {
            Kind::Event { channel } => {
                let seen = unnamed_on.entry(channel.value()).or_default();
                *seen += 1;
                let text = event_name(&channel.value(), *seen > 1, &point.body.expr);
                point.name = Some(Name { text, span: channel.span() });
            }
            _ => refuse_nameless(point, errors),
        }
    });
}

fn refuse_nameless(point: &Point, errors: &mut Errors) {
    match &point.target {
        Some(target) => nameless(&target.pat, &point.attr, errors),
        None => nameless(&point.attr, &point.attr, errors),
    }
}

/// Tells that a point has no name.
pub(super) fn nameless(at: impl ToTokens, attr: &Ident, errors: &mut Errors) {
    let why = "a saved run knows its points by name; a pattern has none";
    errors.push(at, "this point has no name", why, &format!("write `#[{attr}(name = \"..\")]`"));
}

/// The first event without a name is named for its channel, the next ones also for their type.
fn event_name(channel: &str, again: bool, event: &Expr) -> String {
    match type_of(event) {
        Some(name) if again => format!("{channel}.{name}"),
        _ => channel.to_owned(),
    }
}

/// The type that an event's expression names: `Type { .. }`, `Type::new(..)`, `Some(Type { .. })`.
fn type_of(event: &Expr) -> Option<String> {
    match event {
        Expr::Struct(literal) => literal.path.segments.last().map(|last| names::plain(&last.ident)),
        Expr::Call(call) => {
            let Expr::Path(path) = &*call.func else { return None };
            let segments: Vec<String> = path.path.segments.iter().map(|segment| names::plain(&segment.ident)).collect();
            match segments.as_slice() {
                [wrapper] if wrapper == "Some" => call.args.first().and_then(type_of),
                [.., owner, _] => Some(owner.clone()),
                [only] => Some(only.clone()),
                [] => None,
            }
        }
        Expr::Path(path) => path.path.segments.last().map(|last| names::plain(&last.ident)),
        _ => None,
    }
}

fn each_point(block: &mut Block, see: &mut dyn FnMut(&mut Point)) {
    for stmt in &mut block.stmts {
        if let Stmt::Point(point) = stmt {
            see(point);
        }
        stmt.blocks_mut().into_iter().for_each(|block| each_point(block, see));
    }
}

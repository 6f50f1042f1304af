//! A point: its attribute's options, and the statement that it stands on.

use super::options::Options;
use super::search::points_in;
use super::{attribute, body, each, name, parallel, wait};
use crate::ast::{Body, Compensation, Isolation, Kind, Name, Point, Retry, Target};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::time::Duration;
use syn::{Attribute, Expr, ExprBlock, Local, Pat, Stmt, Token};

/// Parses the statement that carries the attribute `attrs[ours]`.
pub(super) fn point(mut attrs: Vec<Attribute>, ours: usize, stmt: Stmt, errors: &mut Errors) -> Option<Point> {
    let attr = attrs.remove(ours);
    refuse_beside(&attrs, errors);
    let owner = attribute::name(&attr)?;
    match owner.as_str() {
        "parallel" => return parallel::parallel(&attr, attrs, stmt, errors),
        "each" => return each::each(&attr, attrs, stmt, errors),
        "sleep" => return wait::sleep(&attr, attrs, stmt, errors),
        "signal" => return wait::signal(&attr, attrs, stmt, errors),
        _ => {}
    }
    let mut options = Options::of_attribute(&attr, &owner, errors);
    let given = given_name(&mut options, errors);
    let kind = kind(&owner, &mut options, errors);
    let (retry, timeout) = limits(&owner, &mut options, errors);
    let compensate = compensation(&owner, &mut options, errors);
    options.finish(errors);
    let placed = place(&attr, &owner, stmt, errors)?;
    let (target, body) = contents(placed);
    if let Some(Kind::Child) = &kind {
        refuse_awaited_child(&body.expr, errors);
    }
    refuse_points_inside(&body.expr, errors);
    let name = given.or_else(|| name::of_statement(target.as_ref(), &body));
    Some(Point {
        attr: attr.path().get_ident()?.clone(),
        kind: kind?,
        name,
        retry,
        timeout,
        compensate,
        attrs,
        target,
        body,
    })
}

pub(super) fn refuse_beside(others: &[Attribute], errors: &mut Errors) {
    for other in others {
        if attribute::is_point(other) {
            let what = "a statement is one point";
            let why = "each point is saved on its own, under its own name";
            errors.push(other.path(), what, why, "make two statements of it");
        } else if other.path().is_ident("cfg") || other.path().is_ident("cfg_attr") {
            body::refuse_cfg(other, errors);
        } else {
            attribute::refuse_misspelt(other, errors);
        }
    }
}

pub(super) fn given_name(options: &mut Options, errors: &mut Errors) -> Option<Name> {
    let name = options.string("name", errors)?;
    if name.value().trim().is_empty() {
        let why = "the name is the point's identity in the saved run";
        errors.push(&name, "a point's name cannot be empty", why, "write what it does: `name = \"charge_payment\"`");
    }
    if name.value().contains(['[', ']', ':']) {
        let why = "in keys, `pay[3]` is the fourth turn of `pay` in a loop, and `pay:undo` what undoes it";
        errors.push(
            &name,
            "a point's name has no `[`, `]` and `:`",
            why,
            "use other signs: `name = \"charge_payment\"`",
        );
    }
    Some(Name { text: name.value(), span: name.span() })
}

fn kind(owner: &str, options: &mut Options, errors: &mut Errors) -> Option<Kind> {
    match owner {
        "validate" => Some(Kind::Validate),
        "transaction" => transaction(options, errors),
        "event" => event(options, errors),
        "child" => Some(Kind::Child),
        _ => Some(Kind::Step),
    }
}

fn transaction(options: &mut Options, errors: &mut Errors) -> Option<Kind> {
    let tx = options.expr("tx", errors);
    if tx.is_none() && !options.is_unread() {
        let why = "its commit and the step's are one, so the machine must begin it";
        let instead = "write `#[transaction(tx = ctx.deps.db)]`";
        errors.push_at(options.span(), "a transaction needs its database", why, instead);
    }
    let isolation = options.word("isolation", &Isolation::ALL.map(|level| (level.as_str(), level)), errors);
    Some(Kind::Transaction { tx: tx?, isolation })
}

fn event(options: &mut Options, errors: &mut Errors) -> Option<Kind> {
    let channel = options.leading_string();
    let why = "the channel is where it is published";
    if options.names("channel") {
        let named = options.expr("channel", errors);
        errors.push(named, "an event's channel stands without a name", why, "write `#[event(\"orders\")]`");
    } else if channel.is_none() && !options.is_unread() {
        errors.push_at(options.span(), "an event needs its channel", why, "write `#[event(\"orders\")]`");
    }
    Some(Kind::Event { channel: channel? })
}

/// `retry` and `timeout`, where the kind has them.
pub(super) fn limits(owner: &str, options: &mut Options, errors: &mut Errors) -> (Option<Retry>, Option<Duration>) {
    if !matches!(owner, "step" | "transaction" | "each") {
        return (None, None);
    }
    let retry = options.list("retry", "max_attempts = 3", errors).and_then(|retry| self::retry(retry, errors));
    let timeout = options.duration("timeout", errors);
    (retry, timeout)
}

/// `compensate`, where the kind has it.
pub(super) fn compensation(owner: &str, options: &mut Options, errors: &mut Errors) -> Option<Compensation> {
    if !matches!(owner, "step" | "transaction") {
        return None;
    }
    let (body, mut options) = options.run("compensate", errors)?;
    let (retry, timeout) = limits(owner, &mut options, errors);
    options.finish(errors);
    refuse_points_inside(&body, errors);
    if matches!(body, Expr::Path(_) | Expr::Closure(_)) {
        let why = "it is run as it stands, as a step is: a fn or closure that nobody calls would undo nothing";
        errors.push(
            &body,
            "`compensate` takes what is to be run, not a fn",
            why,
            "write `compensate = { undo(..).await?; }`",
        );
    }
    Some(Compensation { body, retry, timeout })
}

fn retry(mut options: Options, errors: &mut Errors) -> Option<Retry> {
    const DELAY: Duration = Duration::from_millis(100);
    const BACKOFF: f32 = 2.0;
    let span = options.span();
    let wanted = options.is_unread() || options.names("max_attempts");
    let max_attempts = options.integer("max_attempts", 1, errors);
    let retry = Retry {
        max_attempts: max_attempts.unwrap_or(1),
        delay: options.duration("delay", errors).unwrap_or(DELAY),
        backoff: options.factor("backoff", errors).unwrap_or(BACKOFF),
        max_delay: options.duration("max_delay", errors),
        jitter: options.flag("jitter", errors),
        when: options.expr("when", errors),
    };
    // An option that is not known may be this one, misspelt.
    if options.finish(errors) && !wanted {
        let why = "without a bound, a step that cannot succeed would be tried for ever";
        errors.push_at(span, "`retry` needs `max_attempts`", why, "write `retry(max_attempts = 3, ..)`");
    }
    max_attempts.map(|_| retry)
}

/// What the attribute stands on.
enum Placed {
    Let(Local),
    Block(ExprBlock),
    Expression(Expr),
}

fn place(attr: &Attribute, owner: &str, stmt: Stmt, errors: &mut Errors) -> Option<Placed> {
    match stmt {
        Stmt::Local(local) if matches!(owner, "step" | "transaction" | "child") => {
            saved_let(local, errors).map(Placed::Let)
        }
        Stmt::Expr(Expr::Block(block), _) if block.label.is_some() && owner != "child" => Some(Placed::Block(block)),
        Stmt::Expr(expr, _) if owner == "event" && may_be_event(&expr) => Some(Placed::Expression(expr)),
        Stmt::Macro(mac) if owner == "event" => {
            Some(Placed::Expression(Expr::Macro(syn::ExprMacro { attrs: Vec::new(), mac: mac.mac })))
        }
        other => {
            attribute::refuse_place(attr, describe(&other), errors);
            None
        }
    }
}

pub(super) fn describe(stmt: &Stmt) -> &'static str {
    match stmt {
        Stmt::Local(_) => "a `let`",
        Stmt::Item(_) => "an item",
        Stmt::Macro(_) => "a macro call",
        Stmt::Expr(Expr::Block(block), _) if block.label.is_some() => "a block",
        Stmt::Expr(Expr::Block(_), _) => "a block without a label",
        Stmt::Expr(Expr::If(_), _) => "an `if`",
        Stmt::Expr(Expr::Match(_), _) => "a `match`",
        Stmt::Expr(Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_), _) => "a loop",
        Stmt::Expr(Expr::Assign(_), _) => "an assignment",
        Stmt::Expr(..) => "a plain expression",
    }
}

/// An event is a value; control flow around one is written inside a labelled block.
fn may_be_event(expr: &Expr) -> bool {
    !matches!(expr, Expr::Assign(_) | Expr::If(_) | Expr::Match(_) | Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_))
}

/// A `let` whose value can be saved: it has one, it has a type, and no `else`.
fn saved_let(local: Local, errors: &mut Errors) -> Option<Local> {
    let Some(init) = &local.init else {
        let why = "what the step computes is its result, and is saved";
        errors.push(&local.pat, "a step's `let` needs a value", why, "write `let name: Type = ..;`");
        return None;
    };
    if let Some((otherwise, _)) = &init.diverge {
        let why = "the step's result is saved whole, whether it matches or not";
        errors.push(otherwise, "a step's `let` has no `else`", why, "save it under a name, and match behind the step");
    }
    if !matches!(local.pat, Pat::Type(_)) {
        let name = local.pat.to_token_stream();
        let why = "the result is saved, and a saved run must know its type to read it back";
        errors.push(&local.pat, "a step's `let` needs its type", why, &format!("write `let {name}: Type = ..;`"));
    }
    Some(local)
}

/// The variable, if any, and the body.
fn contents(placed: Placed) -> (Option<Target>, Body) {
    match placed {
        Placed::Let(local) => {
            let expr = local.init.map_or_else(|| Expr::Verbatim(TokenStream::new()), |init| *init.expr);
            (Some(body::target(local.pat)), Body { label: None, expr })
        }
        Placed::Block(mut block) => {
            let label = block.label.take().map(|label| label.name);
            (None, Body { label, expr: Expr::Block(block) })
        }
        Placed::Expression(expr) => (None, Body { label: None, expr }),
    }
}

/// The call is what the machine needs: it gives it the child's run.
pub(super) fn refuse_awaited_child(call: &Expr, errors: &mut Errors) {
    let why = "the parent starts the child's run and awaits it, and fails if the child fails";
    if let Some(awaited) = awaited(call) {
        errors.push(awaited, "`.await` behind the call of a `#[child]`", why, "remove `.await`, and all behind it");
    } else if let Expr::Try(tried) = call {
        errors.push(tried.question_token, "`?` behind the call of a `#[child]`", why, "remove it");
    }
}

/// The `.await` in `call.await?`, `call.await.map_err(..)?`.
fn awaited(call: &Expr) -> Option<Token![await]> {
    match call {
        Expr::Await(awaited) => Some(awaited.await_token),
        Expr::Try(tried) => awaited(&tried.expr),
        Expr::MethodCall(call) => awaited(&call.receiver),
        Expr::Paren(paren) => awaited(&paren.expr),
        _ => None,
    }
}

pub(super) fn refuse_points_inside(body: &Expr, errors: &mut Errors) {
    for found in points_in(&Stmt::Expr(body.clone(), None)) {
        let what = format!("`#[{}]` cannot stand inside another point", found.name);
        let why = "a point runs as a whole, or not at all";
        errors.push(&found.name, &what, why, "make it a statement of its own, in front of this one or behind it");
    }
}

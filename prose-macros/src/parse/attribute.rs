//! Which attributes are points, and how they are taken off a statement.

use crate::errors::Errors;
use crate::names;
use syn::{Attribute, Expr, Item, Stmt};

/// Attributes that make a point. A slip that is as near to two of them means the first.
const POINTS: [&str; 9] = ["sleep", "signal", "validate", "step", "transaction", "event", "parallel", "each", "child"];

/// Is it one of ours?
pub(crate) fn is_point(attr: &Attribute) -> bool {
    name(attr).is_some_and(|name| is_point_name(&name))
}

/// Is this the name of a point's attribute?
pub(crate) fn is_point_name(name: &str) -> bool {
    POINTS.contains(&name)
}

/// The attribute's name, if it is a single word.
pub(super) fn name(attr: &Attribute) -> Option<String> {
    attr.path().get_ident().map(names::plain)
}

/// Takes the attributes off a statement: ours, and the others.
pub(super) fn take(stmt: &mut Stmt) -> Vec<Attribute> {
    attrs_mut(stmt).map(std::mem::take).unwrap_or_default()
}

/// Puts attributes onto a statement.
pub(super) fn put(stmt: &mut Stmt, attrs: Vec<Attribute>) {
    if let Some(place) = attrs_mut(stmt) {
        *place = attrs;
    }
}

/// Takes the attributes off an expression.
pub(super) fn take_from(expr: &mut Expr) -> Vec<Attribute> {
    leftmost_attrs(expr).map(std::mem::take).unwrap_or_default()
}

/// The attributes of a statement.
fn attrs_mut(stmt: &mut Stmt) -> Option<&mut Vec<Attribute>> {
    match stmt {
        Stmt::Local(local) => Some(&mut local.attrs),
        Stmt::Macro(mac) => Some(&mut mac.attrs),
        Stmt::Expr(expr, _) => leftmost_attrs(expr),
        _ => None,
    }
}

/// Where the parser puts the attributes of an expression statement: on its leftmost operand.
fn leftmost_attrs(expr: &mut Expr) -> Option<&mut Vec<Attribute>> {
    match expr {
        Expr::Assign(assign) => leftmost_attrs(&mut assign.left),
        Expr::Binary(binary) => leftmost_attrs(&mut binary.left),
        Expr::Cast(cast) => leftmost_attrs(&mut cast.expr),
        other => expr_attrs(other),
    }
}

/// The attributes of an expression, whatever it is.
fn expr_attrs(expr: &mut Expr) -> Option<&mut Vec<Attribute>> {
    macro_rules! any_of {
        ($($kind:ident)*) => { match expr { $(Expr::$kind(inner) => Some(&mut inner.attrs),)* _ => None } };
    }
    any_of!(Array Assign Async Await Binary Block Break Call Cast Closure Const Continue Field ForLoop Group If Index
        Infer Let Lit Loop Macro Match MethodCall Paren Path Range RawAddr Reference Repeat Return Struct Try TryBlock
        Tuple Unary Unsafe While Yield)
}

/// The attributes of an item, but for those of types: they belong to derives, which may have one of our names.
pub(super) fn of_item(item: &Item) -> &[Attribute] {
    macro_rules! any_of {
        ($($kind:ident)*) => { match item { $(Item::$kind(inner) => &inner.attrs,)* _ => &[] } };
    }
    any_of!(Const ExternCrate Fn ForeignMod Impl Macro Mod Static Trait TraitAlias Type Use)
}

/// Tells an attribute that is near to one of ours: rustc would only say that it does not know it.
pub(super) fn refuse_misspelt(attr: &Attribute, errors: &mut Errors) {
    const BUILTIN: [&str; 9] = ["allow", "warn", "deny", "forbid", "expect", "cfg", "cfg_attr", "doc", "inline"];
    let Some(name) = name(attr) else { return };
    if BUILTIN.contains(&name.as_str()) {
        return;
    }
    if let Some(near) = names::nearest(&name, &POINTS) {
        let what = format!("there is no attribute `#[{name}]`");
        let why = "what it stands on would not be saved";
        errors.push(attr.path(), &what, why, &format!("did you mean `#[{near}]`?"));
    }
}

/// Tells an attribute whose place does not fit it.
pub(super) fn refuse_place(attr: &Attribute, place: &str, errors: &mut Errors) {
    let name = name(attr).unwrap_or_default();
    let (why, instead) = match name.as_str() {
        "validate" => ("it looks, and either lets the flow go on or fails it", "write `'name: { .. }`".to_owned()),
        "event" => (
            "it is recorded with the step before it",
            "put it on an expression that is an event, or on `'name: { .. }`".to_owned(),
        ),
        "parallel" => (
            "its elements run at once, and each is saved on its own",
            "put it on `let (a, b): (A, B) = (#[step] .., #[step] ..);`".to_owned(),
        ),
        "each" => (
            "its body runs once for each element, and each result is saved on its own",
            "put it on `let results: Vec<T> = for item in items { .. };`".to_owned(),
        ),
        "child" => (
            "the child's result is saved under a name and a type",
            "put it on `let name: Type = other_flow(input);`".to_owned(),
        ),
        "sleep" => (
            "its value says how long the run waits, or until when",
            "put it on a `Duration` or a `SystemTime`: `Duration::from_secs(60);`".to_owned(),
        ),
        "signal" => ("what is sent is saved under a name and a type", "put it on `let name: Type;`".to_owned()),
        _ => (
            "its result is saved under a name and a type",
            "put it on `let name: Type = ..;` or on `'name: { .. }`".to_owned(),
        ),
    };
    errors.push(attr.path(), &format!("`#[{name}]` has no place on {place}"), why, &instead);
}

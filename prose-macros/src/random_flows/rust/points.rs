//! Points of a flow as it was written: their bodies run in place.

use super::control::{elements, name};
use super::patterns::last;
use super::value::Value;
use super::{ATTEMPTS, Flow, Interpreter, Stop, fault};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, ExprForLoop, ExprLit, ExprTuple, Lit, Stmt, Token};

/// A point's attribute, read.
pub(super) struct Point {
    kind: String,
    name: Option<String>,
    retried: bool,
}

/// The point that a statement is, if it is one.
pub(super) fn of(stmt: &Stmt) -> Option<Point> {
    match stmt {
        Stmt::Local(local) => read(&local.attrs),
        Stmt::Expr(expr, _) => of_expr(expr),
        _ => None,
    }
}

/// The point that an expression is: a statement, or an element of a `#[parallel]`.
pub(super) fn of_expr(expr: &Expr) -> Option<Point> {
    read(match expr {
        Expr::Block(block) => &block.attrs,
        Expr::Call(call) => &call.attrs,
        Expr::Struct(literal) => &literal.attrs,
        _ => return None,
    })
}

fn read(attrs: &[Attribute]) -> Option<Point> {
    let attr = attrs.iter().find(|attr| is_point(attr))?;
    let mut point = Point { kind: last(attr.path()), name: None, retried: false };
    // `#[step]` has no arguments, which is an error here, and no harm.
    let options = attr.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated).unwrap_or_default();
    for option in &options {
        match option {
            Expr::Assign(option) if is_named(&option.left, "name") => {
                if let Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) = &*option.right {
                    point.name = Some(name.value());
                }
            }
            Expr::Call(call) => point.retried |= is_named(&call.func, "retry"),
            _ => {}
        }
    }
    Some(point)
}

fn is_named(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident(name))
}

fn is_point(attr: &Attribute) -> bool {
    let points = ["step", "transaction", "validate", "sleep", "event", "parallel", "each"];
    points.iter().any(|name| attr.path().is_ident(name))
}

/// Are there points in this block?
pub(super) fn inside(block: &Block) -> bool {
    struct Search(bool);
    impl<'ast> Visit<'ast> for Search {
        fn visit_attribute(&mut self, attr: &'ast Attribute) {
            self.0 |= is_point(attr);
        }
    }
    let mut search = Search(false);
    visit::visit_block(&mut search, block);
    search.0
}

impl Interpreter<'_> {
    /// Runs a point's body; a failure leaves the flow.
    pub(super) fn point(&mut self, point: &Point, stmt: &Stmt) -> Flow<Value> {
        match stmt {
            Stmt::Local(local) => {
                let Some(init) = &local.init else { return fault("a point without a value") };
                let value = match (point.kind.as_str(), &*init.expr) {
                    ("parallel", Expr::Tuple(elements)) => self.at_once(elements)?,
                    ("each", Expr::ForLoop(elements)) => self.one_by_one(point, elements)?,
                    (_, value) => {
                        let given = self.body(point, &[], |this| this.expr(value))?;
                        given.map_err(Stop::Return)?
                    }
                };
                self.bind(&local.pat, value)?;
            }
            Stmt::Expr(Expr::Block(block), _) => {
                let label = name(block.label.as_ref().map(|label| &label.name));
                let point = Point { kind: point.kind.clone(), name: point.name.clone().or(label), ..*point };
                let done = self.body(&point, &[], |this| this.labelled(block.label.as_ref(), &block.block))?;
                done.map_err(Stop::Return)?;
            }
            // An event is what it gives.
            Stmt::Expr(event @ Expr::Struct(_), _) => {
                let event = self.body(point, &[], |this| this.expr(event))?;
                let event = event.map_err(Stop::Return)?;
                self.host.act(event.to_string());
            }
            // A sleep: how long is plain code, and what it sees.
            Stmt::Expr(time, _) => {
                let time = self.expr(time)?;
                let Some(name) = &point.name else { return fault("a sleep without a name") };
                self.host.begin(Some((name, &self.turns)))?;
                self.host.act(time.to_string());
            }
            _ => return fault("a point on something else"),
        }
        Ok(Value::unit())
    }

    /// The elements of a `#[parallel]`: all run, and then the first failure is the flow's.
    fn at_once(&mut self, elements: &ExprTuple) -> Flow<Value> {
        let mut results = Vec::new();
        for element in &elements.elems {
            let Some(point) = of_expr(element) else { return fault("an element that is no point") };
            results.push(self.body(&point, &[], |this| this.expr(element))?);
        }
        let values: Result<Vec<Value>, Value> = results.into_iter().collect();
        values.map(Value::Tuple).map_err(Stop::Return)
    }

    /// The elements of an `#[each]`: none runs behind one that has failed.
    fn one_by_one(&mut self, point: &Point, node: &ExprForLoop) -> Flow<Value> {
        let over = self.expr(&node.expr)?;
        let mut values = Vec::new();
        for (element, index) in elements(over)?.into_iter().zip(0..) {
            let value = self.body(point, &[index], |this| {
                this.scoped(|this| {
                    this.bind(&node.pat, element.clone())?;
                    this.block(&node.body)
                })
            })?;
            values.push(value.map_err(Stop::Return)?);
        }
        Ok(Value::List(values))
    }

    /// Runs a body, again if it is to be; gives its value, or the `Err` that the flow is to return.
    fn body(
        &mut self,
        point: &Point,
        element: &[i64],
        run: impl Fn(&mut Self) -> Flow<Value>,
    ) -> Flow<Result<Value, Value>> {
        let Some(name) = &point.name else { return fault("a point without a name") };
        let at = [&self.turns, element].concat();
        self.host.begin(Some((name, &at)))?;
        let attempts = if point.retried { ATTEMPTS } else { 1 };
        let mut result = fault("it never ran");
        for attempt in 1..=attempts {
            self.attempt = attempt;
            result = match self.returning(|this| run(this).map(|value| Value::variant("Ok", vec![value])))? {
                Value::Variant(ok, mut parts) if ok == "Ok" => {
                    return parts.pop().map_or_else(|| fault("an empty `Ok`"), |value| Ok(Ok(value)));
                }
                error => Ok(Err(error)),
            };
        }
        result
    }
}

//! Points of a flow as it was written: their bodies run in place.

use super::control::name;
use super::value::Value;
use super::{Flow, Interpreter, Stop, fault};
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, LitStr, Stmt};

/// A point's attribute, read.
pub(super) struct Point {
    name: Option<String>,
}

/// The point that a statement is, if it is one.
pub(super) fn of(stmt: &Stmt) -> Option<Point> {
    let attrs = match stmt {
        Stmt::Local(local) => &local.attrs,
        Stmt::Expr(Expr::Block(block), _) => &block.attrs,
        Stmt::Expr(Expr::Call(call), _) => &call.attrs,
        Stmt::Expr(Expr::Try(node), _) => &node.attrs,
        _ => return None,
    };
    let attr = attrs.iter().find(|attr| is_point(attr))?;
    let mut name = None;
    // `#[step]` has no arguments, which is an error here, and no harm.
    let _no_arguments = attr.parse_nested_meta(|meta| {
        if meta.path.is_ident("name") {
            name = Some(meta.value()?.parse::<LitStr>()?.value());
            return Ok(());
        }
        meta.value()?.parse::<Expr>().map(|_| ())
    });
    Some(Point { name })
}

fn is_point(attr: &Attribute) -> bool {
    ["step", "transaction", "validate", "sleep"].iter().any(|name| attr.path().is_ident(name))
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
                let value = self.body(point.name.as_deref(), |this| {
                    this.expr(&init.expr).map(|value| Value::variant("Ok", vec![value]))
                })?;
                self.bind(&local.pat, value)?;
            }
            Stmt::Expr(Expr::Block(block), _) => {
                let label = name(block.label.as_ref().map(|label| &label.name));
                let name = point.name.as_deref().or(label.as_deref());
                self.body(name, |this| {
                    this.labelled(block.label.as_ref(), &block.block)?;
                    Ok(Value::variant("Ok", vec![Value::unit()]))
                })?;
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

    fn body(&mut self, name: Option<&str>, run: impl FnOnce(&mut Self) -> Flow<Value>) -> Flow<Value> {
        let Some(name) = name else { return fault("a point without a name") };
        self.host.begin(Some((name, &self.turns)))?;
        match self.returning(run)? {
            Value::Variant(ok, mut parts) if ok == "Ok" => parts.pop().map_or_else(|| fault("an empty `Ok`"), Ok),
            error => Err(Stop::Return(error)),
        }
    }
}

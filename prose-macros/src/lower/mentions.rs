//! The free variables of plain code: by scope in Rust syntax, by token in macro calls and format strings.

use crate::names;
use crate::patterns::bindings;
use crate::tokens::is_punct;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use std::collections::HashSet;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, Item, Local, Macro, Stmt};

/// Methods of the standard collections that change them. Others are left to rustc, which sees the variable as immutable.
const CHANGING: [&str; 21] = [
    "push",
    "push_str",
    "push_back",
    "push_front",
    "pop",
    "extend",
    "append",
    "clear",
    "truncate",
    "retain",
    "drain",
    "sort",
    "sort_by",
    "sort_by_key",
    "dedup",
    "iter_mut",
    "get_mut",
    "insert",
    "remove",
    "entry",
    "swap",
];

/// A name that is not bound inside of the code that mentions it.
pub(crate) struct Mention {
    pub(crate) ident: Ident,
    /// Is it assigned to, or borrowed mutably?
    pub(crate) changed: bool,
}

/// The free names of an expression.
pub(crate) fn in_expr(expr: &Expr) -> Vec<Mention> {
    let mut search = Search::default();
    // A chain of `let`s binds names for its own later parts.
    search.scoped(|search| search.visit_expr(expr));
    search.found
}

/// The free names of what is done for an element that this pattern takes apart.
pub(crate) fn in_turn(pat: &syn::Pat, body: &Expr) -> Vec<Mention> {
    let mut search = Search::default();
    search.scoped(|search| {
        search.bind(pat);
        search.visit_expr(body);
    });
    search.found
}

/// The free names of a statement. A `let` of the flow itself counts by its value.
pub(crate) fn in_stmt(stmt: &Stmt) -> Vec<Mention> {
    let mut search = Search::default();
    search.visit_stmt(stmt);
    search.found
}

/// The names mentioned in the tokens of a macro call: any that is no field or method. It errs on the side of saving.
fn mentions_in_tokens(tokens: TokenStream) -> Vec<Ident> {
    let mut found = Vec::new();
    scan(tokens, &mut found);
    found
}

fn scan(tokens: TokenStream, found: &mut Vec<Ident>) {
    let mut dots = 0;
    let mut tick = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(ident) if dots != 1 && !tick => found.push(ident.clone()),
            TokenTree::Group(group) => scan(group.stream(), found),
            TokenTree::Literal(literal) => found.extend(inline_arguments(&literal.to_string(), literal.span())),
            _ => {}
        }
        dots = if is_punct(&token, '.') { dots + 1 } else { 0 };
        tick = is_punct(&token, '\'');
    }
}

/// The names in a format string: `"{total:>width$}"` has `total` and `width`.
fn inline_arguments(literal: &str, span: Span) -> Vec<Ident> {
    if !literal.contains('"') {
        return Vec::new();
    }
    let text = literal.replace("{{", "").replace("}}", "");
    let placeholders = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(inside, _)| inside);
    placeholders.flat_map(|inside| names_of_placeholder(inside, span)).collect()
}

fn names_of_placeholder(inside: &str, span: Span) -> Vec<Ident> {
    let (name, spec) = inside.split_once(':').unwrap_or((inside, ""));
    let sizes = spec
        .split('$')
        .rev()
        .skip(1)
        .filter_map(|part| part.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next());
    let ident = |name: &str| syn::parse_str::<Ident>(name.trim()).ok();
    let mut idents: Vec<Ident> = std::iter::once(name).chain(sizes).filter_map(ident).collect();
    idents.iter_mut().for_each(|ident| ident.set_span(span));
    idents
}

#[derive(Default)]
struct Search {
    found: Vec<Mention>,
    /// Names bound inside of the code.
    bound: Vec<HashSet<String>>,
}

impl Search {
    fn mention(&mut self, ident: &Ident, changed: bool) {
        let name = names::plain(ident);
        if !self.bound.iter().any(|scope| scope.contains(&name)) {
            self.found.push(Mention { ident: ident.clone(), changed });
        }
    }

    fn scoped(&mut self, visit: impl FnOnce(&mut Self)) {
        self.bound.push(HashSet::new());
        visit(self);
        self.bound.pop();
    }

    fn bind(&mut self, pat: &syn::Pat) {
        self.visit_pat(pat);
        if let Some(scope) = self.bound.last_mut() {
            scope.extend(bindings(pat).iter().map(|binding| names::plain(&binding.ident)));
        }
    }

    /// The variable that an assignment to this place changes.
    fn changes(&mut self, place: &Expr) {
        match place {
            Expr::Path(path) => {
                if let Some(ident) = path.path.get_ident() {
                    self.mention(ident, true);
                }
            }
            Expr::Field(field) => self.changes(&field.base),
            Expr::Index(index) => self.changes(&index.expr),
            Expr::Paren(paren) => self.changes(&paren.expr),
            _ => {}
        }
    }

    /// The variables that an assignment changes, which may take a value apart.
    fn takes_apart(&mut self, place: &Expr) {
        match place {
            Expr::Tuple(tuple) => tuple.elems.iter().for_each(|place| self.takes_apart(place)),
            Expr::Array(array) => array.elems.iter().for_each(|place| self.takes_apart(place)),
            Expr::Struct(node) => node.fields.iter().for_each(|field| self.takes_apart(&field.expr)),
            Expr::Call(call) => call.args.iter().for_each(|place| self.takes_apart(place)),
            Expr::Paren(paren) => self.takes_apart(&paren.expr),
            place => self.changes(place),
        }
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if let (None, Some(ident)) = (&path.qself, path.path.get_ident()) {
            self.mention(ident, false);
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        mentions_in_tokens(mac.tokens.clone()).iter().for_each(|ident| self.mention(ident, false));
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        self.takes_apart(&assign.left);
        // A variable that is assigned as a whole is not read.
        if !matches!(&*assign.left, Expr::Path(_)) {
            self.visit_expr(&assign.left);
        }
        self.visit_expr(&assign.right);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if is_assignment(&binary.op) {
            self.changes(&binary.left);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_reference(&mut self, reference: &'ast syn::ExprReference) {
        if reference.mutability.is_some() {
            self.changes(&reference.expr);
        }
        visit::visit_expr_reference(self, reference);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if CHANGING.iter().any(|name| call.method == name) {
            self.changes(&call.receiver);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.scoped(|search| visit::visit_block(search, block));
    }

    fn visit_local(&mut self, local: &'ast Local) {
        if let Some(init) = &local.init {
            self.visit_expr(&init.expr);
            init.diverge.iter().for_each(|(_, diverge)| self.visit_expr(diverge));
        }
        self.bind(&local.pat);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.scoped(|search| {
            closure.inputs.iter().for_each(|input| search.bind(input));
            search.visit_expr(&closure.body);
        });
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.scoped(|search| {
            search.bind_first(&arm.pat);
            search.visit_expr(&arm.body);
        });
    }

    fn visit_expr_if(&mut self, node: &'ast syn::ExprIf) {
        self.scoped(|search| {
            search.visit_expr(&node.cond);
            search.visit_block(&node.then_branch);
        });
        node.else_branch.iter().for_each(|(_, otherwise)| self.visit_expr(otherwise));
    }

    fn visit_expr_while(&mut self, node: &'ast syn::ExprWhile) {
        self.scoped(|search| {
            search.visit_expr(&node.cond);
            search.visit_block(&node.body);
        });
    }

    fn visit_expr_let(&mut self, ask: &'ast syn::ExprLet) {
        self.visit_expr(&ask.expr);
        self.bind(&ask.pat);
    }

    fn visit_expr_for_loop(&mut self, node: &'ast syn::ExprForLoop) {
        self.visit_expr(&node.expr);
        self.scoped(|search| {
            search.bind(&node.pat);
            search.visit_block(&node.body);
        });
    }

    /// An item sees no variables.
    fn visit_item(&mut self, _: &'ast Item) {}

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

impl Search {
    /// Binds a pattern whose guard sees its variables already.
    fn bind_first(&mut self, pat: &syn::Pat) {
        if let Some(scope) = self.bound.last_mut() {
            scope.extend(bindings(pat).iter().map(|binding| names::plain(&binding.ident)));
        }
        self.visit_pat(pat);
    }
}

fn is_assignment(op: &BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

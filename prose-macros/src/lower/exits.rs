//! Where plain code leaves: whether it always does, and the blocks and loops that it jumps out of.

use crate::known_macros;
use crate::names;
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, Expr, ExprAsync, ExprBlock, ExprBreak, ExprClosure, ExprContinue, ExprForLoop, ExprLoop,
    ExprReturn, ExprWhile, Item, Label, Macro, Stmt,
};

/// Does control never come behind this statement?
pub(crate) fn always(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Expr(expr, _) => leaves(expr),
        Stmt::Macro(call) => known_macros::leaves(&call.mac) && !may_be_left_out(&call.attrs),
        Stmt::Local(_) | Stmt::Item(_) => false,
    }
}

/// Does control never come behind this expression?
pub(crate) fn leaves(expr: &Expr) -> bool {
    match expr {
        Expr::Return(ExprReturn { attrs, .. })
        | Expr::Break(ExprBreak { attrs, .. })
        | Expr::Continue(ExprContinue { attrs, .. }) => !may_be_left_out(attrs),
        Expr::Macro(mac) => known_macros::leaves(&mac.mac),
        Expr::Block(block) => block.label.is_none() && block_leaves(&block.block),
        Expr::If(node) => {
            let otherwise = node.else_branch.as_ref().is_some_and(|(_, otherwise)| leaves(otherwise));
            otherwise && block_leaves(&node.then_branch)
        }
        Expr::Match(node) => !node.arms.is_empty() && node.arms.iter().all(|arm| leaves(&arm.body)),
        _ => false,
    }
}

fn may_be_left_out(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"))
}

fn block_leaves(block: &Block) -> bool {
    block.stmts.last().is_some_and(always)
}

/// The statement without its blocks that always leave it: what has happened when control comes behind it.
pub(crate) fn when_passed(stmt: &Stmt) -> Stmt {
    let mut passed = stmt.clone();
    Passed::default().visit_stmt_mut(&mut passed);
    passed
}

/// Clears blocks that leave the statement. One that breaks out of a loop or block of the statement's own comes behind it.
#[derive(Default)]
struct Passed {
    /// The labels of the loops and blocks around, inside of the statement; a loop has an empty one as well.
    around: Vec<String>,
}

impl Passed {
    fn stays(&self, block: &Block) -> bool {
        let is_inside =
            |jump: &Jump| self.around.iter().any(|label| *label == jump.label.as_deref().unwrap_or_default());
        jumps(&block.stmts).iter().any(is_inside)
    }

    fn within(&mut self, label: Option<&Label>, is_loop: bool, visit: impl FnOnce(&mut Self)) {
        let mark = self.around.len();
        self.around.extend(label.map(|label| names::plain(&label.name.ident)));
        self.around.extend(is_loop.then(String::new));
        visit(self);
        self.around.truncate(mark);
    }
}

impl VisitMut for Passed {
    fn visit_block_mut(&mut self, block: &mut Block) {
        if block_leaves(block) && !self.stays(block) {
            block.stmts.clear();
        }
        visit_mut::visit_block_mut(self, block);
    }

    fn visit_expr_loop_mut(&mut self, node: &mut ExprLoop) {
        self.within(node.label.clone().as_ref(), true, |this| visit_mut::visit_expr_loop_mut(this, node));
    }

    fn visit_expr_while_mut(&mut self, node: &mut ExprWhile) {
        self.within(node.label.clone().as_ref(), true, |this| visit_mut::visit_expr_while_mut(this, node));
    }

    fn visit_expr_for_loop_mut(&mut self, node: &mut ExprForLoop) {
        self.within(node.label.clone().as_ref(), true, |this| visit_mut::visit_expr_for_loop_mut(this, node));
    }

    fn visit_expr_block_mut(&mut self, node: &mut ExprBlock) {
        self.within(node.label.clone().as_ref(), false, |this| visit_mut::visit_expr_block_mut(this, node));
    }
}

/// A `break` or `continue` that leaves the code it stands in.
pub(crate) struct Jump {
    /// `continue`
    pub(crate) again: bool,
    pub(crate) label: Option<String>,
}

/// The jumps out of these statements. A macro of the user's may hide any: it errs on the side of saving.
pub(crate) fn jumps(stmts: &[Stmt]) -> Vec<Jump> {
    let mut search = Jumps { found: Vec::new(), loops: 0 };
    stmts.iter().for_each(|stmt| search.visit_stmt(stmt));
    search.found
}

/// The jumps out of an expression.
pub(crate) fn jumps_of(expr: &Expr) -> Vec<Jump> {
    let mut search = Jumps { found: Vec::new(), loops: 0 };
    search.visit_expr(expr);
    search.found
}

struct Jumps {
    found: Vec<Jump>,
    /// How many loops of the code itself are around.
    loops: usize,
}

impl Jumps {
    /// What a macro of the user's may hide: a jump out of the loop around it, and to each label that it is given.
    fn hidden(&mut self, tokens: TokenStream) {
        for again in [false, true] {
            self.jump(again, None);
            labels(tokens.clone()).into_iter().for_each(|label| self.jump(again, Some(label)));
        }
    }

    fn jump(&mut self, again: bool, label: Option<String>) {
        if label.is_some() || self.loops == 0 {
            self.found.push(Jump { again, label });
        }
    }

    fn in_loop(&mut self, visit: impl FnOnce(&mut Self)) {
        self.loops += 1;
        visit(self);
        self.loops -= 1;
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (place, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(word) if word == "break" || word == "continue" => {
                    self.jump(word == "continue", label_at(&tokens[place + 1..]));
                }
                _ => {}
            }
        }
    }
}

fn labels(tokens: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let here = (0..tokens.len()).filter_map(|place| label_at(&tokens[place..]));
    let inside = tokens.iter().filter_map(|token| match token {
        TokenTree::Group(group) => Some(labels(group.stream())),
        _ => None,
    });
    here.chain(inside.flatten()).collect()
}

/// Macros that are known to jump only where their tokens say so.
fn stays(mac: &Macro) -> bool {
    known_macros::leaves(mac) || known_macros::is_known(mac) || known_macros::stays(mac)
}

fn label_at(tokens: &[TokenTree]) -> Option<String> {
    match tokens {
        [TokenTree::Punct(tick), TokenTree::Ident(name), ..] if tick.as_char() == '\'' => Some(names::plain(name)),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Jumps {
    fn visit_expr_break(&mut self, node: &'ast ExprBreak) {
        self.jump(false, node.label.as_ref().map(|label| names::plain(&label.ident)));
        visit::visit_expr_break(self, node);
    }

    fn visit_expr_continue(&mut self, node: &'ast ExprContinue) {
        self.jump(true, node.label.as_ref().map(|label| names::plain(&label.ident)));
    }

    fn visit_expr_loop(&mut self, node: &'ast ExprLoop) {
        self.in_loop(|search| visit::visit_expr_loop(search, node));
    }

    fn visit_expr_while(&mut self, node: &'ast ExprWhile) {
        self.in_loop(|search| visit::visit_expr_while(search, node));
    }

    fn visit_expr_for_loop(&mut self, node: &'ast ExprForLoop) {
        self.in_loop(|search| visit::visit_expr_for_loop(search, node));
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.tokens(mac.tokens.clone());
        if !stays(mac) {
            self.hidden(mac.tokens.clone());
        }
    }

    // What stands in these cannot leave them.
    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}
    fn visit_item(&mut self, _: &'ast Item) {}
}

/// Does this code break out of the block with this label?
pub(crate) fn breaks(code: &Expr, label: &str) -> bool {
    jumps_of(code).iter().any(|jump| !jump.again && jump.label.as_deref() == Some(label))
}

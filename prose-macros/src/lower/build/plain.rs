//! Plain statements: gathered into stretches; borrows that are made again stand on their own.

use super::anew::look_behind;
use super::{Builder, Definition};
use crate::lower::exits;
use crate::lower::graph::{GraphNode, Vars};
use crate::lower::mentions;
use crate::model::{Anew, Leaf, Node, NodeId, Question, VarId, Variable, View};
use crate::patterns::bindings;
use crate::views;
use proc_macro2::Ident;
use syn::visit::Visit;
use syn::{Expr, Pat, Path, Stmt};

/// A stretch that is being collected.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) stmts: Vec<Stmt>,
    mentions: Vars,
    named: Vars,
    pub(super) defines: Vars,
    pub(super) assigns: Vars,
    overwrites: Vars,
    /// Declared before, and given their value only where the stretch is left.
    leaving: Vars,
    /// What macros that are statements may define anew.
    anew: Vec<Anew>,
}

/// What a statement does with the variables that are there.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) mentions: Vars,
    pub(super) named: Vars,
    /// Declared before, and given their value by it.
    pub(super) given: Vars,
    /// The same, where it leaves the stretch.
    pub(super) leaving: Vars,
}

impl Builder<'_> {
    pub(super) fn plain(&mut self, stmt: &Stmt, pending: &mut Pending, nodes: &mut Vec<Node>) {
        let Stmt::Local(local) = stmt else { return self.effect(stmt, pending) };
        let lender = self.lets_live_mutably(local, pending, nodes);
        let first = self.next_variable();
        let effects = self.effects(stmt, pending);
        let owners = self.candidate(local);
        let (pat, ty) = match &local.pat {
            Pat::Type(typed) => (&*typed.pat, Some(&*typed.ty)),
            pat => (pat, None),
        };
        let init = local.init.as_ref().map(|init| &*init.expr);
        let deferred = init.is_none();
        let defined = self.define(&Definition { init, deferred, ..Definition::plain(pat, ty) });
        self.lend(first, lender, &defined);
        if deferred {
            self.flush(pending, None, nodes);
            return nodes.push(Node::Declared(Box::new(local.clone())));
        }
        if let Some(owners) = owners {
            self.borrowing.extend(&defined);
            self.candidates.push(defined.clone());
            if self.views.contains(&first) {
                self.own(&defined, &owners);
                self.names_ctx(pat, init, &defined);
                self.flush(pending, None, nodes);
                let view = self.view(local.clone(), effects, &defined);
                return nodes.push(Node::View(view));
            }
        }
        if let Some(init) = init {
            self.finds(pat, init, &defined);
        }
        self.add(stmt, effects, pending);
        pending.defines.extend(&defined);
    }

    /// `let c = &ctx;`: a step does not know it for its own context.
    fn names_ctx(&mut self, pat: &Pat, init: Option<&Expr>, defined: &[VarId]) {
        let whole = init.is_some_and(|init| whole(init).iter().any(|ident| self.scopes.resolve(ident) == self.ctx));
        if self.ctx.is_some() && whole && !matches!(pat, Pat::Struct(_)) {
            defined.iter().for_each(|id| self.variables[id.0].is_ctx = true);
        }
    }

    /// What a pattern finds in the context is not made again: it may not match there.
    pub(super) fn finds(&mut self, pat: &Pat, scrutinee: &Expr, found: &[VarId]) {
        let borrowed = self.borrow(scrutinee).or_else(|| self.through_a_view(scrutinee));
        let in_ctx = borrowed.is_some_and(|view| self.of_ctx(&self.owners(&view)));
        if in_ctx && !copies(pat) {
            found.iter().for_each(|id| self.variables[id.0].found_in_ctx = true);
        }
    }

    /// The question at a stretch's end mentions this.
    pub(super) fn asks(&self, question: &Expr, pending: &mut Pending) {
        let mentions = mentions::in_expr(question);
        pending.mentions.extend(self.resolve(&mentions));
        pending.named.extend(self.named(&mentions));
    }

    /// A statement that is no `let`.
    fn effect(&mut self, stmt: &Stmt, pending: &mut Pending) {
        let effects = self.effects(stmt, pending);
        if let Some(id) = dropped(stmt).and_then(|name| self.scopes.resolve_here(name)) {
            self.variables[id.0].dropped = true;
        }
        let overwritten = self.given_anew(stmt, pending).filter(|id| !self.variables[id.0].deferred);
        pending.overwrites.extend(overwritten);
        let anew = self.perhaps_anew(stmt, pending);
        pending.anew.extend(anew);
        self.add(stmt, effects, pending);
    }

    fn effects(&self, stmt: &Stmt, pending: &Pending) -> Effects {
        let mentioned = mentions::in_stmt(stmt);
        let mut mentions = self.resolve(&mentioned);
        let passed = self.resolve(&mentions::in_stmt(&exits::when_passed(stmt)));
        let anew = self.given_anew(stmt, pending);
        let gives = |id: &VarId| {
            self.gives_value(*id, &mentioned, &pending.mentions) || (anew == Some(*id) && self.variables[id.0].deferred)
        };
        let given: Vars = mentions.iter().copied().filter(gives).collect();
        let (given, leaving): (Vars, Vars) = given.into_iter().partition(|id| passed.contains(id));
        mentions.retain(|id| !leaving.contains(id));
        Effects { mentions, named: self.named(&mentioned), given, leaving }
    }

    fn add(&mut self, stmt: &Stmt, effects: Effects, pending: &mut Pending) {
        let Effects { mentions, named, given, leaving } = effects;
        self.assigned.extend(&given);
        pending.leaving.extend(leaving);
        pending.defines.extend(&given);
        pending.assigns.extend(given);
        pending.mentions.extend(mentions);
        pending.named.extend(named);
        pending.stmts.push(stmt.clone());
    }

    /// The `mut` variable from before that a statement gives a new value, whatever happened to the old one: `x = f();`, unless the
    /// stretch has read `x`, or may have jumped away.
    fn given_anew(&self, stmt: &Stmt, pending: &Pending) -> Option<VarId> {
        let Stmt::Expr(Expr::Assign(assign), _) = stmt else { return None };
        let Expr::Path(place) = &*assign.left else { return None };
        let id = self.scopes.resolve(place.path.get_ident()?)?;
        let read = pending.mentions.contains(&id) || self.resolve(&mentions::in_expr(&assign.right)).contains(&id);
        let new = self.variables[id.0].mutable && !pending.defines.contains(&id) && !read;
        let stays = exits::jumps(&pending.stmts).is_empty() && exits::jumps_of(&assign.right).is_empty();
        (new && stays).then_some(id)
    }

    /// Does a statement give its value to a variable that was declared without one? To a `mut` one only if there is no older value:
    /// what the statement reads, it has given itself then.
    fn gives_value(&self, id: VarId, mentions: &[mentions::Mention], read: &Vars) -> bool {
        let variable = &self.variables[id.0];
        let is_it = |mention: &&mentions::Mention| self.scopes.resolve(&mention.ident) == Some(id);
        let assigned = mentions.iter().filter(is_it).any(|mention| mention.changed);
        let first = !read.contains(&id) && !self.assigned.contains(&id);
        variable.deferred && assigned && (!variable.mutable || first)
    }

    /// The owners of the borrow in a `let`, if it may be made again. With an `else`, it must match again as well; and what is
    /// copied out of the borrow must not have changed since.
    fn candidate(&self, local: &syn::Local) -> Option<Vec<VarId>> {
        let init = local.init.as_ref()?;
        if bindings(&local.pat).iter().any(|binding| binding.mutable) || views::is_saved_call(&local.pat, &init.expr) {
            return None;
        }
        let by_ref = bindings(&local.pat).iter().any(|binding| binding.by_ref);
        match init.diverge.is_some() || by_ref || copies(&local.pat) {
            true => self.owners_of_pattern(&local.pat, &init.expr),
            false => self.owners_of_borrow(&init.expr),
        }
    }

    /// What an expression borrows from, if it is a borrow that may be made again.
    pub(super) fn owners_of_borrow(&self, expr: &Expr) -> Option<Vec<VarId>> {
        let view = self.borrow(expr)?;
        let owners = self.owners(&view);
        (!view.beyond_fields || self.fixed(&owners)).then_some(owners)
    }

    fn borrow(&self, expr: &Expr) -> Option<views::View> {
        let view =
            views::view(expr, &|ident| self.scopes.resolve(ident).is_some_and(|id| self.borrowing.contains(&id)));
        view.filter(|view| self.are_variables(&view.indexed_by))
    }

    fn place(&self, expr: &Expr) -> Option<views::View> {
        views::of_place(expr).filter(|view| self.are_variables(&view.indexed_by))
    }

    fn are_variables(&self, paths: &[Path]) -> bool {
        paths.iter().all(|path| path.get_ident().is_some_and(|ident| self.scopes.resolve(ident).is_some()))
    }

    /// Does an expression borrow a part of a static, which another process may have filled otherwise?
    pub(super) fn is_of_static(&self, expr: &Expr) -> bool {
        let view = self.borrow(expr).or_else(|| self.place(expr));
        view.is_some_and(|view| !self.are_variables(&view.parts_of))
    }

    /// A pattern over a borrow can be matched again if nothing can have changed what it saw.
    pub(super) fn owners_of_pattern(&self, pat: &Pat, scrutinee: &Expr) -> Option<Vec<VarId>> {
        let by_ref = || bindings(pat).iter().all(|binding| binding.by_ref);
        let view = self
            .borrow(scrutinee)
            .or_else(|| self.through_a_view(scrutinee))
            .or_else(|| self.place(scrutinee).filter(|_| by_ref()))?;
        let owners = self.owners(&view);
        let same = self.fixed(&owners) && bindings(pat).iter().all(|binding| !binding.mutable);
        same.then_some(owners)
    }

    /// A place behind a variable that is a borrow itself: what a pattern binds there is borrowed too. And a constant, which is
    /// the same each time.
    pub(super) fn through_a_view(&self, scrutinee: &Expr) -> Option<views::View> {
        let view = self.place(scrutinee)?;
        let owners = self.owners(&view);
        (owners.is_empty() || owners.iter().any(|owner| self.borrowing.contains(owner))).then_some(view)
    }

    /// The variables that a view borrows from. A name that is none is a constant.
    pub(super) fn owners(&self, view: &views::View) -> Vec<VarId> {
        view.owners.iter().filter_map(|owner| self.scopes.resolve(owner)).collect()
    }

    /// Do any of these borrow from the context? The process that goes on may have been given other dependencies.
    pub(super) fn of_ctx(&self, owners: &[VarId]) -> bool {
        self.ctx.is_some_and(|ctx| self.with_owners(owners.to_vec()).contains(&ctx))
    }

    /// Can none of these change, nor what they borrow from? What a loop goes over cannot, as long as it goes; the context can, between
    /// two processes.
    fn fixed(&self, owners: &[VarId]) -> bool {
        let borrows_from = |owner: &VarId| self.owners.get(owner).map_or(&[][..], Vec::as_slice);
        owners.iter().all(|owner| {
            let Variable { mutable, unnamed, .. } = self.variables[owner.0];
            unnamed || (!mutable && Some(*owner) != self.ctx && self.fixed(borrows_from(owner)))
        })
    }

    /// A borrow that is made again.
    pub(super) fn view(&mut self, local: syn::Local, effects: Effects, defined: &[VarId]) -> Box<View> {
        let Effects { mentions, named, given: _, leaving } = effects;
        let defines = defined.iter().copied().collect();
        let node = self.node(GraphNode { mentions, named, defines, ..GraphNode::default() });
        self.jump(&exits::jumps(&[Stmt::Local(local.clone())]), node, &leaving);
        Box::new(View { local, of_condition: Vec::new(), takes: Vec::new(), node })
    }

    /// Ends the stretch that is being collected, if there is anything in it. A question comes with the code that asks it.
    pub(super) fn flush(&mut self, pending: &mut Pending, question: Option<(Question, &Expr)>, nodes: &mut Vec<Node>) {
        let Pending { stmts, mentions, named, defines, assigns, overwrites, leaving, mut anew } =
            std::mem::take(pending);
        if stmts.is_empty() && question.is_none() {
            return;
        }
        let node = self.node(GraphNode { mentions, named, defines, overwrites, ..GraphNode::default() });
        let (question, asked) = question.unzip();
        anew.iter_mut().for_each(|one| look_behind(one, &stmts, asked));
        self.jump(&exits::jumps(&stmts), node, &leaving);
        self.jump(&asked.map_or_else(Vec::new, exits::jumps_of), node, &leaving);
        if stmts.last().is_some_and(exits::always) {
            self.frontier.clear();
        }
        nodes.push(Node::Leaf(Box::new(Leaf { anew, ..leaf(stmts, question, assigns, node) })));
    }
}

/// The variables that a borrow is of as a whole: not of a field, and not by a call.
fn whole(borrow: &Expr) -> Vec<Ident> {
    match borrow {
        Expr::Path(path) => path.path.get_ident().cloned().into_iter().collect(),
        Expr::Reference(reference) => whole(&reference.expr),
        Expr::Paren(paren) => whole(&paren.expr),
        Expr::Tuple(tuple) => tuple.elems.iter().flat_map(whole).collect(),
        Expr::Array(array) => array.elems.iter().flat_map(whole).collect(),
        _ => Vec::new(),
    }
}

/// `drop(guard);`
fn dropped(stmt: &Stmt) -> Option<&Ident> {
    let Stmt::Expr(Expr::Call(call), Some(_)) = stmt else { return None };
    let (Expr::Path(function), Some(Expr::Path(variable))) = (&*call.func, call.args.first()) else { return None };
    let drops = function.path.segments.last().is_some_and(|last| last.ident == "drop");
    variable.path.get_ident().filter(|_| drops)
}

/// Does a pattern copy out of a borrow: `&n`?
fn copies(pat: &Pat) -> bool {
    struct Search(bool);
    impl<'ast> Visit<'ast> for Search {
        fn visit_pat_reference(&mut self, _: &'ast syn::PatReference) {
            self.0 = true;
        }
    }
    let mut search = Search(false);
    search.visit_pat(pat);
    search.0
}

/// A stretch of which the passes have yet to tell.
pub(super) fn leaf(stmts: Vec<Stmt>, question: Option<Question>, assigns: Vars, node: NodeId) -> Leaf {
    let assigns = assigns.into_iter().collect();
    let (exports, overwrites, saves, takes, gives_back, saves_again, anew) = Default::default();
    Leaf {
        stmts,
        question,
        exports,
        assigns,
        overwrites,
        saves,
        takes,
        gives_back,
        saves_again,
        anew,
        last: false,
        node,
    }
}

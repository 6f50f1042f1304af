//! Finishes the model: runs the passes over the draft, and writes down what they found.

use super::build::Draft;
use super::graph::{Graph, GraphNode, Vars};
use super::liveness::Liveness;
use super::{assigned, availability, dirtiness, endings, loans};
use crate::ast::Head;
use crate::model::outline::Outline;
use crate::model::{
    Around, Block, Class, Jumps, Leaf, Model, Node, NodeId, Over, Point, PointId, Question, VarId, Variable, View, Way,
};
use crate::patterns::without;
use std::collections::BTreeSet;
use syn::Pat;

/// The model of a draft.
pub(crate) fn model(head: Head, outline: Outline, mut draft: Draft, live: &Liveness) -> Model {
    in_scope_once_loaded(&mut draft, live);
    classify(&mut draft, live);
    save_at_once(&mut draft, live);
    points(&mut draft, live);
    if save_while_named(&mut draft) {
        points(&mut draft, live);
    }
    let Draft { graph, variables, points, mut body, .. } = draft;
    let deferred = these(&variables, |variable| variable.deferred && variable.class.is_saved());
    let assigned = assigned::analyse(&graph, &deferred);
    let elsewhere = graph.mentioned_elsewhere();
    block(&mut body, &Finish { graph: &graph, live, variables: &variables, assigned, elsewhere });
    let (mut variables, kept) = (variables, kept(&body, &points));
    // One that was declared without a value is perhaps neither saved nor loaded after all.
    let unkept = variables.iter_mut().enumerate().filter(|(id, one)| one.deferred && !kept.contains(&VarId(*id)));
    unkept.for_each(|(_, variable)| variable.class = Class::Local);
    Model { head, variables, points, body, outline }
}

/// What is saved or loaded anywhere.
fn kept(body: &Block, points: &[Point]) -> Vars {
    let mut kept: Vars = points.iter().flat_map(|point| &point.saves).copied().collect();
    body.for_each(&mut |node| {
        if let Node::Leaf(leaf) = node {
            kept.extend(leaf.assigns.iter().chain(&leaf.overwrites).chain(&leaf.saves).chain(&leaf.saves_again));
        }
        match node {
            Node::Loop(node) => kept.extend(&node.jumps.saves_ahead),
            Node::For(node) => kept.extend(&node.jumps.saves_ahead),
            _ => {}
        }
        let around = node.around().into_iter();
        kept.extend(around.flat_map(|around| around.assigns.iter().chain(&around.saves).chain(&around.saves_behind)));
    });
    kept
}

/// A variable that was declared without a value is there from where it surely has one, if that is needed any more.
fn in_scope_once_loaded(draft: &mut Draft, live: &Liveness) {
    let deferred = these(&draft.variables, |variable| variable.deferred);
    let loaded = assigned::loaded(&draft.graph, &deferred, live);
    let given = assigned::analyse(&draft.graph, &deferred);
    for (number, scope) in draft.in_scope.iter_mut().enumerate() {
        let Some(node) = draft.graph.of_point(PointId(number)) else { continue };
        // Needed or not, it holds there what it was given.
        let holding = scope.iter().filter(|variable| given[node.0].contains(variable));
        holding.for_each(|variable| draft.variables[variable.0].crosses = true);
        scope.retain(|variable| !deferred.contains(variable) || loaded[node.0].contains(variable));
    }
}

// What becomes of the variables

fn classify(draft: &mut Draft, live: &Liveness) {
    for (id, node) in draft.graph.iter() {
        let Some(point) = node.point else { continue };
        live.at(id).iter().for_each(|variable| draft.variables[variable.0].live_at.push(point));
        draft.in_scope[point.0].iter().for_each(|variable| draft.variables[variable.0].crosses = true);
    }
    for (_, node) in draft.graph.iter() {
        node.mentions.iter().chain(&node.named).for_each(|variable| draft.variables[variable.0].mentioned = true);
    }
    let elsewhere = draft.graph.mentioned_elsewhere();
    let kept = &kept_by_breaks(&draft.graph, live) | &assigned_by_control_flow(&draft.body);
    let kept = &kept | &loans::handed_on(draft).map(|loan| loan.owner).collect();
    for (number, variable) in draft.variables.iter_mut().enumerate() {
        variable.class = match variable.class {
            Class::Parameter => Class::Parameter,
            Class::View => Class::View,
            // A view is made again wherever the run goes on, so what it borrows has to be there.
            _ if variable.pinned => Class::Saved { at_once: true },
            _ if variable.output || !variable.live_at.is_empty() || !variable.views.is_empty() => {
                Class::Saved { at_once: false }
            }
            _ if kept.contains(&VarId(number)) => Class::Saved { at_once: false },
            // A slot is filled where the variable is defined, and this one is not.
            _ if variable.deferred && elsewhere.contains(&VarId(number)) => Class::Saved { at_once: false },
            _ if elsewhere.contains(&VarId(number)) => Class::Transient,
            _ => Class::Local,
        };
    }
}

/// A stretch that breaks out cannot give a slot back, so what is needed once more has to be an ordinary local.
fn kept_by_breaks(graph: &Graph, live: &Liveness) -> Vars {
    let breaking = graph.iter().filter(|(_, node)| node.breaks);
    breaking.flat_map(|(id, node)| &node.mentions & live.behind(id)).collect()
}

/// Control flow that is assigned to a variable has it around itself, where no stretch takes it out of a slot.
fn assigned_by_control_flow(body: &Block) -> Vars {
    let mut assigned = Vars::new();
    body.for_each(&mut |node| assigned.extend(node.around().and_then(|around| around.place)));
    assigned
}

fn save_at_once(draft: &mut Draft, live: &Liveness) {
    let plain = these(&draft.variables, |variable| variable.class.is_saved() && !variable.output);
    let at = |(number, scope): (usize, &Vec<VarId>)| Some((draft.graph.of_point(PointId(number))?, scope.clone()));
    let in_scope: Vec<(NodeId, Vec<VarId>)> = draft.in_scope.iter().enumerate().filter_map(at).collect();
    let missing = availability::missing(&draft.graph, live, &plain, &in_scope);
    missing.iter().for_each(|variable| draft.variables[variable.0].class = Class::Saved { at_once: true });
}

/// A commit names what it saves. What is shadowed there has to be saved before: where it is defined or changed.
fn save_while_named(draft: &mut Draft) -> bool {
    let Draft { points, visible, variables, .. } = draft;
    let shadowed = |(point, visible): (&Point, &Vars)| {
        point.saves.iter().filter(|variable| !visible.contains(variable)).copied().collect::<Vec<_>>()
    };
    let shadowed: Vars = points.iter().zip(visible.iter()).flat_map(shadowed).collect();
    for variable in &shadowed {
        variables[variable.0].class = Class::Saved { at_once: true };
        variables[variable.0].eager = true;
    }
    !shadowed.is_empty()
}

fn these(variables: &[Variable], wanted: impl Fn(&Variable) -> bool) -> Vars {
    variables.iter().enumerate().filter(|(_, variable)| wanted(variable)).map(|(number, _)| VarId(number)).collect()
}

// What happens at the points

fn points(draft: &mut Draft, live: &Liveness) {
    let saved = these(&draft.variables, |variable| variable.class.is_saved());
    let mutable = these(&draft.variables, |variable| variable.mutable);
    let outputs = these(&draft.variables, |variable| variable.output);
    let saved_by_definition = these(&draft.variables, |one| one.output || one.class == Class::Saved { at_once: true });
    let saved_at_points = these(&draft.variables, |variable| variable.class.is_saved() && !variable.eager);
    let facts =
        dirtiness::Facts { saved: &saved_at_points, mutable: &mutable, saved_by_definition: &saved_by_definition };
    let dirty = dirtiness::analyse(&draft.graph, live, &facts);
    let ended = endings::analyse(&draft.graph);
    let elsewhere = draft.graph.mentioned_elsewhere();
    let Draft { graph, variables, points, in_scope, .. } = draft;
    for (number, point) in points.iter_mut().enumerate() {
        let Some(node) = graph.of_point(PointId(number)) else { continue };
        let (live_here, behind) = (live.at(node), live.behind(node));
        let needs_loading = |variable: &&VarId| {
            saved.contains(variable) && (!outputs.contains(variable) || elsewhere.contains(variable))
        };
        point.exports = point.outputs.iter().filter(|output| elsewhere.contains(output)).copied().collect();
        point.loaded = in_scope[number].iter().filter(needs_loading).copied().collect();
        point.saves = dirty[node.0].intersection(live_here).copied().collect();
        point.forgets =
            ended[node.0].iter().filter(|one| saved.contains(one) && !outputs.contains(one)).copied().collect();
        let changeable = graph.nodes[node.0].named.iter().filter(|one| mutable.contains(one) && saved.contains(one));
        let is_lent = |one: &VarId| variables[one.0].views.iter().any(|view| live_here.contains(view));
        (point.lent, point.held) = changeable.partition(|one| is_lent(one));
        point.given_back = point.held.iter().filter(|variable| behind.contains(variable)).copied().collect();
    }
}

// What the stretches hand on

struct Finish<'a> {
    graph: &'a Graph,
    live: &'a Liveness,
    variables: &'a [Variable],
    /// For each node, the variables declared before that have got their value by then.
    assigned: Vec<Vars>,
    /// Variables that are mentioned behind the node that defines them.
    elsewhere: Vars,
}

impl Finish<'_> {
    fn class(&self, variable: VarId) -> Class {
        self.variables[variable.0].class
    }

    /// Transient variables that a node needs from others.
    fn takes(&self, node: NodeId) -> Vec<VarId> {
        let node = &self.graph.nodes[node.0];
        let from_others = node.mentions.difference(&node.defines);
        from_others.filter(|variable| self.class(**variable) == Class::Transient).copied().collect()
    }

    /// `mut` variables that a node may have changed, and that no later point can name; what only a jump out of it needs is saved
    /// where the jump leads.
    fn saves_again(&self, node: NodeId) -> Vars {
        &self.changed_unseen(node) & &self.live.when_passed(self.graph, node)
    }

    fn changed_unseen(&self, node: NodeId) -> Vars {
        let node = &self.graph.nodes[node.0];
        let changed = |id: &&VarId| self.variables[id.0].eager && self.variables[id.0].mutable;
        node.named.difference(&node.defines).filter(changed).copied().collect()
    }

    /// The variables of around this part of the flow that get a new value in it, and have it behind: not if it is left there.
    fn overwritten(&self, ahead: NodeId, behind: NodeId) -> Vars {
        let inside = &self.graph.nodes[ahead.0..=behind.0];
        let defined: Vars = inside.iter().flat_map(|node| node.defines.iter().copied()).collect();
        self.passed(ahead, behind).flat_map(|node| &node.overwrites - &defined).collect()
    }

    /// The same of those that were declared without a value, and may have been given one in front already.
    fn given_anew(&self, ahead: NodeId, behind: NodeId) -> Vars {
        let older = &self.assigned[ahead.0];
        match older.is_empty() {
            true => Vars::new(),
            false => self.passed(ahead, behind).flat_map(|node| &node.defines & older).collect(),
        }
    }

    /// The nodes of this part of the flow from which control comes behind it.
    fn passed(&self, ahead: NodeId, behind: NodeId) -> impl Iterator<Item = &GraphNode> {
        let passed = (ahead.0..=behind.0).filter(move |from| self.leads_to(NodeId(*from), ahead, behind));
        passed.map(|from| &self.graph.nodes[from])
    }

    /// Does control come from this node behind the part of the flow that it is in?
    fn leads_to(&self, from: NodeId, ahead: NodeId, behind: NodeId) -> bool {
        let (mut todo, mut seen) = (vec![from], BTreeSet::new());
        while let Some(node) = todo.pop().filter(|node| *node != behind) {
            let inside = self.graph.nodes[node.0].next.iter().filter(|next| (ahead..=behind).contains(*next));
            todo.extend(inside.filter(|next| seen.insert(**next)));
        }
        from == behind || seen.contains(&behind)
    }

    /// The same for jumps, each a node on the way out from the one that may have changed something.
    fn saves_behind_jumps(&self, ways: &[NodeId], inner: VarId) -> Vec<VarId> {
        let jumping = |way: &NodeId| self.graph.iter().find(|(_, node)| node.next.contains(way)).map(|(id, _)| id);
        let changed = |way: &NodeId| jumping(way).map(|from| &self.changed_unseen(from) & self.live.at(*way));
        let changed: Vars = ways.iter().filter_map(changed).flatten().filter(|variable| *variable < inner).collect();
        changed.into_iter().collect()
    }

    /// Of these, the ones that others need; and of those, the ones to save at once.
    fn handed_on(&self, defined: impl Iterator<Item = VarId>) -> (Vec<VarId>, Vec<VarId>) {
        let exports: Vec<VarId> =
            defined.filter(|one| self.class(*one).is_saved() || self.class(*one) == Class::Transient).collect();
        let saves = self.at_once(&exports);
        (exports, saves)
    }

    /// A pattern that is matched once more, without the variables that only the first match needed.
    fn as_needed(&self, pat: &Pat, bound: &[VarId]) -> Pat {
        let is_needed = |id: &&VarId| self.elsewhere.contains(id);
        let needed: Vec<_> = bound.iter().filter(is_needed).map(|id| &self.variables[id.0].ident).collect();
        without(pat, &|ident| needed.contains(&ident))
    }

    fn at_once(&self, variables: &[VarId]) -> Vec<VarId> {
        let at_once = |variable: &&VarId| self.class(**variable) == Class::Saved { at_once: true };
        variables.iter().filter(at_once).copied().collect()
    }
}

fn block(block: &mut Block, finish: &Finish<'_>) {
    for node in &mut block.nodes {
        self::node(node, finish);
    }
}

fn node(node: &mut Node, finish: &Finish<'_>) {
    match node {
        Node::Leaf(leaf) => self::leaf(leaf, finish),
        Node::View(view) => self::view(view, finish),
        Node::Declared(_) | Node::Point(_) | Node::Parallel(_) => {}
        Node::If(node) => {
            node.exports = finish.handed_on(node.exports.iter().copied()).0;
            block(&mut node.then, finish);
            node.otherwise.iter_mut().for_each(|otherwise| block(otherwise, finish));
            around(&mut node.around, finish);
        }
        Node::Match(node) => {
            for arm in &mut node.arms {
                arm.exports = finish.handed_on(arm.exports.iter().copied()).0;
                if let Some((pat, bound)) = &mut arm.again {
                    *pat = finish.as_needed(pat, bound);
                }
                block(&mut arm.block, finish);
            }
            around(&mut node.around, finish);
        }
        Node::Loop(node) => {
            block(&mut node.block, finish);
            around(&mut node.around, finish);
            jumps(&mut node.jumps, &mut node.around, finish);
        }
        Node::For(node) => {
            if let Over::List(list) = &mut node.over {
                self::leaf(list, finish);
            }
            block(&mut node.block, finish);
            around(&mut node.around, finish);
            jumps(&mut node.jumps, &mut node.around, finish);
            ends_again(&node.jumps, &mut node.around, finish);
        }
        Node::Each(node) => {
            if let Over::List(list) = &mut node.over {
                self::leaf(list, finish);
            }
        }
        Node::Nested(node) => {
            block(&mut node.block, finish);
            around(&mut node.around, finish);
            jumps(&mut node.jumps, &mut node.around, finish);
        }
    }
}

fn view(view: &mut View, finish: &Finish<'_>) {
    view.takes = finish.takes(view.node);
    if !view.of_condition.is_empty() {
        view.local.pat = finish.as_needed(&view.local.pat, &view.of_condition);
    }
}

fn leaf(leaf: &mut Leaf, finish: &Finish<'_>) {
    let node = &finish.graph.nodes[leaf.node.0];
    let needed = finish.live.when_passed(finish.graph, leaf.node);
    leaf.assigns.retain(|variable| finish.class(*variable).is_saved() && needed.contains(variable));
    let defined = node.defines.iter().copied().filter(|variable| !finish.variables[variable.0].deferred);
    (leaf.exports, leaf.saves) = finish.handed_on(defined);
    if leaf.last {
        // Saved behind the control flow that ends with it, and never loaded.
        leaf.assigns.clear();
    }
    leaf.overwrites = node.overwrites.iter().copied().collect();
    leaf.takes = finish.takes(leaf.node);
    let behind = finish.live.behind(leaf.node);
    leaf.gives_back = leaf.takes.iter().filter(|variable| behind.contains(variable)).copied().collect();
    leaf.anew.retain(|one| match one.inside {
        true => one.needed || behind.contains(&one.variable),
        // What is behind the last stretch of a block does not see what the stretch defines.
        false => !leaf.last && behind.contains(&one.variable),
    });
    leaf.saves_again = finish.saves_again(leaf.node).into_iter().collect();
    // Behind the stretch too, which may define another variable of that name.
    leaf.saves_again.extend(finish.at_once(&leaf.assigns));
    match &mut leaf.question {
        Some(Question::If { way, .. }) => self::way(way, finish),
        Some(Question::Match { arms, .. }) => arms.iter_mut().for_each(|arm| self::way(&mut arm.way, finish)),
        Some(Question::List { .. } | Question::Wake { .. }) | None => {}
    }
}

fn way(way: &mut Way, finish: &Finish<'_>) {
    (way.exports, way.saves) = finish.handed_on(way.bound.iter().copied());
}

fn jumps(jumps: &mut Jumps, around: &mut Around, finish: &Finish<'_>) {
    around.saves_behind.extend(finish.saves_behind_jumps(&jumps.out, jumps.inner));
    jumps.saves_ahead = finish.saves_behind_jumps(&jumps.again, jumps.inner);
}

/// A turn of a `for` that is left by `continue` may have been the last.
fn ends_again(jumps: &Jumps, around: &mut Around, finish: &Finish<'_>) {
    let needed = finish.live.when_passed(finish.graph, around.behind);
    let changed = finish.saves_behind_jumps(&jumps.again, jumps.inner).into_iter();
    let missing = changed.filter(|one| needed.contains(one) && !around.saves_behind.contains(one)).collect::<Vec<_>>();
    around.saves_behind.extend(missing);
}

fn around(around: &mut Around, finish: &Finish<'_>) {
    let defined = std::mem::take(&mut around.exports);
    (around.exports, around.saves) = finish.handed_on(defined.into_iter());
    let unnamed = |id: &VarId| finish.variables[id.0].eager || !finish.at_once(&[*id]).is_empty();
    around.saves.extend(around.place.filter(unnamed));
    let (ahead, behind) = (&finish.assigned[around.ahead.0], &finish.assigned[around.behind.0]);
    let needed = finish.live.when_passed(finish.graph, around.behind);
    let anew = finish.given_anew(around.ahead, around.behind);
    let given = behind.iter().filter(|variable| !ahead.contains(variable) || anew.contains(variable));
    around.assigns = given.filter(|variable| needed.contains(variable)).copied().collect();
    around.saves_behind = finish.at_once(&around.assigns);
    if around.is_end() {
        return around.assigns.clear();
    }
    around.assigns.extend(finish.overwritten(around.ahead, around.behind));
}

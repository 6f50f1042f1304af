//! Finishes the model: runs the passes over the draft, and writes down what they found.

use super::build::Draft;
use super::graph::{Graph, Vars};
use super::liveness::Liveness;
use super::{availability, dirtiness, endings};
use crate::ast::Head;
use crate::model::{Around, Ask, Block, Class, How, Leaf, Model, Node, NodeId, Point, PointId, VarId, Variable};

/// The model of a draft.
pub(crate) fn model(head: Head, mut draft: Draft, live: &Liveness) -> Model {
    classify(&mut draft, live);
    save_at_once(&mut draft, live);
    points(&mut draft, live);
    if save_while_named(&mut draft) {
        points(&mut draft, live);
    }
    let Draft { graph, variables, points, mut body, .. } = draft;
    block(&mut body, &Finish { graph: &graph, live, variables: &variables });
    Model { head, variables, points, body }
}

// What becomes of the variables

fn classify(draft: &mut Draft, live: &Liveness) {
    for (id, node) in draft.graph.iter() {
        let Some(point) = node.point else { continue };
        live.at(id).iter().for_each(|variable| draft.variables[variable.0].live_at.push(point));
    }
    let elsewhere = draft.graph.mentioned_elsewhere();
    let kept = kept_by_breaks(&draft.graph, live);
    for (number, variable) in draft.variables.iter_mut().enumerate() {
        variable.class = match variable.class {
            Class::Parameter => Class::Parameter,
            Class::View => Class::View,
            // A view is made again wherever the run goes on, so what it borrows has to be there.
            _ if variable.output || !variable.live_at.is_empty() || !variable.views.is_empty() => {
                Class::Saved { at_once: false }
            }
            _ if kept.contains(&VarId(number)) => Class::Saved { at_once: false },
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
        let changeable = graph.nodes[node.0].mentions.iter().filter(|one| mutable.contains(one) && saved.contains(one));
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

    /// `mut` variables that a node may have changed, and that no later point can name.
    fn saves_again(&self, node: NodeId) -> Vec<VarId> {
        let behind = self.live.behind(node);
        let node = &self.graph.nodes[node.0];
        let changed = |id: &&VarId| self.variables[id.0].eager && self.variables[id.0].mutable && behind.contains(id);
        node.mentions.difference(&node.defines).filter(changed).copied().collect()
    }

    /// Of these, the ones that others need; and of those, the ones to save at once.
    fn handed_on(&self, defined: impl Iterator<Item = VarId>) -> (Vec<VarId>, Vec<VarId>) {
        let exports: Vec<VarId> =
            defined.filter(|one| self.class(*one).is_saved() || self.class(*one) == Class::Transient).collect();
        let at_once = |variable: &&VarId| self.class(**variable) == Class::Saved { at_once: true };
        let saves = exports.iter().filter(at_once).copied().collect();
        (exports, saves)
    }
}

fn block(block: &mut Block, finish: &Finish<'_>) {
    let mut answer = Vec::new();
    for node in &mut block.nodes {
        match node {
            Node::Leaf(leaf) => answer = self::leaf(leaf, finish),
            Node::View(view) => view.takes = finish.takes(view.node),
            Node::Point(_) => {}
            Node::If(node) => {
                if let How::Taken { exports } = &mut node.how {
                    *exports = std::mem::take(&mut answer);
                }
                self::block(&mut node.then, finish);
                node.otherwise.iter_mut().for_each(|block| self::block(block, finish));
                around(&mut node.around, finish);
            }
            Node::Nested(node) => {
                self::block(&mut node.block, finish);
                around(&mut node.around, finish);
                let changed = node.left_by.iter().flat_map(|leaf| finish.saves_again(*leaf));
                node.saves_again =
                    changed.filter(|variable| *variable < node.inner).collect::<Vars>().into_iter().collect();
            }
        }
    }
}

/// Fills a stretch in; gives what its `if let` binds for others.
fn leaf(leaf: &mut Leaf, finish: &Finish<'_>) -> Vec<VarId> {
    let node = &finish.graph.nodes[leaf.node.0];
    (leaf.exports, leaf.saves) = finish.handed_on(node.defines.iter().copied());
    let transient =
        |variable: &&VarId| finish.class(**variable) == Class::Transient && !node.defines.contains(variable);
    leaf.takes = node.mentions.iter().filter(transient).copied().collect();
    let behind = finish.live.behind(leaf.node);
    leaf.gives_back = leaf.takes.iter().filter(|variable| behind.contains(variable)).copied().collect();
    leaf.saves_again = finish.saves_again(leaf.node);
    match leaf.question.as_mut().map(|question| &mut question.ask) {
        Some(Ask::Pattern(pattern)) => {
            (pattern.exports, pattern.saves) = finish.handed_on(pattern.bound.iter().copied());
            pattern.exports.clone()
        }
        _ => Vec::new(),
    }
}

fn around(around: &mut Around, finish: &Finish<'_>) {
    let defined = std::mem::take(&mut around.exports);
    (around.exports, around.saves) = finish.handed_on(defined.into_iter());
}

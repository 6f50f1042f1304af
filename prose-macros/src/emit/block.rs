//! A block of the flow, node by node.

use super::{Context, branch, each, leaf, loops, parallel, point};
use crate::model::{Block, Node};
use proc_macro2::TokenStream;
use quote::quote;

/// What the value of a block is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// The result of the flow: its tail is told to the machine.
    Function,
    /// Something else, or nothing.
    Inner,
}

/// The statements of a block, without its braces.
pub(super) fn block(cx: &Context<'_>, block: &Block, place: Place) -> TokenStream {
    let items = &block.items;
    let nodes = block.nodes.iter().map(|node| self::node(cx, node, place));
    quote!(#(#items)* #(#nodes)*)
}

fn node(cx: &Context<'_>, node: &Node, place: Place) -> TokenStream {
    match node {
        Node::Leaf(leaf) if leaf.last => leaf::last(cx, leaf, place),
        Node::Leaf(leaf) => leaf::leaf(cx, leaf),
        Node::View(view) => leaf::view(cx, view),
        Node::Point(id) => point::point(cx, *id),
        Node::Parallel(node) => parallel::parallel(cx, node),
        Node::Each(node) => each::each(cx, node),
        Node::Declared(local) => quote!(#local),
        Node::If(node) => branch::conditional(cx, node, place),
        Node::Match(node) => branch::matched(cx, node, place),
        Node::Loop(node) => loops::looped(cx, node),
        Node::For(node) => loops::for_loop(cx, node),
        Node::Nested(node) => branch::nested(cx, node, place),
    }
}

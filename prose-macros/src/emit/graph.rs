//! `GRAPH`: the flow's outline as a static of the runtime's plain data.

use super::visibility;
use crate::ast::Head;
use crate::model::outline::{Edge, Node, Outline};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use std::fmt::Debug;

/// `pub static GRAPH: Graph`
pub(super) fn graph(head: &Head, outline: &Outline) -> TokenStream {
    let krate = &head.options.krate;
    let graph = quote!(#krate::graph);
    let inner = visibility::one_deeper(&head.vis);
    let (name, version) = (&head.options.name, head.options.version);
    let nodes = outline.nodes.iter().map(|node| self::node(&graph, node));
    let edges = outline.edges.iter().map(|edge| self::edge(&graph, edge));
    quote! {
        /// Its control flow, to look at: `GRAPH.to_mermaid()`, `.to_dot()`, `.to_json()`.
        #inner static GRAPH: #krate::Graph = #krate::Graph::new(#name, #version, &[#(#nodes),*], &[#(#edges),*]);
    }
}

fn node(graph: &TokenStream, node: &Node) -> TokenStream {
    let (kind, name) = (variant(&node.kind), &node.name);
    let options = node.options.iter().map(|(option, value)| quote!((#option, #value)));
    quote!(#graph::Node::new(#graph::NodeKind::#kind, #name, &[#(#options),*]))
}

fn edge(graph: &TokenStream, edge: &Edge) -> TokenStream {
    let (from, to) = (Literal::usize_unsuffixed(edge.from), Literal::usize_unsuffixed(edge.to));
    let (kind, label) = (variant(&edge.kind), &edge.label);
    quote!(#graph::Edge::new(#from, #to, #graph::EdgeKind::#kind, #label))
}

/// The variants of the outline and of the runtime have the same names.
fn variant(kind: &impl Debug) -> Ident {
    Ident::new(&format!("{kind:?}"), Span::mixed_site())
}

//! The expansion of the order flow, as a reviewer would read it. `UPDATE_SNAPSHOT=1 cargo test` writes it anew.

use super::flow;
use proc_macro2::TokenStream;
use quote::quote;
use std::path::Path;

fn pretty(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("the expansion parses"))
}

#[test]
fn the_order_flow_expands_as_reviewed() {
    let order: TokenStream = include_str!("order.rs.txt").parse().expect("the flow parses");
    let expansion = pretty(flow(quote!(name = "process-order", version = 1), order));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/expand/order.expanded.rs.txt");
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        std::fs::write(&file, &expansion).expect("the snapshot is written");
    }
    let reviewed = std::fs::read_to_string(&file).expect("the snapshot is there");
    assert!(reviewed == expansion, "the expansion changed: UPDATE_SNAPSHOT=1 cargo test, then review\n{expansion}");
}

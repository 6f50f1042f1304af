//! Expansions, as a reviewer would read them. `UPDATE_SNAPSHOT=1 cargo test` writes them anew.

use super::flow;
use proc_macro2::TokenStream;
use quote::quote;
use std::path::Path;

fn pretty(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("the expansion parses"))
}

fn as_reviewed(args: TokenStream, source: &str, file: &str) {
    let expansion = pretty(flow(args, source.parse().expect("the flow parses")));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/expand").join(file);
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        std::fs::write(&file, &expansion).expect("the snapshot is written");
    }
    let reviewed = std::fs::read_to_string(&file).expect("the snapshot is there");
    assert!(reviewed == expansion, "the expansion changed: UPDATE_SNAPSHOT=1 cargo test, then review\n{expansion}");
}

#[test]
fn the_order_flow_expands_as_reviewed() {
    let args = quote!(name = "process-order", version = 1);
    as_reviewed(args, include_str!("order.rs.txt"), "order.expanded.rs.txt");
}

#[test]
fn control_flow_expands_as_reviewed() {
    as_reviewed(quote!(), include_str!("control_flow.rs.txt"), "control_flow.expanded.rs.txt");
}

#[test]
fn waiting_expands_as_reviewed() {
    as_reviewed(quote!(), include_str!("waiting.rs.txt"), "waiting.expanded.rs.txt");
}

#[test]
fn compensations_expand_as_reviewed() {
    as_reviewed(quote!(), include_str!("compensation.rs.txt"), "compensation.expanded.rs.txt");
}

#[test]
fn what_is_neither_saved_nor_loaded_has_no_key() {
    let expansion = flow(
        quote!(),
        quote! {
            async fn sample(ctx: Ctx<Deps>, input: Input) -> Result<u32, Error> {
                let mut n: u32;
                if input.fast {
                    n = loop { if input.wide { return Ok(1); } break 2; };
                    loop { if input.wide { n += 1; break; } }
                }
                #[step]
                'end: {}
                Ok(3)
            }
        },
    );
    assert!(!expansion.to_string().contains("k_n"));
}

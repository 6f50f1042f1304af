//! What the macro makes of a flow: through its own parser, its checks, its lowering and its emitter.

use super::rust::{Flow, fault};
use crate::errors::Errors;
use crate::{check, emit, lower, names, parse};
use quote::{ToTokens, quote};
use syn::{ImplItem, Item, ItemFn, parse_quote};

/// The generated code.
pub(super) struct Expansion {
    /// `drive`, as a function.
    pub(super) drive: ItemFn,
    /// The names of the points, in order.
    pub(super) points: Vec<String>,
    /// The variables that each point gives.
    pub(super) outputs: Vec<Vec<String>>,
    variants: Vec<String>,
}

impl Expansion {
    /// Expands a flow; tells why it is refused, if it is.
    pub(super) fn of(flow: &ItemFn) -> Result<Self, String> {
        let mut errors = Errors::default();
        let parsed = parse::flow(quote!(), flow.to_token_stream(), &mut errors).ok_or("no flow")?;
        check::source(&parsed, &mut errors);
        let model = lower::model(parsed);
        check::model(&model, &mut errors);
        errors.gate().map_err(|messages| messages.to_string())?;
        let points: Vec<String> = model.points.iter().map(|point| point.name.text.clone()).collect();
        let variants = names::variants(points.iter().map(String::as_str)).iter().map(ToString::to_string).collect();
        let identity = |variable: &crate::model::VarId| model.variables[variable.0].identity.clone();
        let outputs = model.points.iter().map(|point| point.outputs.iter().map(identity).collect()).collect();
        let file: syn::File = syn::parse2(emit::flow(&model)).map_err(|error| error.to_string())?;
        let drive = file.items.into_iter().find_map(drive).ok_or("there is no `drive`")?;
        Ok(Expansion { drive, points, outputs, variants })
    }

    pub(super) fn by_name(&self, name: &str) -> Flow<usize> {
        position(&self.points, name)
    }

    pub(super) fn by_variant(&self, variant: &str) -> Flow<usize> {
        position(&self.variants, variant)
    }
}

fn position(names: &[String], name: &str) -> Flow<usize> {
    names.iter().position(|one| one == name).map_or_else(|| fault(format!("`{name}` is no point")), Ok)
}

fn drive(item: Item) -> Option<ItemFn> {
    let Item::Impl(implementation) = item else { return None };
    let function = implementation.items.into_iter().find_map(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "drive" => Some(function),
        _ => None,
    })?;
    let (sig, block) = (function.sig, function.block);
    Some(parse_quote!(#sig #block))
}

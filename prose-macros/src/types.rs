//! What stands in the types that the user has written.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

/// A type's argument in this place, if that is a type: of `Result<T, E>`, the second is `E`.
pub(crate) fn argument(ty: &Type, place: usize) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(angle) = &path.path.segments.last()?.arguments else { return None };
    match angle.args.iter().nth(place) {
        Some(GenericArgument::Type(ty)) => Some(ty),
        _ => None,
    }
}

/// The words of a type, `_` too.
pub(crate) fn idents(ty: &Type) -> Vec<Ident> {
    fn inside(tokens: TokenStream) -> Vec<Ident> {
        let words = |token| match token {
            TokenTree::Ident(word) => vec![word],
            TokenTree::Group(group) => inside(group.stream()),
            _ => Vec::new(),
        };
        tokens.into_iter().flat_map(words).collect()
    }
    inside(ty.to_token_stream())
}

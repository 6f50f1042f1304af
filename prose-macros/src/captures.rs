//! What a `macro_rules!` takes from around itself, where no call of it shows that.

use crate::tokens::some_punct;
use proc_macro2::{Ident, TokenStream, TokenTree};

/// The names of around that a macro mentions, each with the field that follows: none of its own parameters, and no field itself.
pub(crate) fn captured(rules: TokenStream) -> Vec<(Ident, Option<String>)> {
    let tokens: Vec<TokenTree> = rules.into_iter().collect();
    let punct = |place: Option<usize>, sign| some_punct(place.and_then(|place| tokens.get(place)), sign);
    let mut found = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => found.extend(captured(group.stream())),
            TokenTree::Ident(ident) => {
                let before = |by: usize| place.checked_sub(by);
                let parameter = punct(before(1), '$') || (punct(before(1), ':') && punct(before(3), '$'));
                if !parameter && !punct(before(1), '.') {
                    let field = tokens.get(place + 2).filter(|_| punct(Some(place + 1), '.')).map(ToString::to_string);
                    found.push((ident.clone(), field));
                }
            }
            _ => {}
        }
    }
    found
}

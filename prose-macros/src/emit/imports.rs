//! What stands in for a flow with errors does not have its body. So that rustc does not tell of imports that are unused then, the types
//! that the body names are used.
//!
//! ```text
//! #[allow(unused_imports)] use AtomicU32 as _;
//! ```

use crate::tokens::{is_punct, some_punct};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;

/// Uses the types that a flow's item names.
pub(super) fn used(item: TokenStream) -> TokenStream {
    let mut found = Found::default();
    found.scan(item);
    let Found { named, defined } = found;
    let mut used: Vec<Ident> = Vec::new();
    for name in named {
        if !defined.contains(&name) && !used.contains(&name) {
            used.push(name);
        }
    }
    quote!(#(#[allow(unused_imports)] use #used as _;)*)
}

#[derive(Default)]
struct Found {
    named: Vec<Ident>,
    /// Items of the body's own.
    defined: Vec<Ident>,
}

impl Found {
    fn scan(&mut self, code: TokenStream) {
        const DEFINING: [&str; 6] = ["struct", "enum", "union", "type", "trait", "mod"];
        let tokens: Vec<TokenTree> = code.into_iter().collect();
        let mut imports = false;
        for (at, token) in tokens.iter().enumerate() {
            let before = |by: usize| at.checked_sub(by).and_then(|place| tokens.get(place));
            match token {
                TokenTree::Ident(word) if imports || before(1).is_some_and(|it| is_word(it, &DEFINING)) => {
                    self.defined.push(word.clone());
                }
                TokenTree::Ident(word) if word == "use" => imports = true,
                TokenTree::Ident(word) => {
                    let part = some_punct(before(1), ':') && some_punct(before(2), ':');
                    let sign = ['.', '\'', '$'].iter().any(|sign| some_punct(before(1), *sign));
                    let call = some_punct(tokens.get(at + 1), '!');
                    if is_type(word) && !part && !sign && !call {
                        self.named.push(word.clone());
                    }
                }
                TokenTree::Group(group) if imports => self.defined.extend(words(group.stream())),
                // Of a macro's own grammar, or an attribute's, nothing is known.
                TokenTree::Group(_) if some_punct(before(1), '!') || some_punct(before(1), '#') => {}
                TokenTree::Group(_) if some_punct(before(2), '!') => {}
                TokenTree::Group(group) => self.scan(group.stream()),
                token if is_punct(token, ';') => imports = false,
                _ => {}
            }
        }
    }
}

fn is_word(token: &TokenTree, words: &[&str]) -> bool {
    matches!(token, TokenTree::Ident(word) if words.iter().any(|one| word == one))
}

fn words(code: TokenStream) -> Vec<Ident> {
    let words = |token| match token {
        TokenTree::Ident(word) => vec![word],
        TokenTree::Group(group) => words(group.stream()),
        _ => Vec::new(),
    };
    code.into_iter().flat_map(words).collect()
}

/// Is it named as types are, and neither a constant nor a parameter?
fn is_type(word: &Ident) -> bool {
    let name = word.to_string();
    name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase) && name != "Self"
}

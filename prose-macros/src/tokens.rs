//! Code that syn does not read: what stands in macro calls, and what is half typed.

use proc_macro2::TokenTree;

/// Is it this sign?
pub(crate) fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// Is there a token, and is it this sign?
pub(crate) fn some_punct(token: Option<&TokenTree>, sign: char) -> bool {
    token.is_some_and(|token| is_punct(token, sign))
}

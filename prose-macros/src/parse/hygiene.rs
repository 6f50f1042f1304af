//! One hygiene for all of a flow. What `macro_rules!` got from their caller (`$name`) resolves there, and what is generated of it would
//! resolve where the macro stands: so it is as if the macro had written all of it.

use proc_macro2::{Group, Span, TokenStream, TokenTree};

/// The item, all of it resolved as its `fn` is, and told where it stands.
pub(super) fn unified(item: TokenStream) -> TokenStream {
    let keyword = item.clone().into_iter().find(|token| matches!(token, TokenTree::Ident(word) if word == "fn"));
    let own = keyword.and_then(|keyword| Some((keyword.span(), context(keyword.span())?)));
    match own {
        Some((span, context)) => resolved_as(span, &context, item),
        None => item,
    }
}

fn resolved_as(own: Span, own_context: &str, tokens: TokenStream) -> TokenStream {
    let token = |mut token: TokenTree| {
        match &token {
            TokenTree::Group(group) => return in_group(own, own_context, group).into(),
            // It means another crate in each context.
            TokenTree::Ident(word) if word == "$crate" => {}
            _ if is_other(own_context, token.span()) => token.set_span(token.span().resolved_at(own)),
            _ => {}
        }
        token
    };
    tokens.into_iter().map(token).collect()
}

/// A group that is made anew has lost the places of its brackets, so one that need not stays.
fn in_group(own: Span, own_context: &str, group: &Group) -> Group {
    if !has_others(own_context, group.stream()) {
        return group.clone();
    }
    let mut unified = Group::new(group.delimiter(), resolved_as(own, own_context, group.stream()));
    unified.set_span(group.span());
    unified
}

fn has_others(own_context: &str, tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => has_others(own_context, group.stream()),
        token => is_other(own_context, token.span()),
    })
}

fn is_other(own_context: &str, at: Span) -> bool {
    context(at).is_some_and(|context| context != own_context)
}

/// The context that names resolve in. A span tells it only where it is shown: `#4 bytes(2..7)`; other compilers show none.
fn context(span: Span) -> Option<String> {
    let shown = format!("{span:?}");
    shown.split_once(' ').map(|(context, _)| context.to_owned()).filter(|context| context.starts_with('#'))
}

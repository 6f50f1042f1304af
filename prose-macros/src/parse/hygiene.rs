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
    let token = |token: TokenTree| {
        let mut token = match token {
            TokenTree::Group(group) => {
                let inside = resolved_as(own, own_context, group.stream());
                let mut inside = Group::new(group.delimiter(), inside);
                inside.set_span(group.span());
                return inside.into();
            }
            // It means another crate in each context.
            TokenTree::Ident(word) if word == "$crate" => return word.into(),
            other => other,
        };
        let at = token.span();
        if context(at).is_some_and(|context| context != own_context) {
            token.set_span(at.resolved_at(own));
        }
        token
    };
    tokens.into_iter().map(token).collect()
}

/// The context that names resolve in. A span tells it only where it is shown: `#4 bytes(2..7)`; other compilers show none.
fn context(span: Span) -> Option<String> {
    let shown = format!("{span:?}");
    shown.split_once(' ').map(|(context, _)| context.to_owned()).filter(|context| context.starts_with('#'))
}

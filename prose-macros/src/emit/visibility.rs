//! Visibility one module deeper: what a private fn sees is `pub(super)` inside the flow's module.

use quote::quote;
use syn::{Path, Visibility, parse_quote};

/// The same reach, said from inside a module of the place.
pub(super) fn one_deeper(vis: &Visibility) -> Visibility {
    match vis {
        Visibility::Inherited => parse_quote!(pub(super)),
        Visibility::Public(_) => parse_quote!(pub),
        Visibility::Restricted(restricted) => deeper(&restricted.path),
    }
}

fn deeper(path: &Path) -> Visibility {
    let first = path.segments.first().map(|first| first.ident.to_string());
    let tokens = match first.as_deref() {
        Some("self") => quote!(pub(super)),
        Some("super") if path.leading_colon.is_none() => quote!(pub(in super::#path)),
        Some("crate") if path.segments.len() == 1 => quote!(pub(crate)),
        _ => quote!(pub(in #path)),
    };
    parse_quote!(#tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    fn deeper_of(vis: Visibility) -> String {
        one_deeper(&vis).to_token_stream().to_string()
    }

    #[test]
    fn a_private_flow_is_seen_by_its_parent() {
        assert_eq!(deeper_of(Visibility::Inherited), "pub (super)");
        assert_eq!(deeper_of(parse_quote!(pub(self))), "pub (super)");
    }

    #[test]
    fn relative_visibility_goes_one_step_further() {
        assert_eq!(deeper_of(parse_quote!(pub(super))), "pub (in super :: super)");
        assert_eq!(deeper_of(parse_quote!(pub(in super::super))), "pub (in super :: super :: super)");
    }

    #[test]
    fn absolute_visibility_stays() {
        assert_eq!(deeper_of(parse_quote!(pub(crate))), "pub (crate)");
        assert_eq!(deeper_of(parse_quote!(pub(in crate::flows))), "pub (in crate :: flows)");
        // rustc tells that there is no such path.
        assert_eq!(deeper_of(parse_quote!(pub(in ::super))), "pub (in :: super)");
    }
}

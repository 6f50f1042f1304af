//! The tokens of a flow with its points as async blocks, which is all that keeps them from being plain Rust.
//!
//! ```text
//! #[step(retry(max_attempts = 3, when = E::is_transient))]     let receipt = async {
//! let receipt: Receipt = ctx.deps.stripe.charge(total)              let _: &dyn Fn(&E) -> bool = &(E::is_transient);
//!                                                          =>       let v: Receipt = ctx.deps.stripe.charge(total);
//!                                                                   Ok::<_, E>(v)
//!                                                              }.await?;
//! ```

use super::attribute::Code;
use super::split::{self, Place, Shape};
use crate::names;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// The body of a flow, for `drive`. `error` is the flow's error type.
pub(crate) fn body(item: TokenStream, private: TokenStream, error: TokenStream) -> TokenStream {
    match item.into_iter().last() {
        Some(TokenTree::Group(body)) => Plain { private, error }.stream(body.stream(), Place::Block),
        _ => TokenStream::new(),
    }
}

/// The whole item, where not even its signature can be read.
pub(crate) fn item(item: TokenStream) -> TokenStream {
    Plain { private: quote!(::prose::__private), error: quote!(_) }.stream(item, Place::Block)
}

/// What generated tokens refer to.
pub(super) struct Plain {
    pub(super) private: TokenStream,
    pub(super) error: TokenStream,
}

impl Plain {
    fn stream(&self, tokens: TokenStream, place: Place) -> TokenStream {
        self.tokens(&tokens.into_iter().collect::<Vec<_>>(), place)
    }

    /// The tokens, with the points among them, however deep, as async blocks.
    pub(super) fn tokens(&self, tokens: &[TokenTree], place: Place) -> TokenStream {
        let (mut rest, mut plain) = (tokens, TokenStream::new());
        while let [token, behind @ ..] = rest {
            if let Some((item, behind)) = split::item(rest) {
                plain.extend(stream(item));
                rest = behind;
                continue;
            }
            if split::point_attribute(rest).is_some() {
                // The comma behind an arm may be left out only where it ends in a brace.
                let of_arm = split::ends_in_arrow(&tokens[..tokens.len() - rest.len()]);
                let (point, behind) = self.point(rest, Target::default(), if of_arm { Place::List } else { place });
                plain.extend(if of_arm { quote!({ #point }) } else { point });
                rest = behind;
                continue;
            }
            plain.extend([self.token(token)]);
            rest = behind;
        }
        plain
    }

    fn token(&self, token: &TokenTree) -> TokenTree {
        let TokenTree::Group(group) = token else { return token.clone() };
        let place = if group.delimiter() == Delimiter::Brace { Place::Block } else { Place::List };
        let mut plain = Group::new(group.delimiter(), self.stream(group.stream(), place));
        plain.set_span(group.span());
        TokenTree::Group(plain)
    }

    /// The point at the front, and the tokens behind it. An element of a list has its variable, `PAT: T`, from elsewhere.
    fn point<'a>(&self, mut rest: &'a [TokenTree], target: Target<'_>, place: Place) -> (TokenStream, &'a [TokenTree]) {
        let (mut kind, mut code, mut others) = (String::new(), Code::default(), TokenStream::new());
        while let Some((attribute, behind)) = split::attribute(rest) {
            match split::point_attribute(rest) {
                Some((name, options, _)) => {
                    code.add(&options, self);
                    kind = name;
                }
                None => others.extend(quote!(# #attribute)),
            }
            rest = behind;
        }
        let (shape, rest) = split::statement(rest, place);
        if let (Place::List, Some(value)) = (place, self.expression(&kind, &shape, target)) {
            let value = with(value, target.pat, &code.after);
            return (self.run(&code.open, &typed(target.ty), &value), rest);
        }
        let (statement, after) = (self.statement(&kind, &shape, &code.open), code.after);
        (quote!(#others #statement #after), rest)
    }

    fn statement(&self, kind: &str, shape: &Shape<'_>, open: &TokenStream) -> TokenStream {
        match shape {
            Shape::Let { pat, ty, value: None } => {
                let (pat, ty, private) = (stream(pat), typed(ty), &self.private);
                let sent = (kind == "signal").then(|| quote!(= #private::editor::signal()));
                quote!(let #pat #ty #sent;)
            }
            Shape::Expression(time) if kind == "sleep" => {
                let (private, time) = (&self.private, self.tokens(time, Place::Block));
                quote!(let _ = #private::IntoWake::into_wake(#time);)
            }
            Shape::Let { pat, ty, value: Some(value) } => {
                let (value, pat) = (self.value(kind, value, Target { pat, ty }), stream(pat));
                let run = self.run(open, &typed(ty), &value);
                quote!(let #pat = #run;)
            }
            expression => {
                let value = self.expression(kind, expression, Target::default());
                let run = self.run(open, &TokenStream::new(), &value.unwrap_or_default());
                quote!(let _ = #run;)
            }
        }
    }

    /// What a point stands on, unless it is a `let`.
    fn expression(&self, kind: &str, shape: &Shape<'_>, target: Target<'_>) -> Option<TokenStream> {
        match shape {
            Shape::Let { .. } => None,
            Shape::Block { label, block } => {
                let (label, block) = (stream(label), self.token(&TokenTree::Group((*block).clone())));
                Some(quote!(#label #block))
            }
            Shape::Expression(value) => Some(self.value(kind, value, target)),
        }
    }

    /// `async { .. }.await?`: what leaves the body leaves no more than the body.
    fn run(&self, open: &TokenStream, ty: &TokenStream, value: &TokenStream) -> TokenStream {
        let (v, error) = (names::local("v"), &self.error);
        quote!(async { #open let #v #ty = #value; ::core::result::Result::Ok::<_, #error>(#v) }.await?)
    }

    fn value(&self, kind: &str, value: &[TokenTree], target: Target<'_>) -> TokenStream {
        match kind {
            "each" => self.each(value, target.ty),
            "parallel" => self.parallel(value, target),
            "child" => {
                let (private, call) = (&self.private, self.tokens(value, Place::Block));
                quote!(#private::editor::child(#call))
            }
            _ => self.tokens(value, Place::Block),
        }
    }

    /// `for x in xs { body }`, each of whose rounds gives an element.
    fn each(&self, value: &[TokenTree], ty: &[TokenTree]) -> TokenStream {
        let Some((head, body)) = split::for_loop(value) else { return self.tokens(value, Place::Block) };
        let (head, body) = (self.tokens(head, Place::Block), self.token(&TokenTree::Group(body.clone())));
        let (all, ty) = (names::local("all"), typed(split::argument(ty)));
        let one = self.run(&TokenStream::new(), &ty, &body.to_token_stream());
        quote!({ let mut #all = ::std::vec::Vec::new(); for #head { #all.push(#one); } #all })
    }

    /// `(#[step] a, #[step] b)`, each element with its own variable.
    fn parallel(&self, value: &[TokenTree], target: Target<'_>) -> TokenStream {
        let ([TokenTree::Group(elements)], [TokenTree::Group(pats)], [TokenTree::Group(types)]) =
            (value, target.pat, target.ty)
        else {
            return self.tokens(value, Place::Block);
        };
        let [elements, pats, types] =
            [elements, pats, types].map(|group| group.stream().into_iter().collect::<Vec<_>>());
        let (mut pats, mut types) = (split::types(&pats), split::types(&types));
        let (mut rest, mut plain) = (&elements[..], TokenStream::new());
        while !rest.is_empty() {
            let target = Target { pat: pats.next().unwrap_or_default(), ty: types.next().unwrap_or_default() };
            let (element, behind) = self.point(rest, target, Place::List);
            plain.extend(quote!(#element,));
            rest = split::behind_comma(behind);
        }
        quote!((#plain))
    }
}

/// `PAT: T`
#[derive(Clone, Copy, Default)]
struct Target<'a> {
    pat: &'a [TokenTree],
    ty: &'a [TokenTree],
}

/// The value of an element, and what its attribute says of the variable that it is bound to.
fn with(value: TokenStream, pat: &[TokenTree], after: &TokenStream) -> TokenStream {
    if after.is_empty() {
        return value;
    }
    let (out, pat) = (names::local("out"), stream(pat));
    let bind = (!pat.is_empty()).then(|| quote!(let #pat = #out;));
    quote!({ let #out = #value; { #bind #after } #out })
}

/// `: T`, if there is a type.
fn typed(ty: &[TokenTree]) -> TokenStream {
    let ty = stream(ty);
    if ty.is_empty() { ty } else { quote!(: #ty) }
}

fn stream(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().cloned().collect()
}

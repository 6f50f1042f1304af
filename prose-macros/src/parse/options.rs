//! The options of an attribute: `key`, `key = value`, `key(..)` and a leading literal, each taken by its name.

use crate::errors::Errors;
use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Token};

/// The options of one attribute that nobody has taken yet.
pub(super) struct Options {
    /// What the options belong to, as the user would write it: "`#[step]`" or "`retry`".
    owner: String,
    span: Span,
    literal: Option<Lit>,
    named: Vec<Named>,
    known: Vec<&'static str>,
    /// They could not be read; that was told.
    unread: bool,
}

struct Named {
    key: Ident,
    value: Value,
}

enum Value {
    Nothing,
    Expr(Box<Expr>),
    List(TokenStream),
}

enum Item {
    Literal(Lit),
    Named(Named),
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Lit) {
            return Ok(Item::Literal(input.parse()?));
        }
        let key = input.call(Ident::parse_any)?;
        let value = if input.peek(syn::token::Paren) {
            let list;
            syn::parenthesized!(list in input);
            Value::List(list.parse()?)
        } else if input.parse::<Option<Token![=]>>()?.is_some() {
            Value::Expr(Box::new(input.parse()?))
        } else {
            Value::Nothing
        };
        Ok(Item::Named(Named { key, value }))
    }
}

impl Options {
    /// The options of a point's attribute.
    pub(super) fn of_attribute(attr: &Attribute, owner: &str, errors: &mut Errors) -> Self {
        let span = attr.path().segments.first().map_or_else(Span::call_site, |segment| segment.ident.span());
        let tokens = match &attr.meta {
            Meta::List(list) => list.tokens.clone(),
            _ => TokenStream::new(),
        };
        Self::of_tokens(tokens, &format!("`#[{owner}]`"), span, errors)
    }

    /// The options in a list of tokens.
    pub(super) fn of_tokens(tokens: TokenStream, owner: &str, span: Span, errors: &mut Errors) -> Self {
        let (named, known) = (Vec::new(), Vec::new());
        let mut options = Options { owner: owner.into(), span, literal: None, named, known, unread: false };
        match Punctuated::<Item, Token![,]>::parse_terminated.parse2(tokens) {
            Ok(items) => items.into_iter().for_each(|item| options.add(item, errors)),
            Err(error) => {
                options.unread = true;
                let what = format!("the options of {owner} cannot be read from here on");
                let why = "one that is not understood would be ignored, and the flow would not do what it says";
                errors.push_at(
                    error.span(),
                    &what,
                    why,
                    "each is `name`, `name = value` or `name(..)`, with `,` between them",
                );
            }
        }
        options
    }

    fn add(&mut self, item: Item, errors: &mut Errors) {
        match item {
            Item::Literal(literal) if self.literal.is_none() && self.named.is_empty() => self.literal = Some(literal),
            Item::Literal(literal) => errors.push(
                &literal,
                &format!("{} does not know what this value is for", self.owner),
                "what a run does must be known without guessing: each option has a name",
                "write `name = value`",
            ),
            Item::Named(named) if self.named.iter().any(|other| other.key == named.key) => errors.push(
                &named.key,
                &format!("`{}` is given twice", named.key),
                "one of them would be ignored",
                "remove one",
            ),
            Item::Named(named) => self.named.push(named),
        }
    }

    /// Is nothing known of what was given?
    pub(super) fn is_unread(&self) -> bool {
        self.unread
    }

    /// Where the attribute stands.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// The leading literal, a string.
    pub(super) fn leading_string(&mut self) -> Option<LitStr> {
        match self.literal.take() {
            Some(Lit::Str(string)) => Some(string),
            other => {
                self.literal = other;
                None
            }
        }
    }

    /// Is this option among those that nobody has taken?
    pub(super) fn names(&self, key: &str) -> bool {
        self.named.iter().any(|named| named.key == key)
    }

    fn take(&mut self, key: &'static str) -> Option<Named> {
        self.known.push(key);
        let place = self.named.iter().position(|named| named.key.unraw() == key)?;
        Some(self.named.remove(place))
    }

    /// `key = EXPR`
    pub(super) fn expr(&mut self, key: &'static str, errors: &mut Errors) -> Option<Expr> {
        let named = self.take(key)?;
        match named.value {
            Value::Expr(expr) => Some(*expr),
            _ => {
                self.value_missing(&named.key, errors);
                None
            }
        }
    }

    /// `key = ".."`
    pub(super) fn string(&mut self, key: &'static str, errors: &mut Errors) -> Option<LitStr> {
        match self.expr(key, errors)? {
            Expr::Lit(ExprLit { lit: Lit::Str(string), .. }) => Some(string),
            other => {
                self.wrong_value(&other, key, "a string such as \"charge\"", errors);
                None
            }
        }
    }

    /// `key = "word"`, one of these.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        errors: &mut Errors,
    ) -> Option<T> {
        let given = self.string(key, errors)?;
        let word = words.iter().find(|(word, _)| *word == given.value());
        if word.is_none() {
            let words = words.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
            self.wrong_value(&given, key, &format!("one of {words}"), errors);
        }
        word.map(|(_, meaning)| *meaning)
    }

    /// `key = 3`, at least `least`.
    pub(super) fn integer(&mut self, key: &'static str, least: u32, errors: &mut Errors) -> Option<u32> {
        let expr = self.expr(key, errors)?;
        let number = match &expr {
            Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => int.base10_parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| *number >= least);
        if number.is_none() {
            self.wrong_value(&expr, key, &format!("a whole number, {least} or more"), errors);
        }
        number
    }

    /// `key = 2.0`, at least 1.
    pub(super) fn factor(&mut self, key: &'static str, errors: &mut Errors) -> Option<f32> {
        let expr = self.expr(key, errors)?;
        let number = match &expr {
            Expr::Lit(ExprLit { lit: Lit::Float(float), .. }) => float.base10_parse::<f32>().ok(),
            Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => int.base10_parse::<f32>().ok(),
            _ => None,
        };
        let number = number.filter(|number| *number >= 1.0);
        if number.is_none() {
            self.wrong_value(&expr, key, "a number, 1.0 or more", errors);
        }
        number
    }

    /// `key` or `key = true`
    pub(super) fn flag(&mut self, key: &'static str, errors: &mut Errors) -> bool {
        let Some(named) = self.take(key) else { return false };
        match named.value {
            Value::Nothing => true,
            Value::Expr(expr) => match *expr {
                Expr::Lit(ExprLit { lit: Lit::Bool(flag), .. }) => flag.value,
                other => {
                    self.wrong_value(&other, key, "`true` or `false`", errors);
                    false
                }
            },
            Value::List(_) => {
                self.wrong_value(&named.key, key, "`true` or `false`", errors);
                false
            }
        }
    }

    /// `key = "500ms"`
    pub(super) fn duration(&mut self, key: &'static str, errors: &mut Errors) -> Option<Duration> {
        let expr = self.expr(key, errors)?;
        let duration = match &expr {
            Expr::Lit(ExprLit { lit: Lit::Str(string), .. }) => humantime::parse_duration(&string.value()).ok(),
            _ => None,
        };
        if duration.is_none() {
            self.wrong_value(&expr, key, "a duration such as \"500ms\", \"10s\" or \"1m 30s\"", errors);
        }
        duration
    }

    /// `key(..)`, such as the example.
    pub(super) fn list(&mut self, key: &'static str, example: &str, errors: &mut Errors) -> Option<Options> {
        let named = self.take(key)?;
        match named.value {
            Value::List(tokens) => Some(Self::of_tokens(tokens, &format!("`{key}`"), named.key.span(), errors)),
            _ => {
                let what = format!("`{key}` takes a list in parentheses");
                errors.push(
                    &named.key,
                    &what,
                    "each of its options is told by its name",
                    &format!("write `{key}({example})`"),
                );
                None
            }
        }
    }

    /// `key = EXPR`, or `key(run = EXPR, ..)` where it has options of its own.
    pub(super) fn run(&mut self, key: &'static str, errors: &mut Errors) -> Option<(Expr, Options)> {
        let named = self.take(key)?;
        let span = named.key.span();
        let nothing = TokenStream::new();
        let (expr, mut options) = match named.value {
            Value::Expr(expr) => (Some(*expr), Self::of_tokens(nothing, &format!("`{key}`"), span, errors)),
            Value::List(tokens) => (None, Self::of_tokens(tokens, &format!("`{key}`"), span, errors)),
            Value::Nothing => (None, Self::of_tokens(nothing, &format!("`{key}`"), span, errors)),
        };
        let expr = expr.or_else(|| options.expr("run", errors));
        if expr.is_none() {
            let instead = format!("write `{key} = {{ .. }}` or `{key}(run = {{ .. }}, ..)`");
            errors.push_at(
                span,
                &format!("`{key}` needs what is to be run"),
                "without it nothing would be done",
                &instead,
            );
        }
        Some((expr?, options))
    }

    /// `key(..)`, for whoever reads it by himself.
    pub(super) fn tokens(&mut self, key: &'static str, example: &str, errors: &mut Errors) -> Option<TokenStream> {
        let named = self.take(key)?;
        match named.value {
            Value::List(tokens) => Some(tokens),
            _ => {
                let what = format!("`{key}` takes a list in parentheses");
                let why = "each entry is for the runs of one older version, which would else be moved over by a function of another";
                errors.push(&named.key, &what, why, example);
                None
            }
        }
    }

    /// Tells an option that others have, and says why this one has not. Those that it has were taken before.
    pub(super) fn refuse(&mut self, key: &'static str, why: &str, errors: &mut Errors) {
        let Some(place) = self.named.iter().position(|named| named.key.unraw() == key) else { return };
        let named = self.named.remove(place);
        let what = format!("{} has no option `{key}`", self.owner);
        errors.push(&named.key, &what, why, &format!("it has: {}", list(&self.known)));
    }

    /// Tells the options that nobody took. `true`: there were none.
    pub(super) fn finish(self, errors: &mut Errors) -> bool {
        if let Some(literal) = &self.literal {
            errors.push(
                literal,
                &format!("{} does not know what this value is for", self.owner),
                "what a run does must be known without guessing: each option has a name",
                "write `name = value`",
            );
        }
        for named in &self.named {
            self.unknown(&named.key, errors);
        }
        self.literal.is_none() && self.named.is_empty()
    }

    fn unknown(&self, key: &Ident, errors: &mut Errors) {
        let instead = match crate::names::nearest(&key.to_string(), &self.known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.known.is_empty() => "it has no options: remove this one".into(),
            None => format!("it has: {}", list(&self.known)),
        };
        let what = format!("{} has no option `{key}`", self.owner);
        errors.push(key, &what, "it would be ignored, and the flow would not do what it says", &instead);
    }

    fn value_missing(&self, key: &Ident, errors: &mut Errors) {
        let why = format!("{} does nothing with the bare name", self.owner);
        errors.push(key, &format!("`{key}` needs a value"), &why, &format!("write `{key} = ..`"));
    }

    fn wrong_value(&self, at: &dyn ToTokens, key: &str, expected: &str, errors: &mut Errors) {
        let what = format!("`{}` is no value for `{key}`", at.to_token_stream());
        let why = "it is read when the flow is compiled, so it must be written out";
        errors.push(at.to_token_stream(), &what, why, &format!("`{key}` takes {expected}"));
    }
}

fn list(known: &[&str]) -> String {
    known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

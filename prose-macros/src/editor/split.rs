//! Where the parts of a statement end, told from its tokens alone: half of them may be missing.

use crate::parse;
use crate::tokens::is_punct;
use proc_macro2::{Delimiter, Group, Punct, Spacing, TokenTree};

/// A point's statement, taken apart.
pub(super) enum Shape<'a> {
    /// `let PAT: T = VALUE;`; without a value as `#[signal]` has it.
    Let { pat: &'a [TokenTree], ty: &'a [TokenTree], value: Option<&'a [TokenTree]> },
    /// `'label: { .. }`
    Block { label: &'a [TokenTree], block: &'a Group },
    /// Anything else.
    Expression(&'a [TokenTree]),
}

/// Where a point stands, which tells where it ends.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// Among the statements of a block.
    Block,
    /// In parentheses, as the elements of `#[parallel]`, or behind the arrow of a match arm.
    List,
}

/// The statement (or element) at the front, and the tokens behind it.
pub(super) fn statement(tokens: &[TokenTree], place: Place) -> (Shape<'_>, &[TokenTree]) {
    if let [quote, name, colon, TokenTree::Group(block), rest @ ..] = tokens
        && is_punct(quote, '\'')
        && matches!(name, TokenTree::Ident(_))
        && is_punct(colon, ':')
        && block.delimiter() == Delimiter::Brace
    {
        return (Shape::Block { label: &tokens[..3], block }, behind_semi(rest));
    }
    let end = end(tokens, place);
    let (statement, rest) = (&tokens[..end], behind_semi(&tokens[end..]));
    match statement {
        [first, binding @ ..] if is_word(first, "let") => (local(binding), rest),
        expression => (Shape::Expression(expression), rest),
    }
}

fn local(binding: &[TokenTree]) -> Shape<'_> {
    let equals = equals(binding);
    let (target, value) = match equals {
        Some(at) => (&binding[..at], Some(&binding[at + 1..])),
        None => (binding, None),
    };
    let (pat, ty) = match colon(target) {
        Some(at) => (&target[..at], &target[at + 1..]),
        None => (target, &target[target.len()..]),
    };
    Shape::Let { pat, ty, value }
}

/// `PAT in COLL { BODY }`, behind the `for`, up to the body.
pub(super) fn for_loop(value: &[TokenTree]) -> Option<(&[TokenTree], &Group)> {
    match value {
        [first, head @ .., TokenTree::Group(body)] if is_word(first, "for") && body.delimiter() == Delimiter::Brace => {
            Some((head, body))
        }
        _ => None,
    }
}

/// The types, or patterns, between commas.
pub(super) fn types(tokens: &[TokenTree]) -> impl Iterator<Item = &[TokenTree]> {
    let mut angles = Angles::default();
    tokens.split(move |token| angles.outside(token) && is_punct(token, ','))
}

/// The options between commas.
pub(super) fn options(tokens: &[TokenTree]) -> impl Iterator<Item = &[TokenTree]> {
    let mut angles = Angles::of_expression();
    tokens.split(move |token| angles.outside(token) && is_punct(token, ','))
}

/// What stands between the first `<` and the last `>`.
pub(super) fn argument(ty: &[TokenTree]) -> &[TokenTree] {
    let first = ty.iter().position(|token| is_punct(token, '<'));
    let last = ty.iter().rposition(|token| is_punct(token, '>'));
    match (first, last) {
        (Some(first), Some(last)) if first < last => &ty[first + 1..last],
        _ => &[],
    }
}

/// The name and contents of a point's attribute at the front, and the tokens behind it.
pub(super) fn point_attribute(tokens: &[TokenTree]) -> Option<(String, Vec<TokenTree>, &[TokenTree])> {
    let (group, rest) = attribute(tokens)?;
    let mut inside = group.stream().into_iter();
    let name = match inside.next() {
        Some(TokenTree::Ident(name)) if parse::is_point_name(&name.to_string()) => name.to_string(),
        _ => return None,
    };
    match inside.next() {
        Some(TokenTree::Group(options)) => Some((name, options.stream().into_iter().collect(), rest)),
        _ => Some((name, Vec::new(), rest)),
    }
}

/// Any `#[..]` at the front.
pub(super) fn attribute(tokens: &[TokenTree]) -> Option<(&Group, &[TokenTree])> {
    match tokens {
        [hash, TokenTree::Group(group), rest @ ..]
            if is_punct(hash, '#') && group.delimiter() == Delimiter::Bracket =>
        {
            Some((group, rest))
        }
        _ => None,
    }
}

/// The attributes of an item at the front, with all of a type, whose fields have attributes of derives; and what is behind.
pub(super) fn item(tokens: &[TokenTree]) -> Option<(&[TokenTree], &[TokenTree])> {
    let mut behind = tokens;
    while let Some((_, rest)) = attribute(behind) {
        behind = rest;
    }
    let attributes = tokens.len() - behind.len();
    if !begins_item(behind) {
        return None;
    }
    let of_type =
        behind.iter().take(3).any(|token| ["struct", "enum", "union"].iter().any(|word| is_word(token, word)));
    let whole = if of_type { end_of_type(behind) } else { 0 };
    (attributes + whole > 0).then(|| tokens.split_at(attributes + whole))
}

/// Where a type ends: behind its braces, or in front of the next statement's attribute, if it has none yet.
fn end_of_type(tokens: &[TokenTree]) -> usize {
    let last = |token: &TokenTree| is_punct(token, ';') || is_braces(token);
    let end = tokens.iter().position(|token| last(token) || is_punct(token, '#')).unwrap_or(tokens.len());
    end + usize::from(tokens.get(end).is_some_and(last))
}

fn begins_item(tokens: &[TokenTree]) -> bool {
    const ALWAYS: [&str; 11] =
        ["pub", "struct", "enum", "fn", "impl", "trait", "mod", "use", "static", "type", "macro_rules"];
    const BEFORE_A_NAME: [&str; 4] = ["const", "union", "async", "unsafe"];
    let [first, rest @ ..] = tokens else { return false };
    let name_follows = matches!(rest, [TokenTree::Ident(name), ..] if name != "move");
    let any_of = |words: &[&str]| words.iter().any(|word| is_word(first, word));
    any_of(&ALWAYS) || (name_follows && any_of(&BEFORE_A_NAME))
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// Where a statement ends: at its `;`, or, if that is not written yet, where the next statement surely begins.
fn end(tokens: &[TokenTree], place: Place) -> usize {
    // A block ends a statement by itself, unless something is called on it.
    if let [first, behind @ ..] = tokens
        && place == Place::Block
        && is_block(first)
        && !behind.first().is_some_and(|next| is_punct(next, '.') || is_punct(next, '?'))
    {
        return 1;
    }
    let mut angles = Angles::of_expression();
    let ends = |at: &usize| {
        let token = &tokens[*at];
        let comma = angles.outside(token) && is_punct(token, ',') && place == Place::List;
        comma || is_punct(token, ';') || (*at > 0 && begins(tokens, *at))
    };
    (0..tokens.len()).find(ends).unwrap_or(tokens.len())
}

/// `{ .. }`, also as a `macro_rules!` gives it.
fn is_block(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut inside = group.stream().into_iter();
            inside.next().is_some_and(|only| is_block(&only)) && inside.next().is_none()
        }
        token => is_braces(token),
    }
}

fn begins(tokens: &[TokenTree], at: usize) -> bool {
    let binding = is_word(&tokens[at], "let") && !asks(&tokens[at - 1]);
    binding || point_attribute(&tokens[at..]).is_some()
}

/// Can a `let` behind this token belong to a condition?
fn asks(token: &TokenTree) -> bool {
    is_word(token, "if") || is_word(token, "while") || is_punct(token, '&') || is_punct(token, '|')
}

/// The `=` between a pattern and its value.
fn equals(binding: &[TokenTree]) -> Option<usize> {
    let mut angles = Angles::default();
    let mut outside = binding.iter().map(|token| angles.outside(token)).collect::<Vec<_>>().into_iter();
    binding.iter().enumerate().position(|(at, token)| {
        let arm = binding.get(at + 1).is_some_and(|next| is_punct(next, '>'));
        let range = at.checked_sub(1).is_some_and(|before| is_punct(&binding[before], '.'));
        outside.next() == Some(true) && is_punct(token, '=') && !arm && !range
    })
}

/// Is a `=>` in front of what follows?
pub(super) fn ends_in_arrow(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [.., equals, greater] if is_punct(equals, '=') && is_punct(greater, '>'))
}

/// The `:` between a pattern and its type, which is no `::`.
fn colon(target: &[TokenTree]) -> Option<usize> {
    let single = |at: &usize| {
        let before = at.checked_sub(1).is_some_and(|before| is_joint_colon(&target[before]));
        is_punct(&target[*at], ':') && !is_joint_colon(&target[*at]) && !before
    };
    (0..target.len()).find(single)
}

fn is_joint_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
}

/// Counts `<` and `>`, of which `->` and `=>` are none.
#[derive(Default)]
struct Angles {
    depth: usize,
    /// In an expression `<` compares, unless it is `::<`.
    only_behind_colons: bool,
    last: Option<Punct>,
}

impl Angles {
    fn of_expression() -> Self {
        Self { only_behind_colons: true, ..Self::default() }
    }

    /// Takes the next token; is it outside of all angle brackets?
    fn outside(&mut self, token: &TokenTree) -> bool {
        let punct = match token {
            TokenTree::Punct(punct) => Some(punct.clone()),
            _ => None,
        };
        let last = std::mem::replace(&mut self.last, punct.clone());
        let behind = |chars: &[char]| last.as_ref().is_some_and(|last| chars.contains(&last.as_char()));
        let arrow = behind(&['-', '=']) && last.as_ref().is_some_and(|last| last.spacing() == Spacing::Joint);
        match punct.as_ref().map(Punct::as_char) {
            Some('<') if self.depth > 0 || !self.only_behind_colons || behind(&[':']) => self.depth += 1,
            Some('>') if !arrow => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.depth == 0
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// A `;` at the front belongs to the statement before.
fn behind_semi(tokens: &[TokenTree]) -> &[TokenTree] {
    behind(tokens, ';')
}

/// The next element of a list.
pub(super) fn behind_comma(tokens: &[TokenTree]) -> &[TokenTree] {
    behind(tokens, ',')
}

fn behind(tokens: &[TokenTree], separator: char) -> &[TokenTree] {
    match tokens {
        [first, rest @ ..] if is_punct(first, separator) => rest,
        tokens => tokens,
    }
}

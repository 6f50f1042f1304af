//! Tokens as a person would write them: `order.items.len() > 3`, not `order . items . len () > 3`.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// Longer texts are cut.
const LONGEST: usize = 80;

/// A piece of the flow on one line.
pub(super) fn of(code: &impl ToTokens) -> String {
    let mut printer = Printer::default();
    printer.all(code.to_token_stream());
    cut(printer.text)
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

/// What stands in front of the next token.
#[derive(Clone, Copy, PartialEq, Default)]
enum Before {
    /// Nothing, an open parenthesis, or an operator that belongs to what follows.
    #[default]
    Nothing,
    /// A value: an operator behind it has two sides.
    Value,
    /// A word of the language: a value follows.
    Keyword,
    /// An operator with two sides, or a comma.
    Operator,
}

#[derive(Default)]
struct Printer {
    text: String,
    before: Before,
    /// How many `<` of a generic list are open.
    angles: usize,
    /// Is a `|` open, in front of a closure's parameters?
    closure: bool,
}

impl Printer {
    fn all(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.group(group.delimiter(), group.stream()),
                TokenTree::Ident(ident) => self.word(&ident.to_string()),
                TokenTree::Literal(literal) => self.word(&literal.to_string()),
                TokenTree::Punct(punct) => {
                    let mut operator = String::from(punct.as_char());
                    let mut joint = punct.spacing() == Spacing::Joint;
                    while joint && let Some(TokenTree::Punct(next)) = peek(&tokens) {
                        if !OPERATORS.contains(&format!("{operator}{}", next.as_char()).as_str()) {
                            break;
                        }
                        operator.push(next.as_char());
                        joint = next.spacing() == Spacing::Joint;
                        tokens.next();
                    }
                    self.operator(&operator);
                }
            }
        }
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    fn word(&mut self, word: &str) {
        if self.before != Before::Nothing {
            self.space();
        }
        self.text.push_str(word);
        self.before = if KEYWORDS.contains(&word) { Before::Keyword } else { Before::Value };
    }

    fn group(&mut self, delimiter: Delimiter, inside: TokenStream) {
        let (open, close) = match delimiter {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{ ", " }"),
            Delimiter::None => ("", ""),
        };
        if self.before != Before::Nothing && (self.before != Before::Value || delimiter == Delimiter::Brace) {
            self.space();
        }
        if inside.is_empty() {
            self.text.push_str(open.trim_end());
            self.text.push_str(close.trim_start());
        } else {
            self.text.push_str(open);
            self.before = Before::Nothing;
            let (angles, closure) = (std::mem::take(&mut self.angles), std::mem::take(&mut self.closure));
            self.all(inside);
            (self.angles, self.closure) = (angles, closure);
            self.text.push_str(close);
        }
        self.before = Before::Value;
    }

    fn operator(&mut self, operator: &str) {
        let has_left_side = self.before == Before::Value;
        match operator {
            "," | ";" => self.put(false, operator, Before::Operator),
            ":" => self.put(false, operator, Before::Operator),
            "." | ".." | "..=" => self.put(self.before == Before::Operator, operator, Before::Nothing),
            "?" => self.put(false, operator, Before::Value),
            "::" => self.put(!has_left_side && self.before != Before::Nothing, operator, Before::Nothing),
            "'" | "#" => self.put(self.before != Before::Nothing, operator, Before::Nothing),
            "<" if self.text.ends_with("::") => {
                self.angles += 1;
                self.put(false, operator, Before::Nothing);
            }
            ">" if self.angles > 0 => {
                self.angles -= 1;
                self.put(false, operator, Before::Value);
            }
            "|" if self.closure => {
                self.closure = false;
                self.put(false, operator, Before::Operator);
            }
            "|" if !has_left_side => {
                self.closure = true;
                self.put(self.before != Before::Nothing, operator, Before::Nothing);
            }
            "||" if !has_left_side => self.put(self.before != Before::Nothing, operator, Before::Operator),
            "!" if has_left_side => self.put(false, operator, Before::Nothing),
            "&" | "&&" | "*" | "-" | "!" if !has_left_side => {
                self.put(self.before != Before::Nothing, operator, Before::Nothing);
            }
            _ => self.put(true, operator, Before::Operator),
        }
    }

    fn put(&mut self, spaced: bool, operator: &str, before: Before) {
        if spaced {
            self.space();
        }
        self.text.push_str(operator);
        self.before = before;
    }
}

fn peek(tokens: &proc_macro2::token_stream::IntoIter) -> Option<TokenTree> {
    tokens.clone().next()
}

const OPERATORS: [&str; 23] = [
    "::", "..", "..=", "==", "!=", "<=", ">=", "&&", "||", "=>", "->", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=",
    "<<", ">>", "<<=", ">>=",
];

const KEYWORDS: [&str; 14] =
    ["as", "async", "box", "else", "for", "if", "in", "let", "match", "move", "mut", "ref", "return", "while"];

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;

    fn of(code: &str) -> String {
        super::of(&code.parse::<TokenStream>().expect("it has tokens"))
    }

    #[test]
    fn code_is_spaced_as_it_was_written() {
        for code in [
            "if order.total > 100 && !order.items.is_empty()",
            "if let Some(Item { id, .. }) = &mut order.items[0]",
            "for (index, item) in input.items.iter().enumerate()",
            "'outer: while let Some(next) = queue.pop()",
            "for i in 0..=n - 1",
            "match *kind",
            "Kind::Express | Kind::Overnight if input.weight < 3.5",
            "[first, .., last]",
            "Some(n @ 1..=9)",
            "-1",
            "xs.iter().filter(|x| **x > 0).map(|(a, b)| a * b).sum::<u64>() >= limit",
            "let Ok(port) = text.parse::<u16>()",
            "matches!(state, State::Open { .. })",
            "f(&a, -b, !c) as u64 == 1 << 3",
            "x? > y?",
            "Point {}",
            "name == \"it's {x}\"",
            "ready(|| 1)",
        ] {
            assert_eq!(of(code), code);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        let long = of(&format!("if {}", "ä".repeat(200)));
        assert_eq!((long.chars().count(), long.chars().last()), (81, Some('…')));
    }
}

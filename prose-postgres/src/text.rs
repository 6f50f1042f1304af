//! Text that Postgres can hold: all of it but NUL, which is escaped. JSON needs none of this, it escapes by itself.

use std::borrow::Cow;

use prose::store::RunKey;

/// Stands in front of what is escaped. Rare enough: nearly all text is kept as it is.
const ESCAPE: char = '\u{1}';

/// As it stands in columns: NUL as `U+0001 0`, U+0001 as `U+0001 1`.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => escaped.extend([ESCAPE, '0']),
            ESCAPE => escaped.extend([ESCAPE, '1']),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// [`escape`], of what is owned.
pub(crate) fn escaped(text: String) -> String {
    match escape(&text) {
        Cow::Owned(escaped) => escaped,
        Cow::Borrowed(_) => text,
    }
}

/// The other way round.
pub(crate) fn unescape(column: String) -> String {
    if !column.contains(ESCAPE) {
        return column;
    }
    let mut text = String::with_capacity(column.len());
    let mut characters = column.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            ESCAPE if characters.next() == Some('0') => '\0',
            other => other,
        });
    }
    text
}

/// A run's name in one text: what the column `key` is a hash of. No two names have the same, because what is escaped never
/// holds U+0001 in front of a `/`.
pub(crate) fn key(key: &RunKey) -> String {
    format!("{}{ESCAPE}/{}", escape(&key.namespace), escape(&key.run_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_has_no_nul_and_comes_back() {
        for text in ["", "a", "\0", "\u{1}", "\u{1}0", "\0\u{1}\0", "a\0b\u{1}1", "\u{10}\\0"] {
            let escaped = escape(text).into_owned();
            assert!(!escaped.contains('\0'));
            assert_eq!(unescape(escaped), text);
        }
        assert!(matches!(escape("usual"), Cow::Borrowed(_)));
    }

    #[test]
    fn no_two_names_have_one_key() {
        let names = ["", "\0", "\u{1}", "/", "\u{1}/", "a", "a\u{1}/", "a/"];
        let keys: std::collections::HashSet<_> = names
            .iter()
            .flat_map(|namespace| names.map(|id| key(&RunKey { namespace: (*namespace).into(), run_id: id.into() })))
            .collect();
        assert_eq!(keys.len(), names.len() * names.len());
    }
}

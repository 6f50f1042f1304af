//! The flow that is open in the editor, and places in it.

/// The text of `src/lib.rs`, perhaps with a cursor in it.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) text: String,
    pub(crate) cursor: Option<usize>,
}

const TEXT: &str = include_str!("lib.rs.txt");
/// Where a line more may be typed: behind a step, in front of the last one.
const HERE: &str = "    // here\n";

impl Flow {
    /// As it is when nobody is typing.
    pub(crate) fn sound() -> Self {
        Self { text: TEXT.to_owned(), cursor: None }
    }

    /// With a step more, half-typed: `$0` is the cursor.
    pub(crate) fn with_step(statement: &str) -> Self {
        Self::with(&format!("    #[step]\n    {statement}\n"))
    }

    /// With a line more of plain code.
    pub(crate) fn with_plain(statement: &str) -> Self {
        Self::with(&format!("    {statement}\n"))
    }

    fn with(lines: &str) -> Self {
        let text = TEXT.replace(HERE, lines);
        let cursor = text.find("$0");
        Self { text: text.replace("$0", ""), cursor }
    }

    /// The cursor stands behind these words, which are there once; what follows of the name is typed already.
    pub(crate) fn cursor_behind(&self, words: &str) -> Self {
        self.cursor_at(words, words.len())
    }

    /// The cursor stands inside of the first of these words.
    pub(crate) fn cursor_in(&self, words: &str) -> Self {
        let word = words.find(|letter: char| letter.is_alphabetic()).unwrap();
        self.cursor_at(words, word + 1)
    }

    fn cursor_at(&self, words: &str, inside: usize) -> Self {
        assert_eq!(self.text.matches(words).count(), 1, "`{words}` names one place");
        let cursor = self.text.find(words).unwrap() + inside;
        Self { text: self.text.clone(), cursor: Some(cursor) }
    }

    /// The line and column of the cursor, from 0.
    pub(crate) fn position(&self) -> (usize, usize) {
        let before = &self.text[..self.cursor.unwrap()];
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count(), before.len() - line)
    }

    /// The text of a line.
    pub(crate) fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number).unwrap_or_default()
    }

    /// What is in front of the cursor in its line, for a message.
    pub(crate) fn typed(&self) -> &str {
        let (line, column) = self.position();
        &self.line(line)[..column]
    }
}

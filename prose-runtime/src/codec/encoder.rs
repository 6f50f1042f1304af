//! Writing one value.

use serde::de::Error as _;
use serde_json::{Error, Serializer};

use super::read::DEEPEST;
use super::strict::Checked;
use crate::Json;

/// Where a value is written to.
pub(crate) type Writer<'w> = Checked<&'w mut Serializer<Vec<u8>>>;

/// Takes the text of one value. The machine has one, so that saving a value makes and drops none in what is compiled for its type.
pub(crate) struct Encoder(Serializer<Vec<u8>>);

impl Default for Encoder {
    fn default() -> Self {
        Self(Serializer::new(Vec::new()))
    }
}

impl Encoder {
    /// Where one value is written to.
    pub(crate) fn writer(&mut self) -> Writer<'_> {
        self.0 = Serializer::new(Vec::with_capacity(128));
        Checked::new(&mut self.0)
    }

    /// What was written, and can be read again.
    pub(crate) fn finish(self, written: Result<(), Error>) -> Result<Json, Error> {
        written?;
        let text = self.0.into_inner();
        if text.len() > 2 * DEEPEST && depth(&text) > DEEPEST {
            return Err(Error::custom(format_args!(
                "it is nested more than {DEEPEST} deep, which would not read back; keep a list of its parts instead"
            )));
        }
        Json::parse(String::from_utf8(text).map_err(Error::custom)?)
    }
}

/// How deep arrays and objects are nested in JSON text.
fn depth(text: &[u8]) -> usize {
    let (mut now, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                now += 1;
                deepest = deepest.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

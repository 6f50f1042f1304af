//! Saving and restoring values: the codec of a variable, chosen once for its type.

mod strict;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Error;
use strict::Checked;

use crate::Json;

/// What can live across a step: a value that can be written to a checkpoint and read back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be saved, but it lives across a step",
    label = "a run goes on from its checkpoint after a crash, and this value is needed behind the next step",
    note = "derive `serde::Serialize` and `serde::Deserialize`, own what it borrows, or make it inside of the step that needs it"
)]
pub trait Saved: Sized {
    /// The codec for variables of this type.
    const CODEC: Codec<Self>;

    /// The key of a variable; its type is inferred from where it is saved and loaded.
    fn key(name: &'static str) -> Key<Self> {
        Key { name, codec: Self::CODEC }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send> Saved for T {
    const CODEC: Codec<Self> = Codec { write: to_write::<T>, read: decode::<T> };
}

fn to_write<T: Serialize>(value: &T) -> &dyn Write {
    value
}

/// A variable's name and codec. Made by one bounded call for each variable, so that a type that cannot be saved is one error.
pub struct Key<T> {
    pub(crate) name: &'static str,
    pub(crate) codec: Codec<T>,
}

/// How values of a type are written (without the type, by what it is made of) and read.
pub struct Codec<T> {
    pub(crate) write: fn(&T) -> &dyn Write,
    pub(crate) read: fn(&Json) -> Result<T, Error>,
}

/// Tells that a key is of a value's type, where nothing else does.
pub fn is_of<T>(_: &Key<T>, _: &T) {}

// What is made of these for a type is compiled for each type that a flow saves: so there is little in it. (They are no
// closures, whose trait objects have two more functions.)

/// A value to be written.
pub(crate) trait Write {
    fn write(&self, to: Writer<'_>) -> Result<(), Error>;
}

/// Where it is written to.
pub(crate) type Writer<'w> = Checked<&'w mut serde_json::Serializer<Vec<u8>>>;

impl<T: Serialize> Write for T {
    fn write(&self, to: Writer<'_>) -> Result<(), Error> {
        self.serialize(to)
    }
}

/// Encodes a value, refusing what JSON cannot give back: NaN and infinities, `Some(None)`, `Some(())`, map keys that are no strings,
/// and what is nested deeper than it reads.
pub(crate) fn encode(value: &dyn Write) -> Result<Json, Error> {
    use serde::de::Error as _;
    let mut serializer = serde_json::Serializer::new(Vec::with_capacity(128));
    value.write(Checked::new(&mut serializer))?;
    let text = serializer.into_inner();
    if text.len() > 2 * DEEPEST && depth(&text) > DEEPEST {
        return Err(Error::custom(format_args!(
            "it is nested more than {DEEPEST} deep, which would not read back; keep a list of its parts instead"
        )));
    }
    Json::parse(String::from_utf8(text).map_err(Error::custom)?)
}

/// `serde_json` reads nothing that is deeper.
const DEEPEST: usize = 127;

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

/// Decodes a value. That nothing stands behind it is known: the text is one JSON value.
pub(crate) fn decode<T: DeserializeOwned>(json: &Json) -> Result<T, Error> {
    T::deserialize(&mut serde_json::Deserializer::from_str(json.as_str()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn refusal<T: Serialize>(value: T) -> String {
        encode(&value).expect_err("must be refused").to_string()
    }

    #[test]
    fn nan_and_infinities_are_refused_at_any_depth() {
        assert!(refusal(f64::NAN).contains("NaN"));
        assert!(refusal(vec![(1, Some(f32::INFINITY))]).contains("inf"));
        assert!(refusal(BTreeMap::from([("x", f64::NEG_INFINITY)])).contains("-inf"));
    }

    #[test]
    fn an_option_that_would_read_back_as_none_is_refused() {
        #[derive(Serialize)]
        struct Wrapper(Option<u8>);
        #[derive(Serialize)]
        struct Unit;
        assert!(refusal(Some(None::<u8>)).contains("None"));
        assert!(refusal(Some(())).contains("None"));
        assert!(refusal(Some(Unit)).contains("None"));
        assert!(refusal(Some(Wrapper(None))).contains("None"));
    }

    #[test]
    fn map_keys_that_are_no_strings_are_refused() {
        assert!(refusal(BTreeMap::from([((1, 2), 3)])).contains("key"));
    }

    #[test]
    fn what_is_nested_deeper_than_it_reads_is_refused() {
        let nested = |depth| (0..depth).fold(serde_json::json!("[[\\\"[["), |value, _| serde_json::json!([value]));
        let deepest = encode(&nested(DEEPEST)).expect("savable");
        assert_eq!(decode::<serde_json::Value>(&deepest).expect("readable"), nested(DEEPEST));
        assert!(refusal(nested(DEEPEST + 1)).contains("nested"));
    }

    #[test]
    fn what_json_can_hold_passes_unchanged() {
        #[derive(Serialize)]
        enum Kind {
            Unit,
            Newtype(u8),
            Tuple(u8, u8),
            Struct { a: Option<u8> },
        }
        let all = (Kind::Unit, Kind::Newtype(1), Kind::Tuple(1, 2), Kind::Struct { a: None }, Some(Some(1)), ());
        let text = encode(&all).expect("savable").to_string();
        assert_eq!(text, r#"["Unit",{"Newtype":1},{"Tuple":[1,2]},{"Struct":{"a":null}},1,null]"#);
        assert_eq!(encode(&u128::MAX).expect("savable").to_string(), u128::MAX.to_string());
        assert_eq!(encode(&0.1_f64).expect("savable").decode::<f64>().expect("a float").to_bits(), 0.1_f64.to_bits());
        assert_eq!(encode(&BTreeMap::from([(7, "x")])).expect("savable").to_string(), r#"{"7":"x"}"#);
    }
}

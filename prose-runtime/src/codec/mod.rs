//! Saving and restoring values: the codec of a variable, chosen once for its type.

mod encoder;
mod read;
mod strict;

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Error;

use crate::Json;
pub(crate) use encoder::{Encoder, Writer};
pub(crate) use read::Part;

/// What can live across a step: a value that can be written to a checkpoint and read back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be saved, but a step gives it or it lives across one",
    label = "a run goes on from its checkpoint after a crash, and this value has to be in it",
    note = "derive both `serde::Serialize` and `serde::Deserialize`, own what it borrows (`.clone()`, `.to_owned()`), or make it inside of the step that needs it"
)]
pub trait Saved<Itself = Self>: Sized {
    /// The codec for variables of this type.
    const CODEC: Codec<Self>;

    /// The key of a variable; its type is inferred from where it is saved and loaded.
    fn key(name: &'static str) -> Key<Self, Itself> {
        Key { name, codec: Self::CODEC, itself: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send> Saved<T> for T {
    const CODEC: Codec<Self> = Codec { write: write::<T>, read: read::<T> };
}

/// A variable's name and codec. Made by one bounded call for each variable, so that a type that cannot be saved is one error.
///
/// The type stands in it twice, and in the trait: where a `&String` cannot be saved, rustc would else advise to take the `String` out of the
/// borrow, in place of what the trait says.
pub struct Key<T, Itself = T> {
    pub(crate) name: &'static str,
    pub(crate) codec: Codec<T>,
    itself: PhantomData<fn() -> Itself>,
}

/// How values of a type are written and read. The two are compiled for each type that a flow saves, so there is little in them.
pub struct Codec<T> {
    pub(crate) write: fn(&T, Writer<'_>) -> Result<(), Error>,
    pub(crate) read: fn(Part<'_>) -> Result<T, Error>,
}

impl<T> Codec<T> {
    pub(crate) fn encode(&self, value: &T) -> Result<Json, Error> {
        encode_by(self.write, value)
    }

    pub(crate) fn decode(&self, json: &Json) -> Result<T, Error> {
        (self.read)(Part::of(json.raw()))
    }
}

/// Tells that a key is of a value's type, where nothing else does.
pub fn is_of<T>(_: &Key<T>, _: &T) {}

fn read<T: DeserializeOwned>(part: Part<'_>) -> Result<T, Error> {
    T::deserialize(part)
}

fn write<T: Serialize>(value: &T, to: Writer<'_>) -> Result<(), Error> {
    value.serialize(to)
}

/// Encodes a value, refusing what JSON cannot give back: NaN and infinities, `Some(None)`, `Some(())`, map keys that are no strings,
/// and what is nested deeper than it reads.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Json, Error> {
    encode_by(write::<T>, value)
}

fn encode_by<T>(write: fn(&T, Writer<'_>) -> Result<(), Error>, value: &T) -> Result<Json, Error> {
    let mut encoder = Encoder::default();
    let written = write(value, encoder.writer());
    encoder.finish(written)
}

/// Decodes a value.
pub(crate) fn decode<T: DeserializeOwned>(json: &Json) -> Result<T, Error> {
    read(Part::of(json.raw()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use read::DEEPEST;

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

//! Reading values back. `serde_json` reads the text, one level at a time: the text of each field of an object, of each element of an array.
//!
//! Reading with `serde_json`'s own deserializer would compile its whole parser once more for each type that a flow saves, which was
//! two thirds of what compiling a flow costs; here a type brings along little beside its own `Deserialize`.

mod key;
mod rest;
#[cfg(test)]
mod tests;
mod variant;

use std::any::type_name;

use serde::Deserializer;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, Unexpected, Visitor};
use serde_json::Error;
use serde_json::value::RawValue;

use rest::{Rest, whole};
use variant::Variant;

/// So deep may arrays and objects be nested: a bound for the stack, and the one that `serde_json` has.
pub(super) const DEEPEST: usize = 127;

/// The text of a value, or of a part of one.
#[derive(Clone, Copy)]
pub(crate) struct Part<'de> {
    /// One JSON value.
    text: &'de str,
    /// How many more arrays and objects may be inside of one another.
    deeper: usize,
}

impl<'de> Part<'de> {
    /// A whole value.
    pub(crate) fn of(text: &'de RawValue) -> Self {
        Self { text: text.get(), deeper: DEEPEST }
    }

    /// What stands inside of it.
    fn inside(self, text: &'de RawValue) -> Self {
        Self { text: text.get(), deeper: self.deeper.saturating_sub(1) }
    }

    fn begins_with(self, bracket: char) -> bool {
        self.text.starts_with(bracket)
    }

    /// Its elements, to be read as an `expected`.
    fn array(self, expected: &'static str) -> Result<Rest<'de>, Error> {
        self.within('[', expected)
    }

    /// Its entries.
    fn object(self, expected: &'static str) -> Result<Rest<'de>, Error> {
        self.within('{', expected)
    }

    fn within(self, bracket: char, expected: &'static str) -> Result<Rest<'de>, Error> {
        match self.begins_with(bracket) {
            true => self.rest(&[]),
            false => Err(self.refused(expected)),
        }
    }

    /// Its entries, or the elements of an array, which are the fields in their order.
    fn fields(self, expected: &'static str, fields: &'static [&'static str]) -> Result<Rest<'de>, Error> {
        match self.begins_with('[') {
            true => self.rest(fields),
            false => self.object(expected),
        }
    }

    fn rest(self, fields: &'static [&'static str]) -> Result<Rest<'de>, Error> {
        match self.deeper {
            0 => Err(Error::custom(format_args!("it is nested more than {DEEPEST} deep"))),
            _ => Ok(Rest::new(self, fields)),
        }
    }

    /// What it is, where something else is expected.
    fn refused(self, expected: &'static str) -> Error {
        let seen = match self.text.as_bytes().first() {
            Some(b'{') => Unexpected::Map,
            Some(b'[') => Unexpected::Seq,
            Some(b'"') => Unexpected::Other("string"),
            Some(b'n') => Unexpected::Unit,
            Some(b't') => Unexpected::Bool(true),
            Some(b'f') => Unexpected::Bool(false),
            _ => Unexpected::Other(self.text),
        };
        Error::invalid_type(seen, &expected)
    }
}

/// An error in a part of a value, without the line and column in that part, which would be taken for those in the whole.
fn unplaced(error: &Error) -> Error {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    Error::custom(text.strip_suffix(&place).unwrap_or(&text))
}

/// What is a single number, text or `null` is read by `serde_json`, and so is what takes whatever comes.
macro_rules! by_json {
    ($text:ident: $($method:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let mut json = serde_json::Deserializer::from_str(self.$text()?);
            match json.$method(visitor) {
                Ok(value) => json.end().map(|()| value).map_err(|error| unplaced(&error)),
                Err(error) => Err(unplaced(&error)),
            }
        }
    )*};
}
use by_json;

impl<'de> Part<'de> {
    fn json(self) -> Result<&'de str, Error> {
        Ok(self.text)
    }
}

impl<'de> Deserializer<'de> for Part<'de> {
    type Error = Error;

    by_json! {
        json: deserialize_any, deserialize_bool, deserialize_i8, deserialize_i16, deserialize_i32, deserialize_i64, deserialize_i128,
        deserialize_u8, deserialize_u16, deserialize_u32, deserialize_u64, deserialize_u128, deserialize_f32, deserialize_f64,
        deserialize_char, deserialize_str, deserialize_string, deserialize_bytes, deserialize_byte_buf, deserialize_unit,
        deserialize_identifier,
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.text == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        // So `RawValue` asks for the text: under a name that it then looks for.
        if name.starts_with("$serde_json::private::") {
            return visitor.visit_map(Text { name: Some(name), text: self.text });
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.array(type_name::<V::Value>()) {
            Ok(mut items) => whole(visitor.visit_seq(&mut items), &mut items),
            Err(error) => Err(error),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.object(type_name::<V::Value>()) {
            Ok(mut entries) => whole(visitor.visit_map(&mut entries), &mut entries),
            Err(error) => Err(error),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.fields(name, fields) {
            // A struct's visitor reads all: what `whole` does would be compiled for each type.
            Ok(mut entries) => visitor.visit_map(&mut entries),
            Err(error) => Err(error),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match Variant::of(self, name) {
            Ok(variant) => visitor.visit_enum(variant),
            Err(error) => Err(error),
        }
    }
}

/// The text itself, under the name by which it was asked for.
struct Text<'de> {
    name: Option<&'static str>,
    text: &'de str,
}

impl<'de> MapAccess<'de> for Text<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.name.take().map(|name| seed.deserialize(BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(BorrowedStrDeserializer::new(self.text))
    }
}

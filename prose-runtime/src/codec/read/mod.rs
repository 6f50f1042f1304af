//! Reading values back. `serde_json` reads the text, one level at a time: an object into the texts of its fields, an array into those
//! of its elements.
//!
//! Reading with `serde_json`'s own deserializer would compile its whole parser once more for each type that a flow saves, which was
//! two thirds of what compiling a flow costs; here a type brings along little beside its own `Deserialize`.

mod key;
mod split;
#[cfg(test)]
mod tests;
mod variant;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use std::any::type_name;

use serde::{Deserialize, Deserializer};
use serde_json::Error;
use serde_json::value::RawValue;

use key::Key;
use split::{Level, split};
use variant::Variant;

/// `serde_json` reads nothing that is deeper.
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

    /// Nothing, as which nothing is read.
    pub(crate) fn none() -> Self {
        Self { text: "", deeper: 0 }
    }

    /// The texts of what it consists of.
    fn split(self) -> Result<Level<'de>, Error> {
        match self.deeper {
            0 => Err(Error::custom(format_args!("it is nested more than {DEEPEST} deep"))),
            _ => split(self.text),
        }
    }

    /// Its elements, of which there are not more than `most`, to be read as an `expected`.
    fn array(self, most: usize, expected: &'static str) -> Rest<'de> {
        self.rest(match self.split() {
            Ok(Level::Array(items)) if items.len() > most => Err(too_long(items.len(), expected)),
            Ok(Level::Object(_) | Level::Single) => Err(self.refused(expected)),
            items => items,
        })
    }

    fn object(self, expected: &'static str) -> Rest<'de> {
        self.rest(match self.split() {
            Ok(Level::Array(_) | Level::Single) => Err(self.refused(expected)),
            entries => entries,
        })
    }

    fn rest(self, level: Result<Level<'de>, Error>) -> Rest<'de> {
        match level {
            Ok(level) => Rest { of: self, level, read: 0, refused: None },
            Err(error) => Rest { of: self, level: Level::Single, read: 0, refused: Some(error) },
        }
    }

    fn inside(self, text: &'de RawValue) -> Self {
        Self { text: text.get(), deeper: self.deeper.saturating_sub(1) }
    }

    fn is_null(self) -> bool {
        self.text == "null"
    }

    /// What it is, where something else is expected.
    fn refused(self, expected: &'static str) -> Error {
        let seen = match self.text.as_bytes().first() {
            Some(b'{') => Unexpected::Map,
            Some(b'[') => Unexpected::Seq,
            Some(b'n') => Unexpected::Unit,
            Some(b't') => Unexpected::Bool(true),
            Some(b'f') => Unexpected::Bool(false),
            _ => Unexpected::Other(self.text),
        };
        Error::invalid_type(seen, &expected)
    }
}

/// What is a single number, text or `null` is read by `serde_json`, and so is what takes whatever comes.
macro_rules! by_json {
    ($($method:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let mut json = serde_json::Deserializer::from_str(self.text);
            let value = json.$method(visitor)?;
            json.end()?;
            Ok(value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Part<'de> {
    type Error = Error;

    by_json! {
        deserialize_any, deserialize_bool, deserialize_i8, deserialize_i16, deserialize_i32, deserialize_i64, deserialize_i128,
        deserialize_u8, deserialize_u16, deserialize_u32, deserialize_u64, deserialize_u128, deserialize_f32, deserialize_f64,
        deserialize_char, deserialize_str, deserialize_string, deserialize_bytes, deserialize_byte_buf, deserialize_unit,
        deserialize_identifier, deserialize_ignored_any,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
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
        visitor.visit_seq(&mut self.array(usize::MAX, type_name::<V::Value>()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(&mut self.array(len, type_name::<V::Value>()))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(&mut self.array(len, name))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(&mut self.object(type_name::<V::Value>()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(&mut self.object(name))
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

fn too_long(len: usize, expected: &'static str) -> Error {
    Error::invalid_length(len, &expected)
}

/// What is left to be read of an array or an object. Visitors get a `&mut` of it, and are asked with no seed where they have none: so
/// there is nothing to be dropped in what is compiled for each of them.
struct Rest<'de> {
    of: Part<'de>,
    level: Level<'de>,
    read: usize,
    /// It is not what is to be read; told to whoever asks for the first part.
    refused: Option<Error>,
}

impl<'de> Rest<'de> {
    fn left(&self) -> usize {
        self.level.len() - self.read
    }

    fn key(&mut self) -> Result<Option<Key<'_, 'de>>, Error> {
        match self.refused.take() {
            Some(error) => Err(error),
            None => Ok(self.level.name(self.read).map(Key::of)),
        }
    }

    fn part(&mut self) -> Result<Option<Part<'de>>, Error> {
        if let Some(error) = self.refused.take() {
            return Err(error);
        }
        let text = self.level.value(self.read);
        self.read += usize::from(text.is_some());
        Ok(text.map(|text| self.of.inside(text)))
    }

    fn value(&mut self) -> Result<Part<'de>, Error> {
        self.part()?.ok_or_else(|| Error::custom("a value was asked for that has no key"))
    }
}

impl<'de> SeqAccess<'de> for &mut Rest<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.part()?.map(|part| seed.deserialize(part)).transpose()
    }

    fn next_element<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, Error> {
        match self.part() {
            Ok(Some(part)) => match T::deserialize(part) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(error),
            },
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left())
    }
}

impl<'de> MapAccess<'de> for &mut Rest<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.key()?.map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.value()?)
    }

    fn next_key<K: Deserialize<'de>>(&mut self) -> Result<Option<K>, Error> {
        match self.key() {
            Ok(Some(key)) => match K::deserialize(key) {
                Ok(key) => Ok(Some(key)),
                Err(error) => Err(error),
            },
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn next_value<T: Deserialize<'de>>(&mut self) -> Result<T, Error> {
        match self.value() {
            Ok(part) => T::deserialize(part),
            Err(error) => Err(error),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left())
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
        self.name.take().map(|name| seed.deserialize(serde::de::value::BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(serde::de::value::BorrowedStrDeserializer::new(self.text))
    }
}

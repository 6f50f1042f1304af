//! The key of an entry, and the name of a variant: text, in which JSON also keeps the numbers by which a map is keyed.

use std::borrow::Cow;

use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error as _, Visitor};
use serde_json::Error;

use super::variant::Data;
use super::{by_json, unplaced};

#[derive(Clone, Copy)]
pub(super) struct Key<'a, 'de> {
    text: &'a str,
    /// The same, where it stands in the value's text as it is, without escapes.
    borrowed: Option<&'de str>,
}

impl<'a, 'de> Key<'a, 'de> {
    pub(super) fn of(text: &'a Cow<'de, str>) -> Self {
        let borrowed = if let Cow::Borrowed(text) = text { Some(*text) } else { None };
        Self { text, borrowed }
    }

    /// To be read as a number or bool. (What has escapes, or spaces around it, is none.)
    fn plain(self) -> Result<&'de str, Error> {
        let plain = self.borrowed.filter(|text| text.trim() == *text);
        plain.ok_or_else(|| Error::custom(format_args!("the key {:?} is no number", self.text)))
    }
}

impl<'de> Deserializer<'de> for Key<'_, 'de> {
    type Error = Error;

    by_json! {
        plain: deserialize_bool, deserialize_i8, deserialize_i16, deserialize_i32, deserialize_i64, deserialize_i128, deserialize_u8,
        deserialize_u16, deserialize_u32, deserialize_u64, deserialize_u128, deserialize_f32, deserialize_f64,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.borrowed {
            Some(text) => visitor.visit_borrowed_str(text),
            None => visitor.visit_str(self.text),
        }
    }

    /// A field's name: compiled for each struct.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bytes(self.text.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bytes(self.text.as_bytes())
    }

    serde::forward_to_deserialize_any! {
        char str string unit unit_struct seq tuple tuple_struct map struct ignored_any
    }
}

/// A map may be keyed by an enum without data.
impl<'de> EnumAccess<'de> for Key<'_, 'de> {
    type Error = Error;
    type Variant = Data<'de>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Data<'de>), Error> {
        Ok((seed.deserialize(self)?, Data(None)))
    }
}

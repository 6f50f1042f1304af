//! A value of an enum: its variant's name, or an object of that name and what the variant holds.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, EnumAccess, Error as _, Unexpected, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Error;

use super::Part;
use super::key::Key;
use super::rest::Name;

pub(super) struct Variant<'de> {
    name: Cow<'de, str>,
    data: Data<'de>,
}

/// What a variant holds; `None`: only its name was written.
pub(super) struct Data<'de>(pub(super) Option<Part<'de>>);

impl<'de> Variant<'de> {
    /// A variant of the enum that is `expected`.
    pub(super) fn of(part: Part<'de>, expected: &'static str) -> Result<Self, Error> {
        if part.begins_with('"') {
            let Name(name) = Name::deserialize(part)?;
            return Ok(Self { name, data: Data(None) });
        }
        part.object(expected)?.only().map(|(name, data)| Self { name, data: Data(Some(data)) })
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Data<'de>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Data<'de>), Error> {
        match seed.deserialize(Key::of(&self.name)) {
            Ok(name) => Ok((name, self.data)),
            Err(error) => Err(error),
        }
    }
}

impl<'de> Data<'de> {
    fn part(self, expected: &str) -> Result<Part<'de>, Error> {
        self.0.ok_or_else(|| Error::invalid_type(Unexpected::UnitVariant, &expected))
    }
}

impl<'de> VariantAccess<'de> for Data<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.0.map_or(Ok(()), <()>::deserialize)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.part("newtype variant")?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.part("tuple variant")?.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.part("struct variant")?.deserialize_struct("struct variant", fields, visitor)
    }
}

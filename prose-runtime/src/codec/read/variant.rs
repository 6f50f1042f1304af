//! A value of an enum: its variant's name, or an object of that name and what the variant holds.

use std::borrow::Cow;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error as _, Unexpected, VariantAccess, Visitor};
use serde_json::Error;

use super::Part;
use super::key::Key;
use super::split::{Level, Name};

pub(super) struct Variant<'de> {
    name: Cow<'de, str>,
    data: Data<'de>,
}

/// What a variant holds; `None`: only its name was written.
pub(super) struct Data<'de>(pub(super) Option<Part<'de>>);

impl<'de> Variant<'de> {
    /// A variant of the enum that is `expected`.
    pub(super) fn of(part: Part<'de>, expected: &'static str) -> Result<Self, Error> {
        if part.text.starts_with('"') {
            let Name(name) = Name::deserialize(part)?;
            return Ok(Self { name, data: Data(None) });
        }
        let Level::Object(entries) = part.split()? else { return Err(part.refused(expected)) };
        match <[_; 1]>::try_from(entries) {
            Ok([(name, data)]) => Ok(Self { name, data: Data(Some(part.inside(data))) }),
            Err(entries) => {
                Err(Error::custom(format_args!("an enum is an object with one entry, not with {}", entries.len())))
            }
        }
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
        self.part("struct variant")?.deserialize_struct("", fields, visitor)
    }
}

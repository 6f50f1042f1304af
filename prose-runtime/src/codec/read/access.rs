//! The parts of what was found, for the types that are made of them.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::slice;

use serde::de::value::CowStrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};
use serde_json::Error;
use serde_json::value::RawValue;

use super::source::{EnumSource, Event, MapSource, Seed, SeqSource};
use super::{Slot, Struct, Text, nothing, seq, unexpected};

/// What a seed makes of the part that is given to it; `None` where none is.
fn made<'j, S: DeserializeSeed<'j>>(
    seed: S,
    give: impl FnOnce(&mut Seed<'_, 'j>) -> Result<(), Error>,
) -> Result<Option<S::Value>, Error> {
    let (mut seed, mut made) = (Some(seed), None);
    give(&mut |part| {
        let Some(seed) = seed.take() else { return Err(nothing()) };
        made = Some(seed.deserialize(part)?);
        Ok(())
    })?;
    Ok(made)
}

/// The elements of an array.
pub(super) struct Elements<'a, 'j>(pub(super) &'a mut dyn SeqSource<'j>);

impl<'j> SeqAccess<'j> for Elements<'_, 'j> {
    type Error = Error;
    fn next_element_seed<S: DeserializeSeed<'j>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        made(seed, |seed| self.0.element(seed).map(drop))
    }
}

/// The entries of an object.
pub(super) struct Entries<'a, 'j>(pub(super) &'a mut dyn MapSource<'j>);

impl<'j> MapAccess<'j> for Entries<'_, 'j> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'j>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        made(seed, |seed| self.0.key(seed).map(drop))
    }

    fn next_value_seed<S: DeserializeSeed<'j>>(&mut self, seed: S) -> Result<S::Value, Error> {
        made(seed, |seed| self.0.value(seed))?.ok_or_else(nothing)
    }
}

/// The fields of a struct: the entries of an object, or the elements of an array, which stand in the order of the fields.
pub(super) enum Fields<'a, 'j> {
    Named(&'a mut dyn MapSource<'j>),
    Placed(Placed<'a, 'j>),
}

impl<'a, 'j> Fields<'a, 'j> {
    pub(super) fn of(event: Event<'a, 'j>, fields: &'static [&'static str]) -> Result<Self, Error> {
        match event {
            Event::Map(entries) => Ok(Self::Named(entries)),
            Event::Seq(elements) => Ok(Self::Placed(Placed { names: fields.iter(), elements, value: None })),
            other => Err(unexpected(&other)),
        }
    }

    fn name(&mut self) -> Result<Option<Cow<'j, str>>, Error> {
        match self {
            Self::Named(entries) => entries.name(),
            Self::Placed(placed) => placed.name().map(|name| name.map(Cow::Borrowed)),
        }
    }

    fn value(&mut self, seed: &mut Seed<'_, 'j>) -> Result<(), Error> {
        match self {
            Self::Named(entries) => entries.value(seed),
            Self::Placed(placed) => {
                placed.value.take().map_or_else(|| Err(nothing()), |text| seed(Text::new(text).part()))
            }
        }
    }
}

/// The elements of an array as fields. One that is not there has no name. (Where a field has an alias, that stands among the
/// names, and the array is refused: it was no struct that wrote it.)
pub(super) struct Placed<'a, 'j> {
    names: slice::Iter<'static, &'static str>,
    elements: &'a mut dyn SeqSource<'j>,
    /// What stands in the text for the field that was named last.
    value: Option<&'j str>,
}

impl Placed<'_, '_> {
    fn name(&mut self) -> Result<Option<&'static str>, Error> {
        let Some(name) = self.names.next() else { return Ok(None) };
        let text = made(PhantomData::<&RawValue>, |seed| self.elements.element(seed).map(drop))?;
        self.value = text.map(RawValue::get);
        Ok(text.map(|_| *name))
    }
}

impl<'j> MapAccess<'j> for Fields<'_, 'j> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'j>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        match self.name() {
            Ok(Some(name)) => seed.deserialize(Name(name)).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }

    // Written out, because each struct has a type of its own for the names of its fields.
    fn next_key<K: Deserialize<'j>>(&mut self) -> Result<Option<K>, Error> {
        match self.name() {
            Ok(Some(name)) => match K::deserialize(Name(name)) {
                Ok(key) => Ok(Some(key)),
                Err(error) => Err(error),
            },
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'j>>(&mut self, seed: S) -> Result<S::Value, Error> {
        made(seed, |seed| self.value(seed))?.ok_or_else(nothing)
    }
}

/// The name of a field or of a variant.
struct Name<'j>(Cow<'j, str>);

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        CowStrDeserializer::new(self.0).deserialize_any(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(&self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum ignored_any
    }
}

/// A variant of an enum.
pub(super) struct Chosen<'a, 'j>(pub(super) &'a mut dyn EnumSource<'j>);

impl<'j> EnumAccess<'j> for Chosen<'_, 'j> {
    type Error = Error;
    type Variant = Self;
    fn variant_seed<S: DeserializeSeed<'j>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let name = self.0.name()?;
        Ok((seed.deserialize(Name(name))?, self))
    }
}

impl<'j> VariantAccess<'j> for Chosen<'_, 'j> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.0.unit()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'j>>(self, seed: S) -> Result<S::Value, Error> {
        made(seed, |seed| self.0.newtype(seed))?.ok_or_else(nothing)
    }

    fn tuple_variant<V: Visitor<'j>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        let mut slot = Slot { visitor: Some(visitor), value: None, visit: seq };
        self.0.tuple(len, &mut slot)?;
        slot.value.ok_or_else(nothing)
    }

    fn struct_variant<V: Visitor<'j>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        let mut value = None;
        self.0.structure(fields, &mut Struct { fields, visitor: Some(visitor), value: &mut value })?;
        value.ok_or_else(nothing)
    }
}

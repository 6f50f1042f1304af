//! The part of an array or an object that is still to be read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Error;

use super::Part;
use super::key::Key;

/// What is left of an array or an object. Visitors get a `&mut` of it, and are asked with no seed where they have none: so there is
/// little to be dropped in what is compiled for each of them.
pub(super) struct Rest<'de> {
    of: Part<'de>,
    /// Behind what was read.
    text: &'de str,
    /// Of an array that is read as a struct: the names of its elements.
    fields: &'static [&'static str],
    /// So many elements or entries were read.
    count: usize,
    /// The name of the entry that is being read.
    name: Cow<'de, str>,
    /// That name was read, and the value was not.
    is_named: bool,
}

impl<'de> Rest<'de> {
    pub(super) fn new(of: Part<'de>, fields: &'static [&'static str]) -> Self {
        let text = of.text.get(1..).unwrap_or_default();
        Self { of, text, fields, count: 0, name: Cow::Borrowed(""), is_named: false }
    }

    fn end(&mut self) -> Result<(), Error> {
        match self.is_over() && !self.is_named {
            true => Ok(()),
            false => Err(too_long(self.count)),
        }
    }

    /// Whether nothing is left.
    fn is_over(&mut self) -> bool {
        self.text = self.text.trim_start();
        self.text.starts_with([']', '}'])
    }

    /// Reads a value of this type, and what stands behind it.
    fn take<T: Deserialize<'de>>(&mut self, behind: char) -> Result<T, Error> {
        let mut values = serde_json::Deserializer::from_str(self.text).into_iter::<T>();
        let value = values.next().ok_or_else(|| Error::custom("it ends in its middle"))??;
        self.text = self.text.get(values.byte_offset()..).unwrap_or_default().trim_start();
        self.text = self.text.strip_prefix(behind).unwrap_or(self.text);
        Ok(value)
    }

    /// The next element of an array.
    fn element(&mut self) -> Result<Option<Part<'de>>, Error> {
        if self.is_over() {
            return Ok(None);
        }
        let text = self.take(',')?;
        self.count += 1;
        Ok(Some(self.of.inside(text)))
    }

    /// The name of the next entry.
    fn key(&mut self) -> Result<Option<Key<'_, 'de>>, Error> {
        if self.is_named {
            return Err(Error::custom(format_args!("`{}` is passed over", self.name)));
        }
        if self.is_over() {
            return Ok(None);
        }
        self.name = match self.of.begins_with('[') {
            true => Cow::Borrowed(self.fields.get(self.count).copied().ok_or_else(|| too_long(self.fields.len()))?),
            false => self.take::<Name<'de>>(':')?.0,
        };
        self.is_named = true;
        Ok(Some(Key::of(&self.name)))
    }

    /// The value of the entry whose name was read.
    fn value(&mut self) -> Result<Part<'de>, Error> {
        match std::mem::take(&mut self.is_named) {
            true => self.element()?.ok_or_else(|| Error::custom(format_args!("`{}` has no value", self.name))),
            false => Err(Error::custom("a value was asked for that has no name")),
        }
    }

    /// The one entry that it has.
    pub(super) fn only(&mut self) -> Result<(Cow<'de, str>, Part<'de>), Error> {
        if self.key()?.is_none() {
            return Err(Error::custom("a variant is expected, and the object is empty"));
        }
        let value = self.value()?;
        self.end()?;
        Ok((std::mem::take(&mut self.name), value))
    }

    /// An error in the part that was read last.
    #[cold]
    fn named(&self, error: &Error) -> Error {
        match self.name.as_ref() {
            "" => Error::custom(format_args!("[{}]: {error}", self.count.saturating_sub(1))),
            name => Error::custom(format_args!("{name}: {error}")),
        }
    }
}

fn too_long(expected: usize) -> Error {
    Error::custom(format_args!("it has more than the {expected} parts that are expected"))
}

/// What a visitor has made of it, if that has read all.
pub(super) fn whole<T>(read: Result<T, Error>, rest: &mut Rest<'_>) -> Result<T, Error> {
    match read {
        Ok(value) => match rest.end() {
            Ok(()) => Ok(value),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

impl<'de> SeqAccess<'de> for &mut Rest<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(part) = self.element()? else { return Ok(None) };
        seed.deserialize(part).map(Some).map_err(|error| self.named(&error))
    }

    fn next_element<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, Error> {
        match self.element() {
            Ok(Some(part)) => match T::deserialize(part) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(self.named(&error)),
            },
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<'de> MapAccess<'de> for &mut Rest<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.key()?.map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let part = self.value()?;
        seed.deserialize(part).map_err(|error| self.named(&error))
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
            Ok(part) => match T::deserialize(part) {
                Ok(value) => Ok(value),
                Err(error) => Err(self.named(&error)),
            },
            Err(error) => Err(error),
        }
    }
}

/// A name, borrowed from the text where that has it as it is (`Cow`'s own `Deserialize` always copies).
pub(super) struct Name<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

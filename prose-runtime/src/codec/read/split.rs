//! One level of a value: the texts of what is in it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Error;
use serde_json::value::RawValue;

/// A field of an object: its name and the text of its value.
pub(super) type Entry<'de> = (Cow<'de, str>, &'de RawValue);

/// What a value consists of.
pub(super) enum Level<'de> {
    Object(Vec<Entry<'de>>),
    Array(Vec<&'de RawValue>),
    /// It has no parts.
    Single,
}

impl<'de> Level<'de> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Object(entries) => entries.len(),
            Self::Array(items) => items.len(),
            Self::Single => 0,
        }
    }

    pub(super) fn name(&self, index: usize) -> Option<&Cow<'de, str>> {
        match self {
            Self::Object(entries) => entries.get(index).map(|(name, _)| name),
            _ => None,
        }
    }

    pub(super) fn value(&self, index: usize) -> Option<&'de RawValue> {
        match self {
            Self::Object(entries) => entries.get(index).map(|(_, value)| *value),
            Self::Array(items) => items.get(index).copied(),
            Self::Single => None,
        }
    }
}

pub(super) fn split(text: &str) -> Result<Level<'_>, Error> {
    match text.as_bytes().first() {
        Some(b'{') => serde_json::Deserializer::from_str(text).deserialize_map(Parts),
        Some(b'[') => serde_json::Deserializer::from_str(text).deserialize_seq(Parts),
        _ => Ok(Level::Single),
    }
}

struct Parts;

impl<'de> Visitor<'de> for Parts {
    type Value = Level<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            entries.push((name, value));
        }
        Ok(Level::Object(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Level::Array(items))
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

//! Reading a value with `serde_json`, whose reader is compiled here, once, and not in the user's crate for each of his types.
//!
//! A type asks a [`Part`] for what it wants; [`source`] passes that on to JSON's reader, through one trait object, and what the
//! reader finds comes back as an [`Event`], through another. What is generic between the two is as little as can be: in a crate
//! of many types it is most of what they cost to compile.

mod access;
mod source;

use access::{Chosen, Elements, Entries, Fields};
use serde::de::{Error as _, Visitor};
use serde_json::Error;
use serde_json::de::StrRead;
use source::{Event, Sink, Source, Wanted};

/// JSON text that is read as one value.
pub(super) struct Text<'j>(serde_json::Deserializer<StrRead<'j>>);

impl<'j> Text<'j> {
    pub(super) fn new(text: &'j str) -> Self {
        Self(serde_json::Deserializer::from_str(text))
    }

    /// The whole value.
    pub(super) fn part(&mut self) -> Part<'_, 'j> {
        Part(self)
    }
}

impl<'j> Source<'j> for Text<'j> {
    fn read(&mut self, wanted: Wanted, sink: &mut dyn Sink<'j>) -> Result<(), Error> {
        Some(&mut self.0).read(wanted, sink)
    }
}

/// A value, or a part of one, that stands next in the text.
pub(crate) struct Part<'a, 'j>(&'a mut (dyn Source<'j> + 'a));

impl<'j> Part<'_, 'j> {
    fn read<V: Visitor<'j>>(self, wanted: Wanted, visitor: V, visit: Visit<'j, V>) -> Result<V::Value, Error> {
        let mut slot = Slot { visitor: Some(visitor), value: None, visit };
        match self.0.read(wanted, &mut slot) {
            Ok(()) => slot.value.ok_or_else(nothing),
            Err(error) => Err(error),
        }
    }
}

type Visit<'j, V> = fn(V, Event<'_, 'j>) -> Result<<V as Visitor<'j>>::Value, Error>;

/// A visitor, until it has made its value of the event.
struct Slot<'j, V: Visitor<'j>> {
    visitor: Option<V>,
    value: Option<V::Value>,
    visit: Visit<'j, V>,
}

impl<'j, V: Visitor<'j>> Sink<'j> for Slot<'j, V> {
    fn take(&mut self, event: Event<'_, 'j>) -> Result<(), Error> {
        let Some(visitor) = self.visitor.take() else { return Err(nothing()) };
        self.value = Some((self.visit)(visitor, event)?);
        Ok(())
    }

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.visitor.as_ref().map_or(Ok(()), |visitor| visitor.expecting(f))
    }
}

/// The same for a struct, of which there is one for nearly each type: written out, without what it could share.
struct Struct<'a, 'j, V: Visitor<'j>> {
    fields: &'static [&'static str],
    visitor: Option<V>,
    value: &'a mut Option<V::Value>,
}

impl<'j, V: Visitor<'j>> Sink<'j> for Struct<'_, 'j, V> {
    fn take(&mut self, event: Event<'_, 'j>) -> Result<(), Error> {
        let fields = Fields::of(event, self.fields)?;
        let Some(visitor) = self.visitor.take() else { return Err(nothing()) };
        match visitor.visit_map(fields) {
            Ok(value) => {
                *self.value = Some(value);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.visitor {
            Some(visitor) => visitor.expecting(f),
            None => Ok(()),
        }
    }
}

#[cold]
fn nothing() -> Error {
    Error::custom("a visitor is called once")
}

#[cold]
fn unexpected(event: &Event<'_, '_>) -> Error {
    Error::custom(format_args!("unexpected {}", event.kind()))
}

/// What has no parts.
fn scalar<'j, V: Visitor<'j>>(visitor: V, event: Event<'_, 'j>) -> Result<V::Value, Error> {
    match event {
        Event::Unit => visitor.visit_unit(),
        Event::Bool(value) => visitor.visit_bool(value),
        Event::I64(value) => visitor.visit_i64(value),
        Event::I128(value) => visitor.visit_i128(value),
        Event::U64(value) => visitor.visit_u64(value),
        Event::U128(value) => visitor.visit_u128(value),
        Event::F64(value) => visitor.visit_f64(value),
        Event::Str(value) => visitor.visit_str(value),
        Event::Borrowed(value) => visitor.visit_borrowed_str(value),
        Event::String(value) => visitor.visit_string(value),
        Event::Bytes(value) => visitor.visit_bytes(value),
        other => Err(unexpected(&other)),
    }
}

fn any<'j, V: Visitor<'j>>(visitor: V, event: Event<'_, 'j>) -> Result<V::Value, Error> {
    match event {
        Event::Seq(elements) => visitor.visit_seq(Elements(elements)),
        Event::Map(entries) => visitor.visit_map(Entries(entries)),
        Event::None => visitor.visit_none(),
        Event::Some(part) => visitor.visit_some(part),
        Event::Newtype(part) => visitor.visit_newtype_struct(part),
        Event::Enum(chosen) => visitor.visit_enum(Chosen(chosen)),
        scalar => self::scalar(visitor, scalar),
    }
}

fn option<'j, V: Visitor<'j>>(visitor: V, event: Event<'_, 'j>) -> Result<V::Value, Error> {
    match event {
        Event::None | Event::Unit => visitor.visit_none(),
        Event::Some(part) => visitor.visit_some(part),
        other => Err(unexpected(&other)),
    }
}

/// A newtype's inner value; a map where JSON keeps something of its own in one, as for its `RawValue`.
fn newtype<'j, V: Visitor<'j>>(visitor: V, event: Event<'_, 'j>) -> Result<V::Value, Error> {
    match event {
        Event::Newtype(part) => visitor.visit_newtype_struct(part),
        Event::Map(entries) => visitor.visit_map(Entries(entries)),
        other => Err(unexpected(&other)),
    }
}

fn seq<'j, V: Visitor<'j>>(visitor: V, event: Event<'_, 'j>) -> Result<V::Value, Error> {
    match event {
        Event::Seq(elements) => visitor.visit_seq(Elements(elements)),
        other => Err(unexpected(&other)),
    }
}

fn map<'j, V: Visitor<'j>>(visitor: V, event: Event<'_, 'j>) -> Result<V::Value, Error> {
    match event {
        Event::Map(entries) => visitor.visit_map(Entries(entries)),
        other => Err(unexpected(&other)),
    }
}

fn choice<'j, V: Visitor<'j>>(visitor: V, event: Event<'_, 'j>) -> Result<V::Value, Error> {
    match event {
        Event::Enum(chosen) => visitor.visit_enum(Chosen(chosen)),
        other => Err(unexpected(&other)),
    }
}

macro_rules! asks {
    ($($method:ident($($arg:ident: $ty:ty),*) -> $wanted:expr, $visit:ident;)*) => { $(
        fn $method<V: Visitor<'j>>(self, $($arg: $ty,)* visitor: V) -> Result<V::Value, Error> {
            self.read($wanted, visitor, $visit)
        }
    )* };
}

impl<'j> serde::Deserializer<'j> for Part<'_, 'j> {
    type Error = Error;

    asks! {
        deserialize_any() -> Wanted::Any, any;
        deserialize_ignored_any() -> Wanted::Ignored, any;
        deserialize_bool() -> Wanted::Bool, scalar;
        deserialize_i8() -> Wanted::I8, scalar;
        deserialize_i16() -> Wanted::I16, scalar;
        deserialize_i32() -> Wanted::I32, scalar;
        deserialize_i64() -> Wanted::I64, scalar;
        deserialize_i128() -> Wanted::I128, scalar;
        deserialize_u8() -> Wanted::U8, scalar;
        deserialize_u16() -> Wanted::U16, scalar;
        deserialize_u32() -> Wanted::U32, scalar;
        deserialize_u64() -> Wanted::U64, scalar;
        deserialize_u128() -> Wanted::U128, scalar;
        deserialize_f32() -> Wanted::F32, scalar;
        deserialize_f64() -> Wanted::F64, scalar;
        deserialize_char() -> Wanted::Char, scalar;
        deserialize_str() -> Wanted::Str, scalar;
        deserialize_string() -> Wanted::String, scalar;
        deserialize_identifier() -> Wanted::Identifier, scalar;
        deserialize_unit() -> Wanted::Unit, scalar;
        deserialize_unit_struct(name: &'static str) -> Wanted::UnitStruct(name), scalar;
        deserialize_bytes() -> Wanted::Bytes, any;
        deserialize_byte_buf() -> Wanted::Bytes, any;
        deserialize_option() -> Wanted::Option, option;
        deserialize_newtype_struct(name: &'static str) -> Wanted::Newtype(name), newtype;
        deserialize_seq() -> Wanted::Seq, seq;
        deserialize_tuple(len: usize) -> Wanted::Tuple(len), seq;
        deserialize_tuple_struct(name: &'static str, len: usize) -> Wanted::TupleStruct(name, len), seq;
        deserialize_map() -> Wanted::Map, map;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) -> Wanted::Enum(name, variants), choice;
    }

    fn deserialize_struct<V: Visitor<'j>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut value = None;
        let mut slot = Struct { fields, visitor: Some(visitor), value: &mut value };
        match self.0.read(Wanted::Struct(name, fields), &mut slot) {
            Ok(()) => match value {
                Some(value) => Ok(value),
                None => Err(nothing()),
            },
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;

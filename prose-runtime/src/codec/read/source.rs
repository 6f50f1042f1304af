//! JSON's reader, and what it finds, without the types that it reads for.

use std::borrow::Cow;
use std::fmt;
use std::mem::replace;

use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::Error;

use super::Part;

/// What a type asks for.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Any,
    Ignored,
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Str,
    String,
    Identifier,
    Bytes,
    Unit,
    UnitStruct(&'static str),
    Option,
    Newtype(&'static str),
    Seq,
    Tuple(usize),
    TupleStruct(&'static str, usize),
    Map,
    Struct(&'static str, &'static [&'static str]),
    Enum(&'static str, &'static [&'static str]),
}

/// What the reader has found.
pub(super) enum Event<'a, 'j> {
    Unit,
    Bool(bool),
    I64(i64),
    I128(i128),
    U64(u64),
    U128(u128),
    F64(f64),
    Str(&'a str),
    Borrowed(&'j str),
    String(String),
    Bytes(&'a [u8]),
    None,
    Some(Part<'a, 'j>),
    Newtype(Part<'a, 'j>),
    Seq(&'a mut dyn SeqSource<'j>),
    Map(&'a mut dyn MapSource<'j>),
    Enum(&'a mut dyn EnumSource<'j>),
}

impl Event<'_, '_> {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Unit | Self::None => "null",
            Self::Bool(_) => "boolean",
            Self::I64(_) | Self::I128(_) | Self::U64(_) | Self::U128(_) | Self::F64(_) => "number",
            Self::Str(_) | Self::Borrowed(_) | Self::String(_) | Self::Bytes(_) => "string",
            Self::Some(_) | Self::Newtype(_) => "value",
            Self::Seq(_) => "array",
            Self::Map(_) => "object",
            Self::Enum(_) => "variant",
        }
    }
}

/// Who makes a value of what the reader has found.
pub(super) trait Sink<'j> {
    fn take(&mut self, event: Event<'_, 'j>) -> Result<(), Error>;
    /// What it makes, for errors.
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// What a part is for.
pub(super) type Seed<'s, 'j> = dyn FnMut(Part<'_, 'j>) -> Result<(), Error> + 's;

pub(super) trait Source<'j> {
    fn read(&mut self, wanted: Wanted, sink: &mut dyn Sink<'j>) -> Result<(), Error>;
}

/// The elements of an array.
pub(super) trait SeqSource<'j> {
    /// `false`: there is none left.
    fn element(&mut self, seed: &mut Seed<'_, 'j>) -> Result<bool, Error>;
}

/// The entries of an object.
pub(super) trait MapSource<'j> {
    /// `false`: there is none left.
    fn key(&mut self, seed: &mut Seed<'_, 'j>) -> Result<bool, Error>;
    fn value(&mut self, seed: &mut Seed<'_, 'j>) -> Result<(), Error>;
    /// The next key, where it can only be a name.
    fn name(&mut self) -> Result<Option<Cow<'j, str>>, Error>;
}

/// A variant of an enum: first its name, then what it holds.
pub(super) trait EnumSource<'j> {
    fn name(&mut self) -> Result<Cow<'j, str>, Error>;
    fn unit(&mut self) -> Result<(), Error>;
    fn newtype(&mut self, seed: &mut Seed<'_, 'j>) -> Result<(), Error>;
    fn tuple(&mut self, len: usize, sink: &mut dyn Sink<'j>) -> Result<(), Error>;
    fn structure(&mut self, fields: &'static [&'static str], sink: &mut dyn Sink<'j>) -> Result<(), Error>;
}

/// An error of the reader's, as ours: the same text, from which `serde_json` takes the place again.
fn ours(error: impl fmt::Display) -> Error {
    Error::custom(error)
}

impl<'j, D: Deserializer<'j>> Source<'j> for Option<D> {
    fn read(&mut self, wanted: Wanted, sink: &mut dyn Sink<'j>) -> Result<(), Error> {
        let Some(reader) = self.take() else { return Err(over()) };
        let relay = Relay(sink);
        let read = match wanted {
            Wanted::Any => reader.deserialize_any(relay),
            Wanted::Ignored => reader.deserialize_ignored_any(relay),
            Wanted::Bool => reader.deserialize_bool(relay),
            Wanted::I8 => reader.deserialize_i8(relay),
            Wanted::I16 => reader.deserialize_i16(relay),
            Wanted::I32 => reader.deserialize_i32(relay),
            Wanted::I64 => reader.deserialize_i64(relay),
            Wanted::I128 => reader.deserialize_i128(relay),
            Wanted::U8 => reader.deserialize_u8(relay),
            Wanted::U16 => reader.deserialize_u16(relay),
            Wanted::U32 => reader.deserialize_u32(relay),
            Wanted::U64 => reader.deserialize_u64(relay),
            Wanted::U128 => reader.deserialize_u128(relay),
            Wanted::F32 => reader.deserialize_f32(relay),
            Wanted::F64 => reader.deserialize_f64(relay),
            Wanted::Char => reader.deserialize_char(relay),
            Wanted::Str => reader.deserialize_str(relay),
            Wanted::String => reader.deserialize_string(relay),
            Wanted::Identifier => reader.deserialize_identifier(relay),
            Wanted::Bytes => reader.deserialize_bytes(relay),
            Wanted::Unit => reader.deserialize_unit(relay),
            Wanted::UnitStruct(name) => reader.deserialize_unit_struct(name, relay),
            Wanted::Option => reader.deserialize_option(relay),
            Wanted::Newtype(name) => reader.deserialize_newtype_struct(name, relay),
            Wanted::Seq => reader.deserialize_seq(relay),
            Wanted::Tuple(len) => reader.deserialize_tuple(len, relay),
            Wanted::TupleStruct(name, len) => reader.deserialize_tuple_struct(name, len, relay),
            Wanted::Map => reader.deserialize_map(relay),
            Wanted::Struct(name, fields) => reader.deserialize_struct(name, fields, relay),
            Wanted::Enum(name, variants) => reader.deserialize_enum(name, variants, relay),
        };
        read.map_err(ours)
    }
}

#[cold]
fn over() -> Error {
    Error::custom("a part is read once")
}

/// Tells a sink what the reader has found.
struct Relay<'a, 'j>(&'a mut dyn Sink<'j>);

macro_rules! relays {
    ($($method:ident($ty:ty) -> $event:ident;)*) => { $(
        fn $method<E: serde::de::Error>(self, value: $ty) -> Result<(), E> {
            self.0.take(Event::$event(value)).map_err(E::custom)
        }
    )* };
}

impl<'j> Visitor<'j> for Relay<'_, 'j> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    relays! {
        visit_bool(bool) -> Bool;
        visit_i64(i64) -> I64;
        visit_i128(i128) -> I128;
        visit_u64(u64) -> U64;
        visit_u128(u128) -> U128;
        visit_f64(f64) -> F64;
        visit_str(&str) -> Str;
        visit_borrowed_str(&'j str) -> Borrowed;
        visit_string(String) -> String;
        visit_bytes(&[u8]) -> Bytes;
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.0.take(Event::Unit).map_err(E::custom)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.0.take(Event::None).map_err(E::custom)
    }

    fn visit_some<D: Deserializer<'j>>(self, inner: D) -> Result<(), D::Error> {
        self.0.take(Event::Some(Part(&mut Some(inner)))).map_err(D::Error::custom)
    }

    fn visit_newtype_struct<D: Deserializer<'j>>(self, inner: D) -> Result<(), D::Error> {
        self.0.take(Event::Newtype(Part(&mut Some(inner)))).map_err(D::Error::custom)
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut elements: A) -> Result<(), A::Error> {
        self.0.take(Event::Seq(&mut Found(&mut elements))).map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'j>>(self, mut entries: A) -> Result<(), A::Error> {
        self.0.take(Event::Map(&mut Found(&mut entries))).map_err(A::Error::custom)
    }

    fn visit_enum<A: EnumAccess<'j>>(self, choice: A) -> Result<(), A::Error> {
        self.0.take(Event::Enum(&mut Choice::Unnamed(choice))).map_err(A::Error::custom)
    }
}

/// Gives a part that the reader has found to a seed.
struct Plant<'a, 's, 'j>(&'a mut Seed<'s, 'j>);

impl<'j> DeserializeSeed<'j> for Plant<'_, '_, 'j> {
    type Value = ();
    fn deserialize<D: Deserializer<'j>>(self, part: D) -> Result<(), D::Error> {
        (self.0)(Part(&mut Some(part))).map_err(D::Error::custom)
    }
}

/// The elements or the entries that the reader has found.
struct Found<'a, A>(&'a mut A);

impl<'j, A: SeqAccess<'j>> SeqSource<'j> for Found<'_, A> {
    fn element(&mut self, seed: &mut Seed<'_, 'j>) -> Result<bool, Error> {
        self.0.next_element_seed(Plant(seed)).map(|found| found.is_some()).map_err(ours)
    }
}

impl<'j, A: MapAccess<'j>> MapSource<'j> for Found<'_, A> {
    fn key(&mut self, seed: &mut Seed<'_, 'j>) -> Result<bool, Error> {
        self.0.next_key_seed(Plant(seed)).map(|found| found.is_some()).map_err(ours)
    }

    fn value(&mut self, seed: &mut Seed<'_, 'j>) -> Result<(), Error> {
        self.0.next_value_seed(Plant(seed)).map_err(ours)
    }

    fn name(&mut self) -> Result<Option<Cow<'j, str>>, Error> {
        self.0.next_key_seed(Name).map_err(ours)
    }
}

/// A name: borrowed where the text has it without escapes.
struct Name;

impl<'j> DeserializeSeed<'j> for Name {
    type Value = Cow<'j, str>;
    fn deserialize<D: Deserializer<'j>>(self, name: D) -> Result<Cow<'j, str>, D::Error> {
        name.deserialize_identifier(Name)
    }
}

impl<'j> Visitor<'j> for Name {
    type Value = Cow<'j, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'j, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }

    fn visit_borrowed_str<E>(self, name: &'j str) -> Result<Cow<'j, str>, E> {
        Ok(Cow::Borrowed(name))
    }
}

/// A variant that the reader has found.
enum Choice<'j, A: EnumAccess<'j>> {
    Unnamed(A),
    Named(A::Variant),
    Over,
}

impl<'j, A: EnumAccess<'j>> Choice<'j, A> {
    fn content(&mut self) -> Result<A::Variant, Error> {
        match replace(self, Choice::Over) {
            Choice::Named(content) => Ok(content),
            _ => Err(over()),
        }
    }
}

impl<'j, A: EnumAccess<'j>> EnumSource<'j> for Choice<'j, A> {
    fn name(&mut self) -> Result<Cow<'j, str>, Error> {
        let Choice::Unnamed(choice) = replace(self, Choice::Over) else { return Err(over()) };
        let (name, content) = choice.variant_seed(Name).map_err(ours)?;
        *self = Choice::Named(content);
        Ok(name)
    }

    fn unit(&mut self) -> Result<(), Error> {
        self.content()?.unit_variant().map_err(ours)
    }

    fn newtype(&mut self, seed: &mut Seed<'_, 'j>) -> Result<(), Error> {
        self.content()?.newtype_variant_seed(Plant(seed)).map_err(ours)
    }

    fn tuple(&mut self, len: usize, sink: &mut dyn Sink<'j>) -> Result<(), Error> {
        self.content()?.tuple_variant(len, Relay(sink)).map_err(ours)
    }

    fn structure(&mut self, fields: &'static [&'static str], sink: &mut dyn Sink<'j>) -> Result<(), Error> {
        self.content()?.struct_variant(fields, Relay(sink)).map_err(ours)
    }
}

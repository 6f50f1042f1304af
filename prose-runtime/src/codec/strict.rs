//! A serializer around JSON's that refuses the values which JSON would silently change.

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// A part of a value, serialized strictly.
struct Strict<'a, T: ?Sized> {
    value: &'a T,
    inside_some: bool,
}

impl<'a, T: ?Sized> Strict<'a, T> {
    fn new(value: &'a T) -> Self {
        Self { value, inside_some: false }
    }
}

impl<T: Serialize + ?Sized> Serialize for Strict<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Checked { serializer, inside_some: self.inside_some })
    }
}

/// Passes everything on to `serializer`, but for what would not come back as it was.
pub(crate) struct Checked<S> {
    serializer: S,
    /// The value stands directly inside a `Some`: a `null` here would read back as `None`.
    inside_some: bool,
}

impl<S: Serializer> Checked<S> {
    pub(super) fn new(serializer: S) -> Self {
        Self { serializer, inside_some: false }
    }

    fn null(&self) -> Result<(), S::Error> {
        match self.inside_some {
            true => Err(S::Error::custom("`Some(None)` and `Some(())` read back as `None`; use an enum instead")),
            false => Ok(()),
        }
    }
}

fn finite<E: serde::ser::Error>(value: f64) -> Result<(), E> {
    match value.is_finite() {
        true => Ok(()),
        false => Err(E::custom(format_args!(
            "the number {value} does not exist in JSON; use an `Option` or an enum instead"
        ))),
    }
}

macro_rules! pass {
    ($($method:ident($type:ty)),* $(,)?) => {
        $(fn $method(self, value: $type) -> Result<S::Ok, S::Error> { self.serializer.$method(value) })*
    };
}

impl<S: Serializer> Serializer for Checked<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Parts<S::SerializeSeq>;
    type SerializeTuple = Parts<S::SerializeTuple>;
    type SerializeTupleStruct = Parts<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Parts<S::SerializeTupleVariant>;
    type SerializeMap = Parts<S::SerializeMap>;
    type SerializeStruct = Parts<S::SerializeStruct>;
    type SerializeStructVariant = Parts<S::SerializeStructVariant>;

    pass! {
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_i128(i128), serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64),
        serialize_u128(u128), serialize_char(char), serialize_str(&str), serialize_bytes(&[u8]),
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        finite(f64::from(value))?;
        self.serializer.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        finite(value)?;
        self.serializer.serialize_f64(value)
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.null()?;
        self.serializer.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.serializer.serialize_some(&Strict { value, inside_some: true })
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.null()?;
        self.serializer.serialize_unit()
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.null()?;
        self.serializer.serialize_unit_struct(name)
    }

    fn serialize_unit_variant(self, name: &'static str, index: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        self.serializer.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        // JSON sees through a newtype, so `Some(Newtype(None))` is `Some(None)`.
        self.serializer.serialize_newtype_struct(name, &Strict { value, inside_some: self.inside_some })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.serializer.serialize_newtype_variant(name, index, variant, &Strict::new(value))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.serializer.serialize_seq(len).map(Parts)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.serializer.serialize_tuple(len).map(Parts)
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.serializer.serialize_tuple_struct(name, len).map(Parts)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.serializer.serialize_tuple_variant(name, index, variant, len).map(Parts)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.serializer.serialize_map(len).map(Parts)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        self.serializer.serialize_struct(name, len).map(Parts)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.serializer.serialize_struct_variant(name, index, variant, len).map(Parts)
    }

    fn is_human_readable(&self) -> bool {
        self.serializer.is_human_readable()
    }
}

/// The parts of a compound value, each checked.
pub(crate) struct Parts<P>(P);

macro_rules! elements {
    ($($trait:ident::$method:ident),* $(,)?) => {$(
        impl<P: $trait> $trait for Parts<P> {
            type Ok = P::Ok;
            type Error = P::Error;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), P::Error> {
                self.0.$method(&Strict::new(value))
            }
            fn end(self) -> Result<P::Ok, P::Error> {
                self.0.end()
            }
        }
    )*};
}
elements! {
    SerializeSeq::serialize_element, SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field, SerializeTupleVariant::serialize_field,
}

macro_rules! fields {
    ($($trait:ident),* $(,)?) => {$(
        impl<P: $trait> $trait for Parts<P> {
            type Ok = P::Ok;
            type Error = P::Error;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), P::Error> {
                self.0.serialize_field(key, &Strict::new(value))
            }
            fn end(self) -> Result<P::Ok, P::Error> {
                self.0.end()
            }
        }
    )*};
}
fields! { SerializeStruct, SerializeStructVariant }

impl<P: SerializeMap> SerializeMap for Parts<P> {
    type Ok = P::Ok;
    type Error = P::Error;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), P::Error> {
        self.0.serialize_key(key)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), P::Error> {
        self.0.serialize_value(&Strict::new(value))
    }
    fn end(self) -> Result<P::Ok, P::Error> {
        self.0.end()
    }
}

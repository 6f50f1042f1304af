//! Whatever is read here is read as `serde_json` reads it: each of many types from each of many texts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Json;
use crate::codec::{decode, encode};

#[derive(Debug, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, Serialize, Deserialize)]
struct Newtype(u64);

#[derive(Debug, Serialize, Deserialize)]
struct Pair(u8, String);

#[derive(Debug, Serialize, Deserialize)]
struct Empty {}

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u64,
    note: Option<String>,
    #[serde(default)]
    lines: Vec<Line>,
    #[serde(rename = "totäl", alias = "total")]
    total: f64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sku: String,
    quantity: i32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Flat {
    id: u64,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Kind {
    Small,
    Large,
}

#[derive(Debug, Serialize, Deserialize)]
enum External {
    Unit,
    Newtype(Line),
    Optional(Option<u8>),
    Tuple(u8, u8),
    Struct { a: Option<u8> },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    Struct { a: u8, b: Vec<u8> },
    Newtype(Line),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
enum Adjacent {
    Unit,
    Tuple(u8, u8),
    Struct { a: u8 },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Line(Line),
    List(Vec<Untagged>),
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Key(String);

#[derive(Debug, Serialize, Deserialize)]
struct WithRaw {
    raw: Box<RawValue>,
    json: Json,
    value: serde_json::Value,
}

/// Is written as a pair, and read as what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "(u8, String)")]
struct AsPair {
    number: u8,
    text: String,
}

impl From<AsPair> for (u8, String) {
    fn from(it: AsPair) -> Self {
        (it.number, it.text)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Nothing();

#[derive(Debug, Serialize, Deserialize)]
struct Lenient {
    #[serde(deserialize_with = "or_zero")]
    number: u8,
}

fn or_zero<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    Ok(serde_json::Value::deserialize(deserializer)?.as_u64().and_then(|it| u8::try_from(it).ok()).unwrap_or(0))
}

/// Reads the first of a list only.
#[derive(Debug, Serialize)]
struct First(Vec<u8>);

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = First;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<First, A::Error> {
                Ok(First(list.next_element()?.into_iter().collect()))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

/// What no type above writes, or only in other places.
const ODD: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "255",
    "256",
    "1.5",
    "1e3",
    "1e400",
    "18446744073709551616",
    "\"\"",
    "\"a\"",
    "\"é\\n\\u0041\\ud83d\\ude00\"",
    "[]",
    "[null]",
    "[1]",
    "[1,2]",
    "[1,\"x\"]",
    "[1,\"x\",3]",
    "[1,2,3]",
    "{}",
    "{ }",
    "[ 1 , 2 ]",
    "{\"a\":1}",
    "{\"a\":null}",
    "{\"1\":\"x\"}",
    "{\"-1\":2}",
    "{\"1.5\":2}",
    "{\"01\":2}",
    "{\"1 \":2}",
    "{\"true\":1}",
    "{\"\\u0031\":1}",
    "{\"Small\":1,\"Large\":2}",
    "{\"Small\":null}",
    "{\"Unit\":null}",
    "{\"Unit\":1}",
    "{\"Unit\":null,\"Tuple\":[1,2]}",
    "\"Unit\"",
    "\"Newtype\"",
    "\"Tuple\"",
    "\"Struct\"",
    "\"\\u0055nit\"",
    "{\"Tuple\":[1]}",
    "{\"Tuple\":[1,2,3]}",
    "{\"Struct\":{}}",
    "{\"Optional\":null}",
    "\"Optional\"",
    "{\"sku\":\"x\",\"quantity\":1,\"more\":2}",
    "{\"quantity\":1,\"sku\":\"x\"}",
    "{\"sku\":\"x\",\"sku\":\"y\",\"quantity\":1}",
    "{\"\\u0073ku\":\"x\",\"quantity\":1}",
    "{\"id\":1}",
    "{\"id\":1,\"total\":2}",
    "{\"id\":1,\"total\":2,\"unknown\":[{\"deep\":[]}]}",
    "{\"id\":\"1\",\"total\":2}",
    "{\"kind\":\"Unit\"}",
    "{\"kind\":\"Struct\",\"a\":1,\"b\":[]}",
    "{\"data\":[1,2],\"kind\":\"Tuple\"}",
    "{\"kind\":\"Struct\",\"data\":{\"a\":1}}",
    "{\"raw\":[1, 2],\"json\":{\"b\":1,\"a\":2},\"value\":1}",
    "[[1,2],[3,4]]",
    "{\"Struct\":[1]}",
    "{\"Struct\":5}",
    "{\"Newtype\":[\"x\",1]}",
    "[\"x\",1]",
    "[1,null,[],1.5]",
    "{\"data\":{\"a\":1},\"kind\":\"Struct\"}",
    "{\"secs\":1,\"nanos\":2}",
    "{\"Ok\":1}",
    "{\"Err\":\"x\"}",
    "{\"start\":1,\"end\":2}",
    "\"127.0.0.1\"",
    "{\"number\":\"x\"}",
    "{\"\\u00e9\\n\":1}",
    "[{}]",
    "{\"Small\":1,\"Small\":2}",
    "[{\"sku\":\"x\",\"quantity\":1}]",
];

/// What reading gave, as text; `None`: an error.
fn read<T: DeserializeOwned + Debug>(text: &str) -> (Option<String>, Option<String>) {
    let ours = decode::<T>(&Json::parse(text.to_owned()).expect("JSON"));
    let theirs = serde_json::from_str::<T>(text);
    let shown = |read: Result<T, serde_json::Error>| read.ok().map(|value| format!("{value:?}"));
    (shown(ours), shown(theirs))
}

macro_rules! each_type_reads_each_text {
    ($($type:ty: [$($value:expr),* $(,)?]),* $(,)?) => {
        #[test]
        fn each_type_is_read_from_each_text_as_serde_json_reads_it() {
            let mut texts: Vec<String> = ODD.iter().map(|text| (*text).to_owned()).collect();
            $($(
                let value: $type = $value;
                texts.push(encode(&value).expect("savable").to_string());
            )*)*
            let (mut read_some, mut refused_some, mut differences) = (0, 0, Vec::new());
            $(
                for text in &texts {
                    let (ours, theirs) = read::<$type>(text);
                    if ours != theirs {
                        differences.push(format!("{} from {text}: {ours:?}, not {theirs:?}", stringify!($type)));
                    }
                    read_some += usize::from(ours.is_some());
                    refused_some += usize::from(ours.is_none());
                }
            )*
            assert!(differences.is_empty(), "{}", differences.join("\n"));
            assert!(read_some > 300 && refused_some > 1000, "{read_some} read, {refused_some} refused");
        }

        #[test]
        fn what_is_written_is_read() {
            $($(
                let value: $type = $value;
                let json = encode(&value).expect("savable");
                let read: $type = decode(&json).expect("readable");
                assert_eq!(format!("{read:?}"), format!("{value:?}"), "{json}");
            )*)*
        }
    };
}

fn line(quantity: i32) -> Line {
    Line { sku: "a\"b\\c\né".to_owned(), quantity }
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("JSON")
}

each_type_reads_each_text! {
    bool: [true],
    i8: [-128], u8: [255], i32: [-1], u32: [7], i64: [i64::MIN], u64: [u64::MAX], i128: [i128::MIN], u128: [u128::MAX],
    f32: [0.1], f64: [0.1, -0.0, 1e-300],
    char: ['é'], String: ["a\"b\\c\n\u{1f600}".to_owned()],
    (): [()], Unit: [Unit], Newtype: [Newtype(3)], Pair: [Pair(1, "x".to_owned())], Empty: [Empty {}],
    Option<u8>: [None, Some(1)], Option<Line>: [None, Some(line(1))],
    Vec<u8>: [vec![], vec![1, 2]], Vec<Vec<u8>>: [vec![vec![1], vec![]]], Vec<Line>: [vec![line(1), line(-2)]],
    (u8, String): [(1, "x".to_owned())], [u8; 2]: [[1, 2]],
    BTreeMap<String, u8>: [BTreeMap::from([("a\n".to_owned(), 1)])], BTreeMap<u64, String>: [BTreeMap::from([(1, "x".to_owned())])],
    BTreeMap<i8, u8>: [BTreeMap::from([(-1, 2)])], BTreeMap<bool, u8>: [BTreeMap::from([(true, 1)])],
    BTreeMap<char, u8>: [BTreeMap::from([('a', 1)])], BTreeMap<Kind, u8>: [BTreeMap::from([(Kind::Small, 1), (Kind::Large, 2)])],
    Order: [Order { id: 1, note: None, lines: vec![line(1)], total: 1.5 }, Order { id: 2, note: Some("é".to_owned()), lines: vec![], total: 0.0 }],
    Line: [line(1)], Flat: [Flat { id: 1, rest: BTreeMap::from([("x".to_owned(), serde_json::json!([1, {"y": null}]))]) }],
    Kind: [Kind::Small],
    External: [
        External::Unit, External::Newtype(line(1)), External::Optional(None), External::Optional(Some(1)), External::Tuple(1, 2),
        External::Struct { a: None },
    ],
    Internal: [Internal::Unit, Internal::Struct { a: 1, b: vec![2] }, Internal::Newtype(line(1))],
    Adjacent: [Adjacent::Unit, Adjacent::Tuple(1, 2), Adjacent::Struct { a: 1 }],
    Untagged: [Untagged::Number(1), Untagged::Text("x".to_owned()), Untagged::Line(line(1)), Untagged::List(vec![Untagged::Number(2)])],
    WithRaw: [WithRaw { raw: raw("[1,  2]"), json: Json::parse("{\"b\":1}".to_owned()).expect("JSON"), value: serde_json::json!(null) }],
    AsPair: [AsPair { number: 1, text: "x".to_owned() }], Nothing: [Nothing()], [u8; 0]: [[]], Lenient: [Lenient { number: 1 }],
    First: [First(vec![]), First(vec![1])],
    BTreeMap<i128, u8>: [BTreeMap::from([(i128::MIN, 1)])], BTreeMap<Key, u8>: [BTreeMap::from([(Key("a".to_owned()), 1)])],
    Duration: [Duration::new(1, 2)], SystemTime: [SystemTime::UNIX_EPOCH], Range<u8>: [1..2], Result<u8, String>: [Ok(1), Err("x".to_owned())],
    NonZeroU8: [NonZeroU8::MIN], IpAddr: [IpAddr::from([127, 0, 0, 1])], Cow<'static, str>: [Cow::Borrowed("x")], Box<[u8]>: [Box::new([1])],
    serde_json::Number: [serde_json::Number::from(1)], serde_json::Map<String, serde_json::Value>: [serde_json::Map::new()],
    serde_json::Value: [serde_json::json!({"a": [1, 2.5, "x"]})],
    Json: [Json::null()],
    IgnoredAny: [],
}

#[test]
fn what_is_refused_says_what_it_is_and_what_it_should_be() {
    fn refusal<T: DeserializeOwned + Debug>(text: &str) -> String {
        decode::<T>(&Json::parse(text.to_owned()).expect("JSON")).expect_err("must be refused").to_string()
    }
    assert_eq!(refusal::<Line>("7"), "invalid type: 7, expected Line");
    assert_eq!(refusal::<Line>("[\"x\"]"), "missing field `quantity`");
    assert_eq!(refusal::<Line>("[\"x\",1,2]"), "it has more than the 2 parts that are expected");
    assert_eq!(refusal::<Pair>("[1,\"x\",3]"), "it has more than the 2 parts that are expected");
    assert_eq!(refusal::<Vec<u8>>("{}"), "invalid type: map, expected alloc::vec::Vec<u8>");
    assert_eq!(refusal::<External>("[]"), "invalid type: sequence, expected External");
    assert_eq!(refusal::<External>("\"Tuple\""), "invalid type: unit variant, expected tuple variant");
    assert_eq!(refusal::<External>("{\"Struct\":5}"), "invalid type: 5, expected struct variant");
    assert_eq!(
        refusal::<External>("{\"Unit\":null,\"Tuple\":[1,2]}"),
        "it has more than the 1 parts that are expected"
    );
    assert_eq!(refusal::<Line>("{\"quantity\":1}"), "missing field `sku`");
    assert_eq!(
        refusal::<Line>("{\"sku\":\"x\",\"quantity\":1,\"more\":2}"),
        "unknown field `more`, expected `sku` or `quantity`"
    );
}

#[test]
fn what_is_refused_says_where_it_is() {
    let order =
        Json::parse(r#"{"id":1,"totäl":1,"lines":[{"sku":"x","quantity":1},{"sku":"y","quantity":"2"}]}"#.to_owned());
    let error = decode::<Order>(&order.expect("JSON")).expect_err("must be refused").to_string();
    assert_eq!(error, "lines: [1]: quantity: invalid type: string \"2\", expected i32");
}

#[test]
fn what_is_nested_too_deep_is_refused_and_does_not_use_up_the_stack() {
    #[derive(Debug, Deserialize)]
    struct Deep {
        _inside: Option<Box<Deep>>,
    }
    let text = |depth: usize| format!("{}null{}", "{\"_inside\":".repeat(depth), "}".repeat(depth));
    let parse = |depth| Json::parse(text(depth)).expect("JSON");
    assert!(decode::<Deep>(&parse(super::DEEPEST)).is_ok());
    let error = decode::<Deep>(&parse(100_000)).expect_err("too deep").to_string();
    assert!(error.contains("nested more than 127 deep"), "{error}");
}

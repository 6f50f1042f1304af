//! What is read is what `serde_json` itself reads, and what is refused is refused with the same words.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Text;

fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    T::deserialize(Text::new(text).part())
}

/// Both readers say the same of each text. (In which column, they may see differently by one.)
fn same<T: DeserializeOwned + Debug>(texts: &[&str]) {
    let shown = |result: Result<T, serde_json::Error>| match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => error.to_string().split(" column").next().unwrap_or_default().to_owned(),
    };
    for text in texts {
        let plain = T::deserialize(&mut serde_json::Deserializer::from_str(text));
        assert_eq!(shown(read(text)), shown(plain), "{text}");
    }
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read by `Debug`")]
struct Item {
    id: u64,
    #[serde(alias = "title")]
    name: String,
    #[serde(default)]
    tags: Vec<String>,
    part: Option<Box<Item>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read by `Debug`")]
struct Strict {
    only: bool,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read by `Debug`")]
struct Flat {
    id: u64,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Unit,
    Newtype(u8),
    Tuple(u8, String),
    Struct { a: Option<u8> },
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind")]
#[expect(dead_code, reason = "read by `Debug`")]
enum Tagged {
    A { n: i64 },
    B(Item),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "read by `Debug`")]
enum Untagged {
    Number(i64),
    Float(f64),
    Text(String),
    Many(Vec<Untagged>),
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Id(u64);

#[derive(Debug, Deserialize)]
struct Unit;

#[test]
fn structs() {
    same::<Item>(&[
        r#"{"id":1,"name":"a","tags":["x","y\n"],"part":{"id":2,"title":"b","part":null}}"#,
        r#"{ "more": [1, {"deep": "er"}], "id" : 1, "n\u0061me": "a" }"#,
        r#"{"id":1,"id":2,"name":"a"}"#,
        r#"{"id":-1,"name":"a"}"#,
        "{\n  \"id\": 1,\n  \"name\": \"a\",\n  \"part\": {\"id\": \"x\"}\n}",
        r#"{"id":1}"#,
        "7",
        "\"x\"",
        "null",
    ]);
    same::<Strict>(&[r#"{"only":true}"#, r#"{"only":true,"more":1}"#, r#"{"only":null}"#]);
    same::<Flat>(&[r#"{"id":1,"a":1.5,"b":{"c":[null,true]}}"#]);
    same::<(Unit, Id)>(&["[null,5]", "[0,5]", "[null]", "[null,5,6]", "[null,{}]"]);
}

#[test]
fn an_array_for_a_struct_may_leave_out_what_an_object_may() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Pair {
        a: u8,
        #[serde(default)]
        b: u8,
    }
    same::<Pair>(&["[1,2]", "[1,2,3]", "[1,300]"]);
    assert_eq!(read::<Pair>("[1]").expect("a pair"), Pair { a: 1, b: 0 });
    assert!(read::<Pair>("[]").expect_err("no pair").to_string().contains("missing field `a`"));
}

#[test]
fn enums() {
    same::<Vec<Kind>>(&[
        r#"["Unit",{"Newtype":1},{"Tuple":[1,"x"]},{"Struct":{"a":null}},{"Struct":{}},{"Unit":null}]"#,
        r#"[{"Newtype":300}]"#,
        r#"[{"Tuple":[1]}]"#,
        r#"["Other"]"#,
        r#"["Newtype"]"#,
        r#"[{"Newtype":1,"Unit":2}]"#,
        "[7]",
        "[[]]",
    ]);
    same::<Tagged>(&[
        r#"{"kind":"A","n":5}"#,
        r#"{"n":5,"kind":"A"}"#,
        r#"{"kind":"B","id":1,"name":"x"}"#,
        r#"{"kind":"C"}"#,
    ]);
    same::<Untagged>(&[r#"[1,2.5,"x",["y",-3]]"#, "{}"]);
}

#[test]
fn scalars() {
    same::<(i8, u16, i128, u128, f32, f64)>(&[
        "[-128,65535,-170141183460469231731687303715884105728,340282366920938463463374607431768211455,0.1,5e-324]",
        "[0,0,1.5,0,0,0]",
        "[0,70000,0,0,0,0]",
        "[1,1,1,1,16777217,0.30000000000000004]",
    ]);
    same::<(char, String, bool, ())>(&[
        r#"["x","\u00e9\ud83d\ude00",true,null]"#,
        r#"["xy","",false,null]"#,
        "[1,2,3,4]",
    ]);
    same::<Vec<Option<Option<u8>>>>(&["[null,1]", "[\"x\"]"]);
    same::<Cow<'static, str>>(&["\"plain\"", "\"esc\\t\""]);
    same::<serde_json::Value>(&[r#"{"a":[1,-1,1.5,18446744073709551615,"x",null,true]}"#]);
    same::<Vec<u8>>(&["[1,2,256]", "[1,2", "[1 2]", ""]);
}

#[test]
fn maps() {
    same::<BTreeMap<u64, String>>(&[r#"{"1":"a","20":"b"}"#, r#"{"x":"a"}"#, r#"{"-1":"a"}"#]);
    same::<BTreeMap<i128, u8>>(&[r#"{"-170141183460469231731687303715884105728":1}"#]);
    same::<BTreeMap<bool, Option<u8>>>(&[r#"{"true":1,"false":null}"#, r#"{"maybe":1}"#]);
    same::<BTreeMap<Id, Kind>>(&[r#"{"7":"Unit"}"#]);
    same::<BTreeMap<Kind, u8>>(&[r#"{"Unit":1}"#, r#"{"Other":1}"#]);
    same::<BTreeMap<String, BTreeMap<char, f64>>>(&[r#"{"a\"b":{"c":1.5}}"#, "[]", "{\"a\":1}"]);
}

#[test]
fn json_as_it_stands() {
    same::<(Box<RawValue>, crate::Json)>(&[r#"[{"a": 1.50 } , [1,  2]]"#]);
    same::<Vec<Box<RawValue>>>(&["[1.0, \"\\u0061\" ]"]);
}

#[test]
fn as_deep_as_json_reads() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let (deepest, deeper) = (nested(127), nested(128));
    same::<serde_json::Value>(&[&deepest, &deeper]);
}

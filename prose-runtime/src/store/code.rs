//! What a store keeps of the code that wrote runs: each build's points and variables, under their fingerprint.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::Json;
use crate::codec::encode;
use crate::flow::{Meta, PointMeta};
use crate::store::{Store, StoreError};

/// What the code of a flow looks like, as far as its runs depend on it. The fingerprint is a hash of it, so it never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// The fingerprint that runs carry.
    pub fingerprint: u64,
    /// The flow's name.
    pub flow: String,
    /// Its points and variables: `{ "points": [{ "name", "kind", "loops", "needs": [..], "gives": [..] }], "variables": { name: type } }`.
    pub shape: Json,
}

/// [`Code::shape`], read.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Shape {
    pub(crate) points: Vec<PointShape>,
    /// The declared types, as written; empty where it was inferred.
    pub(crate) variables: BTreeMap<String, String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PointShape {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// How many loops are around it.
    pub(crate) loops: u16,
    pub(crate) needs: Vec<String>,
    pub(crate) gives: Vec<String>,
}

impl Shape {
    /// That of the code which was kept with this fingerprint. There is none of a run that was written before code was kept, or through a store
    /// that keeps none.
    pub(crate) async fn kept(store: &dyn Store, fingerprint: u64) -> Result<Option<Self>, StoreError> {
        Ok(store.code(fingerprint).await?.and_then(|code| code.shape.decode().ok()))
    }

    fn of(meta: &Meta) -> Self {
        let variables = meta.variables.iter().map(|variable| (variable.name.to_owned(), variable.ty.to_owned()));
        let names = |places: &[u16]| places.iter().map(|place| meta.variable(*place).name.to_owned()).collect();
        let point = |point: &PointMeta| PointShape {
            name: point.name.to_owned(),
            kind: point.kind.as_str().to_owned(),
            loops: point.loops,
            needs: names(point.live),
            gives: names(point.outputs),
        };
        Self { points: meta.points.iter().map(point).collect(), variables: variables.collect() }
    }
}

/// The code of a flow of this build, made once.
pub(crate) fn of(meta: &'static Meta) -> Arc<Code> {
    static MADE: LazyLock<Mutex<HashMap<usize, Arc<Code>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = std::ptr::from_ref(meta).addr();
    made.entry(place).or_insert_with(|| Arc::new(describe(meta))).clone()
}

fn describe(meta: &Meta) -> Code {
    let shape = encode(&Shape::of(meta)).unwrap_or_else(|_| unreachable!("JSON can hold lists of names"));
    Code { fingerprint: meta.fingerprint, flow: meta.name.to_owned(), shape }
}

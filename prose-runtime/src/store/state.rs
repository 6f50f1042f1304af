//! The variables of a run. A store folds commits into one; pure.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::Json;

/// The variables of a run, in the order in which they were first saved.
///
/// A variable that grows piece by piece (the results of a fan-out) is saved in elements, as `xs[0]`, `xs[1]` and so on: so each
/// is written once. They stand together, in the order of their indices.
#[derive(Clone, Debug, Default)]
pub struct State {
    variables: IndexMap<String, Variable>,
    len: usize,
}

/// A variable: its value, or its elements, each with its full name.
#[derive(Clone, Debug, Default)]
struct Variable {
    whole: Option<Json>,
    elements: BTreeMap<u64, (String, Json)>,
}

/// A name that says more is none of an element: nobody fans out so far, and the array that shows it would not fit.
const MOST_ELEMENTS: u64 = 1 << 24;

impl State {
    /// The value of a variable, or of an element.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match element(name) {
            None => self.variables.get(name)?.whole.as_ref(),
            Some((variable, index)) => self.variables.get(variable)?.elements.get(&index).map(|(_, value)| value),
        }
    }

    /// All variables and elements.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.variables.iter().flat_map(|(name, variable)| {
            let whole = variable.whole.iter().map(|value| (name.as_str(), value));
            whole.chain(variable.elements.values().map(|(name, value)| (name.as_str(), value)))
        })
    }

    /// The saved elements of a variable with their indices, in order.
    pub fn elements(&self, variable: &str) -> impl Iterator<Item = (u64, &Json)> {
        let elements = self.variables.get(variable).map(|variable| &variable.elements);
        elements.into_iter().flatten().map(|(index, (_, value))| (*index, value))
    }

    /// How many there are, each element counted.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sets a variable, in its old place if it has one. Its elements, if it had some, are replaced by it.
    pub fn set(&mut self, name: String, value: Json) {
        match element(&name).map(|(variable, index)| (variable.to_owned(), index)) {
            None => {
                let variable = self.variables.entry(name).or_default();
                self.len = self.len + 1 - variable.len();
                *variable = Variable { whole: Some(value), elements: BTreeMap::new() };
            }
            Some((variable, index)) => {
                let elements = &mut self.variables.entry(variable).or_default().elements;
                self.len += usize::from(elements.insert(index, (name, value)).is_none());
            }
        }
    }

    /// Removes a variable with its elements, or an element.
    pub fn remove(&mut self, name: &str) {
        let gone = match element(name) {
            // The order stays; what is moved for it is bounded by the flow's text, however many elements there are.
            None => self.variables.shift_remove(name).map_or(0, |variable| variable.len()),
            Some((variable, index)) => self.remove_element(variable, index),
        };
        self.len -= gone;
    }

    fn remove_element(&mut self, name: &str, index: u64) -> usize {
        let Some(variable) = self.variables.get_mut(name) else { return 0 };
        let gone = usize::from(variable.elements.remove(&index).is_some());
        if variable.len() == 0 {
            self.variables.shift_remove(name);
        }
        gone
    }

    /// As people read it: the elements of a variable as one array.
    pub(super) fn shown(mut self) -> Self {
        for variable in self.variables.values_mut() {
            if let (None, Some(array)) = (&variable.whole, array(&variable.elements)) {
                *variable = Variable { whole: Some(array), elements: BTreeMap::new() };
            }
        }
        self.len = self.variables.values().map(Variable::len).sum();
        self
    }
}

impl Variable {
    fn len(&self) -> usize {
        usize::from(self.whole.is_some()) + self.elements.len()
    }
}

/// `xs[17]` is element 17 of `xs`; an index is written in one way only.
fn element(name: &str) -> Option<(&str, u64)> {
    let (variable, digits) = name.strip_suffix(']')?.rsplit_once('[')?;
    let index = digits.parse().ok().filter(|index| *index < MOST_ELEMENTS)?;
    let canonical = digits == "0" || !digits.starts_with(['0', '+']);
    canonical.then_some((variable, index))
}

/// `[1,null,3]`; `None` if there are no elements.
fn array(elements: &BTreeMap<u64, (String, Json)>) -> Option<Json> {
    let (last, _) = elements.last_key_value()?;
    let values: Vec<_> = (0..=*last).map(|index| elements.get(&index).map(|(_, value)| value)).collect();
    serde_json::to_string(&values).and_then(Json::parse).ok()
}

/// Equal in order as well.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl FromIterator<(String, Json)> for State {
    fn from_iter<I: IntoIterator<Item = (String, Json)>>(pairs: I) -> Self {
        let mut state = Self::default();
        pairs.into_iter().for_each(|(name, value)| state.set(name, value));
        state
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> serde::de::Visitor<'de> for Pairs {
            type Value = State;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of variables")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<State, A::Error> {
                let mut state = State::default();
                while let Some((name, value)) = map.next_entry::<String, Json>()? {
                    state.set(name, value);
                }
                Ok(state)
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(pairs: &[(&str, &str)]) -> State {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Json::parse((*value).to_owned()).unwrap())).collect()
    }

    fn text(state: &State) -> String {
        serde_json::to_string(state).unwrap()
    }

    #[test]
    fn variables_keep_the_order_of_their_first_save() {
        let mut state = state(&[("b", "1"), ("a", "1"), ("c", "1"), ("b", "2")]);
        state.remove("a");
        assert_eq!(text(&state), r#"{"b":2,"c":1}"#);
        state.set("a".into(), Json::parse("3".into()).unwrap());
        assert_eq!(text(&state), r#"{"b":2,"c":1,"a":3}"#);
    }

    #[test]
    fn elements_stand_together_in_the_order_of_their_indices() {
        let state = state(&[("xs[10]", "10"), ("a", "1"), ("xs[2]", "2")]);
        assert_eq!(text(&state), r#"{"xs[2]":2,"xs[10]":10,"a":1}"#);
        assert_eq!((state.len(), state.get("xs[10]").unwrap().as_str()), (3, "10"));
        assert_eq!(state.elements("xs").map(|(index, _)| index).collect::<Vec<_>>(), [2, 10]);
        assert_eq!(serde_json::from_str::<State>(&text(&state)).unwrap(), state);
    }

    #[test]
    fn a_variable_goes_with_its_elements_and_an_element_alone() {
        let mut state = state(&[("xs[0]", "0"), ("xs[1]", "1"), ("xs2", "7")]);
        state.remove("xs[0]");
        assert_eq!(text(&state), r#"{"xs[1]":1,"xs2":7}"#);
        state.remove("xs");
        assert_eq!((text(&state).as_str(), state.len()), (r#"{"xs2":7}"#, 1));
        state.remove("xs2[3]");
        assert_eq!(state.len(), 1);
    }

    #[test]
    fn a_value_of_the_whole_replaces_the_elements() {
        let state = state(&[("xs[0]", "0"), ("xs[1]", "1"), ("xs", "[5]")]);
        assert_eq!((text(&state).as_str(), state.len()), (r#"{"xs":[5]}"#, 1));
    }

    #[test]
    fn elements_are_shown_as_one_array() {
        let shown = state(&[("a", "1"), ("xs[3]", "\"d\""), ("xs[1]", "\"b\""), ("b", "2")]).shown();
        assert_eq!(text(&shown), r#"{"a":1,"xs":[null,"b",null,"d"],"b":2}"#);
        assert_eq!(shown.len(), 3);
    }

    #[test]
    fn only_a_canonical_index_makes_an_element() {
        assert_eq!(element("xs[0]"), Some(("xs", 0)));
        assert_eq!(element("n#2[17]"), Some(("n#2", 17)));
        for name in
            ["xs", "xs[]", "xs[01]", "xs[+1]", "xs[-1]", "xs[a-z]", "xs[18446744073709551615]", "xs[99999999]", "]"]
        {
            assert_eq!(element(name), None, "{name}");
        }
    }

    /// A fan-out over many elements may not take time that grows with their number at each.
    #[test]
    fn a_hundred_thousand_elements_are_set_and_dropped_in_an_instant() {
        let start = std::time::Instant::now();
        let mut state = State::default();
        for index in 0..100_000 {
            state.set(format!("xs[{index}]"), Json::parse("1".into()).unwrap());
            state.set(format!("v{}", index % 7), Json::parse("1".into()).unwrap());
            state.remove(&format!("v{}", (index + 3) % 7));
        }
        state.remove("xs");
        assert!(state.len() <= 7 && start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}

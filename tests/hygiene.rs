//! Flows in awkward surroundings: shadowed prelude names, raw identifiers, a renamed runtime, denied and forbidden lints.

#![forbid(unsafe_code)]
#![deny(warnings)]
#![deny(unused, unused_mut, unreachable_pub, missing_docs, clippy::all)]

/// The prelude's names mean something else here.
mod shadowed {
    use prose::{Ctx, flow};

    pub(super) struct Result;
    pub(super) struct Option;
    pub(super) struct String;
    pub(super) struct Vec;
    pub(super) struct Box;
    pub(super) trait Fn {}
    pub(super) trait Send {}
    pub(super) trait Sync {}
    #[derive(Debug, PartialEq)]
    pub(super) enum Wrong {
        Some,
        None,
        Ok,
        Err,
    }
    pub(super) use Wrong::*;
    #[expect(non_camel_case_types, reason = "to be in the way")]
    pub(super) struct u16;
    #[expect(non_camel_case_types, reason = "to be in the way")]
    pub(super) struct bool;

    #[flow]
    pub(super) async fn shadowed(ctx: Ctx, input: u32) -> std::result::Result<u32, std::string::String> {
        let _here = (Result, Option, String, Vec, Box, Some, None, Ok, Err, u16, bool);
        let text = std::string::String::from("a");
        #[step(retry(max_attempts = 2, when = |error| error.is_empty()))]
        let one: u32 = input + 1;
        let two = if one > 1 {
            #[step]
            let more: u32 = one + text.len() as u32;
            more
        } else {
            0
        };
        if let std::option::Option::Some(three) = std::option::Option::Some(two) {
            #[step]
            'three: {
                let _ = three;
            }
        }
        #[parallel]
        let (four, five): (u32, u32) = (
            #[step]
            one,
            #[child]
            child(two),
        );
        let list = [four, five].to_vec();
        #[each(retry(max_attempts = 2))]
        let six: std::vec::Vec<u32> = for (_, number) in list.clone().into_iter().enumerate() {
            number + list.len() as u32
        };
        #[child]
        let two: u32 = child(six[0] + six[1] - 6);
        std::result::Result::Ok(two)
    }

    #[flow]
    pub(super) async fn waits(ctx: Ctx, input: u64) -> std::result::Result<u64, std::string::String> {
        #[sleep]
        std::time::Duration::from_millis(input);
        #[signal]
        let mut one: u64;
        #[signal(timeout = "0s")]
        let two: std::option::Option<u64>;
        one += two.map_or(1, |two| two);
        #[step]
        let both: u64 = one;
        std::result::Result::Ok(both)
    }

    #[flow]
    async fn child(ctx: Ctx, input: u32) -> std::result::Result<u32, std::string::String> {
        let _ = ctx;
        std::result::Result::Ok(input)
    }
}

#[tokio::test]
async fn a_shadowed_prelude() {
    assert_eq!(shadowed::shadowed(1).await.unwrap(), 3);
    let store = prose::MemoryStore::new();
    let an_hour = std::time::Duration::from_secs(3600);
    shadowed::waits::signals::one(&store, "run", 3).keep_for(an_hour).await.unwrap();
    shadowed::waits::signals::two(&store, "run", 4).keep_for(an_hour).await.unwrap();
    assert_eq!(shadowed::waits(1).durable(&store, "run").await.unwrap(), 7);
    assert_eq!([shadowed::Some, shadowed::None, shadowed::Ok, shadowed::Err].len(), 4);
    fn bounded<T: shadowed::Fn + shadowed::Send + shadowed::Sync>(_: T) {}
    struct Any;
    impl shadowed::Fn for Any {}
    impl shadowed::Send for Any {}
    impl shadowed::Sync for Any {}
    bounded(Any);
}

/// Names that are keywords.
mod raw {
    use prose::{Ctx, Flow, MemoryStore, flow};

    #[flow]
    pub(super) async fn r#loop(ctx: Ctx, r#in: u32) -> Result<u32, String> {
        #[step]
        let r#type: u32 = r#in + 1;
        let mut r#match = r#type;
        r#match += 1;
        #[step]
        'r#fn: {
            if r#match > 2 {
                break 'r#fn;
            }
        }
        #[sleep]
        std::time::Duration::from_millis(r#in.into());
        #[signal]
        let r#use: u32;
        Ok(r#type + r#match + r#use)
    }

    #[tokio::test]
    async fn raw_identifiers() {
        let store = MemoryStore::new();
        r#loop::signals::r#use(&store, "raw", 1).keep_for(std::time::Duration::from_secs(60)).await.unwrap();
        assert_eq!(r#loop(1).durable(&store, "raw").await.unwrap(), 6);
        let names: Vec<_> = r#loop::Flow::META.points.iter().map(|point| point.name).collect();
        assert_eq!((r#loop::Flow::META.name, names), ("loop", vec!["type", "fn", "sleep", "use"]));
        let first = r#loop::Flow::META.points[1].live[0];
        assert_eq!(r#loop::Flow::META.variables[usize::from(first)].name, "type");
    }
}

/// The runtime under another name.
mod renamed {
    use crate::renamed::durable::{Ctx, Event, flow};

    pub(super) mod durable {
        pub(crate) use ::prose::*;
    }

    #[derive(serde::Serialize, Event)]
    #[event(type = "thing.done", crate = crate::renamed::durable)]
    struct Done {
        #[event(correlation_id)]
        id: Option<String>,
    }

    #[derive(serde::Serialize, Event)]
    struct OrderConfirmed {
        #[event(correlation_id)]
        id: String,
    }

    #[flow(crate = crate::renamed::durable)]
    async fn renamed(ctx: Ctx, input: u32) -> Result<u32, String> {
        #[step]
        let one: u32 = input;
        Ok(one)
    }

    #[flow(crate = crate::renamed::durable)]
    async fn waits(_ctx: Ctx, input: u32) -> Result<u32, String> {
        #[sleep]
        std::time::Duration::ZERO;
        #[signal(timeout = "1h")]
        let more: Option<u32>;
        Ok(input + more.unwrap_or_default())
    }

    #[tokio::test]
    async fn a_renamed_runtime() {
        let store = durable::MemoryStore::new();
        waits::signals::more(&store, "r", 2).keep_for(std::time::Duration::from_secs(60)).await.unwrap();
        assert_eq!(waits(1).durable(&store, "r").await.unwrap(), 3);
        assert_eq!(renamed(1).await.unwrap(), 1);
        assert_eq!(<Done as Event>::TYPE, "thing.done");
        assert_eq!(Done { id: Some("c".into()) }.correlation_id(), Some("c"));
        assert_eq!(<OrderConfirmed as Event>::TYPE, "order.confirmed");
        assert_eq!(OrderConfirmed { id: "d".into() }.correlation_id(), Some("d"));
    }
}

/// A flow that nobody outside of a fn sees, over types that nobody outside of it sees.
#[tokio::test]
async fn a_flow_inside_a_fn() {
    use prose::{Ctx, Flow, flow};

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Local(u32);

    #[flow(name = "inside", version = 3)]
    async fn inside(ctx: Ctx, Local(number): Local) -> Result<Local, String> {
        #[step]
        let twice: Local = Local(number * 2);
        #[signal]
        let more: Local;
        Ok(Local(twice.0 + more.0))
    }

    let store = prose::MemoryStore::new();
    inside::signals::more(&store, "r", Local(3)).keep_for(std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(inside(Local(2)).durable(&store, "r").await.unwrap().0, 7);
    assert_eq!((inside::Flow::META.name, inside::Flow::META.version), ("inside", 3));
    let state = prose::Store::load_typed::<inside::Flow>(&store, "r").await.unwrap().unwrap();
    assert_eq!(state.twice().unwrap().unwrap().0, 4);
}

/// Everybody sees the flow, nobody the types of its steps; and its typed checkpoint has names of its own.
pub mod reaching_far {
    #![forbid(private_interfaces, private_bounds, dead_code, missing_docs, unreachable_pub, non_snake_case)]

    use prose::{Ctx, MemoryStore, Migration, Store, flow};

    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Private(u32);

    /// A flow.
    ///
    /// # Errors
    /// Never.
    #[flow(version = 2, migrate(1 = self::private::from_v1))]
    pub async fn reaching(_ctx: Ctx, input: u32) -> Result<u32, String> {
        #[step]
        let r#as: Private = Private(input);
        #[step]
        let clone: Private = r#as.clone();
        #[step]
        let deref: u32 = clone.0;
        #[step]
        let n: u32 = deref + r#as.0;
        #[step(name = "twice")]
        let n: u32 = n + n;
        {
            #[step]
            let n_2: u32 = n;
            let _ = n_2;
        }
        Ok(n)
    }

    /// Waits.
    ///
    /// # Errors
    /// Never.
    #[flow]
    pub async fn waiting(_ctx: Ctx, input: u32) -> Result<u32, String> {
        #[sleep(name = "a moment")]
        std::time::Duration::from_millis(1);
        #[signal(timeout = "1s")]
        let approved: Option<u32>;
        #[signal(name = "self")]
        let other: bool;
        Ok(input + approved.unwrap_or_default() + u32::from(other))
    }

    mod private {
        pub(super) fn from_v1(_: &mut super::Migration) -> Result<(), String> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_typed_checkpoint_in_all_forbidden_lints() {
        let store = MemoryStore::new();
        assert_eq!(reaching(1).durable(&store, "r").await.unwrap(), 4);
        let state = store.load_typed::<reaching::Flow>("r").await.unwrap().unwrap();
        assert_eq!((state.r#as().unwrap().unwrap().0, state.clone().unwrap().unwrap().0), (1, 1));
        assert_eq!((state.n().unwrap(), state.n_3().unwrap(), state.n_2().unwrap()), (Some(2), Some(4), Some(4)));
    }
}

/// Names that the generated code uses for itself.
mod clashing {
    use prose::{Ctx, flow};

    #[flow]
    pub(super) async fn clashing(ctx: Ctx, m: u32) -> Result<u32, String> {
        let (p, v, e, tried, body, open) = (m, 1, 2, 3, 4, 5);
        let (k_p, slot_p, took, taken, when, out) = (1, 2, 3, 4, 5, 6);
        let mut held_n = 1;
        let mut n = 1;
        #[step(retry(max_attempts = 2))]
        let input: u32 = p + v + e + tried + body + open + n + held_n;
        n += k_p + slot_p + took + taken + when + out;
        held_n += n;
        if n > 1 {
            #[step]
            'point: {
                if input > 1 {
                    break 'point;
                }
            }
        }
        Ok(input + n + held_n)
    }
}

#[tokio::test]
async fn generated_names_clash_with_nothing() {
    assert_eq!(clashing::clashing(1).await.unwrap(), 18 + 22 + 23);
}

/// A `mut` that is used in one stretch only, whichever it is, and lints that are forbidden rather than denied.
mod strict {
    #![forbid(unused_mut, unused_variables, unused_assignments, unused_labels, unreachable_code, dead_code)]

    use prose::{Ctx, flow};

    #[flow]
    pub(super) async fn strict(ctx: Ctx, input: u32) -> Result<Vec<u32>, String> {
        let mut early = vec![input];
        early.push(1);
        let mut late = vec![input];
        #[step]
        let mut made: Vec<u32> = early.iter().chain(&late).copied().collect();
        late.push(2);
        made.append(&mut late);
        let mut both = if made.len() > 2 {
            #[step]
            'inside: {
                drop(made.clone());
            }
            1
        } else {
            2
        };
        both += 1;
        #[step]
        let last: u32 = both;
        made.push(last);
        Ok(made)
    }

    /// Compensations that come to no value.
    #[flow]
    pub(super) async fn undone(ctx: Ctx, input: u32) -> Result<u32, String> {
        #[step(name = "done", compensate = {
            drop(ctx);
            return Err(format!("{done} stays"));
        })]
        let done: u32 = input;
        #[step(compensate(run = { return Err("this too".to_owned()); }, retry(max_attempts = 2, delay = "1ms")))]
        'other: {
            drop(ctx);
        }
        if done > 5 {
            return Err("wrong".to_owned());
        }
        Ok(done)
    }
}

#[tokio::test]
async fn forbidden_lints() {
    assert_eq!(strict::strict(7).await.unwrap(), [7, 1, 7, 7, 2, 2]);
    let error = strict::undone(7).await.unwrap_err();
    assert!(matches!(&error, prose::Error::NotUndone { .. }), "{error:?}");
}

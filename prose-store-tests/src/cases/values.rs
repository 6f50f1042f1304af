//! What is written comes back, to the last digit and byte.

use prose::store::{Claim, Commit, Compensable, Ending, RunKey, Write};

use crate::kit::*;

const HOSTILE: [&str; 9] = [
    "",
    "'",
    "\"",
    "'); drop table prose_runs; --",
    "nul\0inside\0",
    "\u{1f980} crab \u{202e} rtl",
    "line\nbreak\ttab\r\\",
    "%_*?[a-z]",
    "\u{feff}bom \u{fffd}",
];

/// Beyond 64 bits, and all 17 digits of a float.
pub async fn numbers_keep_their_digits(store: Shared) {
    let numbers = [
        "340282366920938463463374607431768211455",
        "-170141183460469231731687303715884105728",
        "0.1",
        "0.30000000000000004",
        "1.7976931348623157e308",
        "5e-324",
        "18446744073709551615",
        "1.0",
        "-0.0",
        "118.7700",
    ];
    let lease = create(&store, "a").await;
    for (seq, number) in (2..).zip(numbers) {
        commit(&store, &lease, writing(seq, number, json(number))).await;
    }
    let last = 2 + numbers.len() as u64;
    commit(&store, &lease, ending(last, Ending::Completed { output: json(numbers[0]) })).await;
    let checkpoint = load(&store, "a").await;
    for number in numbers {
        assert_eq!(checkpoint.state.get(number).unwrap().as_str(), number);
    }
    assert_eq!(checkpoint.output.unwrap().decode::<u128>().unwrap(), u128::MAX);
}

/// 5 MB in the input, a variable and the output.
pub async fn big_values_come_back_whole(store: Shared) {
    let big = text(&"0123456789\u{e9}".repeat(436_907));
    assert!(big.as_str().len() > 5_000_000);
    let run = prose::store::NewRun { input: big.clone(), ..new_run("a") };
    let lease = create_with(&store, &run, at(1, "first")).await;
    commit(&store, &lease, writing(2, "big", big.clone())).await;
    commit(&store, &lease, ending(3, Ending::Completed { output: big.clone() })).await;
    let checkpoint = load(&store, "a").await;
    assert!(checkpoint.input == big && checkpoint.output.as_ref() == Some(&big));
    assert!(checkpoint.state.get("big") == Some(&big));
}

/// In every place where a string can stand.
pub async fn hostile_strings_are_only_strings(store: Shared) {
    for (number, hostile) in HOSTILE.into_iter().enumerate() {
        let run_id = numbered(number);
        let mut run = new_run(&run_id);
        run.flow = hostile.to_owned();
        run.uid = hostile.to_owned();
        run.correlation_id = hostile.to_owned();
        run.input = text(hostile);
        let outputs = [(hostile.to_owned(), text(hostile))].into_iter().collect();
        let first = Commit {
            writes: vec![Write { name: hostile.to_owned(), value: text(hostile) }],
            completed: vec![hostile.to_owned()],
            compensable: vec![Compensable { step: hostile.to_owned(), at: Vec::new(), outputs }],
            ..at(1, hostile)
        };
        let lease = create_with(&store, &run, first.clone()).await;
        let dropping = Commit { dropped: vec![hostile.to_owned()], ..at(2, hostile) };
        commit(&store, &lease, dropping).await;
        commit(&store, &lease, writing(3, hostile, text(hostile))).await;
        let error = Ending::Failed { step: Some(hostile.to_owned()), error: hostile.to_owned() };
        commit(&store, &lease, ending(4, error)).await;

        let checkpoint = load(&store, &run_id).await;
        let failed = checkpoint.failed_step.unwrap();
        assert_eq!((checkpoint.flow_name.as_str(), checkpoint.correlation_id.as_str()), (hostile, hostile));
        assert_eq!((failed.name.as_deref(), failed.error.as_str()), (Some(hostile), hostile));
        assert_eq!(checkpoint.input.decode::<String>().unwrap(), hostile);
        assert_eq!(checkpoint.state.get(hostile).unwrap().decode::<String>().unwrap(), hostile);
        assert_eq!(checkpoint.completed_steps, [hostile, "step3"]);
        let asked = prose::store::ClaimRequest { flow: hostile.to_owned(), ..request(&run_id) };
        match claim(&store, &asked).await {
            Claim::Claimed(run) => {
                assert_eq!(run.state.folded.position.unwrap().step, "step4");
                assert_eq!(run.state.folded.compensable, first.compensable);
            }
            other => panic!("{hostile:?}: {other:?}"),
        }
    }
}

/// As ids and as namespaces; also an empty one and one of 10 kB.
pub async fn hostile_run_ids_are_only_names(store: Shared) {
    let long = "x".repeat(10_000);
    let mut names = HOSTILE.to_vec();
    names.push(&long);
    for namespace in &names {
        for run_id in &names {
            let key = RunKey { namespace: (*namespace).to_owned(), run_id: (*run_id).to_owned() };
            create_with(&store, &new_run_at(key), at(1, "first")).await;
        }
    }
    for namespace in &names {
        for run_id in &names {
            let key = RunKey { namespace: (*namespace).to_owned(), run_id: (*run_id).to_owned() };
            assert_eq!(load_at(&store, &key).await.run_id, *run_id);
            assert!(matches!(claim(&store, &request_at(key)).await, Claim::Held { epoch: 1 }));
        }
    }
}

/// Not by case, not trimmed, not normalised, not cut at a NUL, and no patterns.
pub async fn run_ids_are_compared_exactly(store: Shared) {
    let ids = ["a", "A", " a", "a ", "a\0", "a\0b", "%", "_", "\u{e9}", "e\u{301}", "1", "1.0", "01"];
    for (number, id) in ids.into_iter().enumerate() {
        assert!(store.load(id).await.unwrap().is_none(), "{id:?} is not there yet");
        let run = prose::store::NewRun { input: json(&number.to_string()), ..new_run(id) };
        create_with(&store, &run, at(1, "first")).await;
    }
    for (number, id) in ids.into_iter().enumerate() {
        assert_eq!(load(&store, id).await.input.as_str(), number.to_string(), "{id:?}");
    }
}

/// A value's text is the user's: spaces, order of keys and escapes stay.
pub async fn json_keeps_its_text(store: Shared) {
    let texts = [r#"{"z":1, "a":  [ 2 ]}"#, r#""\u0041\/\u0000""#, r#"{"k":1,"k":2}"#, "null", "[]", r#""""#];
    let first = Commit {
        writes: (0..).zip(texts).map(|(at, text)| Write { name: numbered(at), value: json(text) }).collect(),
        ..at(1, "first")
    };
    let run = prose::store::NewRun { input: json(texts[0]), ..new_run("a") };
    let lease = create_with(&store, &run, first).await;
    for seq in 2..150 {
        commit(&store, &lease, at(seq, "on")).await;
    }
    commit(&store, &lease, ending(150, Ending::Completed { output: json(texts[1]) })).await;
    let checkpoint = load(&store, "a").await;
    for (number, text) in texts.into_iter().enumerate() {
        assert_eq!(checkpoint.state.get(&numbered(number)).unwrap().as_str(), text);
    }
    assert_eq!((checkpoint.input.as_str(), checkpoint.output.unwrap().as_str()), (texts[0], texts[1]));
}

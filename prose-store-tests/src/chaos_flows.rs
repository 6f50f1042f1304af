//! The flows of the chaos tests, for any database.

/// Makes the flows `order` and `deliver`, their `Deps`, and `drive`, which submits runs of `order` and waits for them. `insert` is a statement
/// that inserts a run's number and a word; it is called with sqlx.
#[macro_export]
macro_rules! chaos_flows {
    (database: $database:ty, insert: $insert:literal) => {
        struct Deps {
            db: $database,
            ledger: std::sync::Arc<$crate::chaos::Ledger>,
        }

        #[derive(serde::Serialize, prose::Event)]
        #[event(type = "chaos.told")]
        struct Told {
            number: u64,
        }

        /// The child's child: it waits, too.
        #[prose::flow(name = "label")]
        async fn label(ctx: prose::Ctx<Deps>, number: u64) -> Result<u64, sqlx::Error> {
            #[sleep]
            $crate::chaos::nap(number / 16);
            #[step]
            let stuck: u64 = {
                ctx.deps.ledger.begins(&ctx);
                number
            };
            Ok(stuck)
        }

        /// The child: it waits, writes, and gives twice the number.
        #[prose::flow(name = "deliver")]
        async fn deliver(ctx: prose::Ctx<Deps>, number: u64) -> Result<u64, sqlx::Error> {
            #[step]
            let twice: u64 = {
                ctx.deps.ledger.begins(&ctx);
                2 * number
            };
            #[sleep]
            $crate::chaos::nap(number / 4);
            #[transaction(tx = ctx.deps.db, retry(max_attempts = 2_000, delay = "50ms", max_delay = "500ms"))]
            'deliver: {
                sqlx::query($insert).bind(number as i64).bind("deliver").execute(&mut **tx).await?;
            }
            #[child]
            let labelled: u64 = label(number);
            Ok(twice + labelled - number)
        }

        #[prose::flow(name = "order")]
        async fn order(ctx: prose::Ctx<Deps>, number: u64) -> Result<u64, sqlx::Error> {
            #[step]
            let thrice: u64 = {
                ctx.deps.ledger.begins(&ctx);
                3 * number
            };
            #[transaction(tx = ctx.deps.db, retry(max_attempts = 2_000, delay = "50ms", max_delay = "500ms"), compensate(
                run = {
                    sqlx::query($insert).bind(number as i64).bind("unbook").execute(&mut **tx).await?;
                },
                retry(max_attempts = 2_000, delay = "50ms", max_delay = "500ms")
            ))]
            let booked: u64 = {
                sqlx::query($insert).bind(number as i64).bind("book").execute(&mut **tx).await?;
                number
            };
            #[sleep]
            $crate::chaos::nap(number);
            #[parallel]
            let (delivered, weight): (u64, u64) = (
                #[child]
                deliver(booked),
                #[step]
                {
                    ctx.deps.ledger.begins(&ctx);
                    number % 10
                },
            );
            #[each(concurrency = 2)]
            let packed: Vec<u64> = for item in 0..3_u64 {
                ctx.deps.ledger.begins(&ctx);
                item + weight
            };
            #[signal]
            let approved: u64;
            let mut sum = thrice + delivered + approved;
            for turn in 0..3_u64 {
                #[step]
                let part: u64 = {
                    ctx.deps.ledger.begins(&ctx);
                    number + turn
                };
                sum += part;
            }
            sum += packed.iter().sum::<u64>();
            if is_undone(number) {
                return Err(sqlx::Error::RowNotFound);
            }
            #[event("chaos")]
            Told { number };
            Ok(sum)
        }

        /// What an undisturbed run gives, if it is approved with `7 * number`.
        fn expected(number: u64) -> u64 {
            3 * number + 2 * number + 7 * number + 3 * number + 3 + 3 + 3 * (number % 10)
        }

        /// Some fail in the end, and what they have booked is undone.
        fn is_undone(number: u64) -> bool {
            number % 8 == 5
        }

        fn run_id(number: u64) -> String {
            format!("run-{number}")
        }

        /// Submits all runs within so many seconds, sends each its signal, some at once, some later, and waits for their ends.
        async fn drive(engine: &prose::Engine, runs: u64, seconds: u64) {
            let mut waiting = tokio::task::JoinSet::new();
            for number in 0..runs {
                let at = std::time::Duration::from_secs(seconds).mul_f64(number as f64 / runs as f64);
                waiting.spawn(run(engine.clone(), number, at));
            }
            while let Some(ended) = waiting.join_next().await {
                ended.unwrap();
            }
        }

        async fn run(engine: prose::Engine, number: u64, at: std::time::Duration) {
            use std::future::IntoFuture;
            use $crate::chaos::until_ok;
            tokio::time::sleep(at).await;
            let handle = until_ok(|| engine.submit(order(number).run_id(run_id(number)))).await;
            tokio::time::sleep(std::time::Duration::from_millis(number % 5 * 900)).await;
            let signal = || order::signals::approved(&engine, run_id(number), 7 * number).id("approved");
            until_ok(|| signal().into_future()).await;
            // Only the store may be away.
            let ended = until_ok(|| async {
                match handle.outcome().await {
                    Err(prose::Error::Store(error)) => Err(error),
                    ended => Ok(ended.map_err(|error| error.to_string())),
                }
            });
            match ended.await {
                Err(error) if is_undone(number) => assert!(error.contains("no rows"), "run {number}: {error}"),
                ended => assert_eq!(ended, Ok(expected(number)), "run {number}"),
            }
        }

        /// What must be true at the end. `rows` are the rows that the transactions have written: number, word, and how often it is there.
        fn check(runs: u64, torment: &$crate::chaos::Torment, ledger: &std::path::Path, rows: &[(i64, String, i64)]) {
            let seen = $crate::chaos::read(ledger, &torment.stopped);
            for number in 0..runs {
                let id = run_id(number);
                let published = seen.published.contains(&format!("{id}:chaos"));
                assert_ne!(published, is_undone(number), "whether the event of run {number} was published");
                let steps = ["thrice", "delivered:twice", "delivered:labelled:stuck", "weight"];
                for step in steps.into_iter().chain(["packed[0]", "packed[2]", "part[0]", "part[1]", "part[2]"]) {
                    assert!(seen.begun.contains_key(&format!("{id}:{step}")), "step `{step}` of run {number}");
                }
            }
            let words = |number: u64| {
                let undone = is_undone(number).then_some("unbook");
                ["book", "deliver"].into_iter().chain(undone).map(move |word| (number.cast_signed(), word.to_owned(), 1))
            };
            let once: Vec<_> = (0..runs).flat_map(words).collect();
            assert_eq!(rows, once);
            eprintln!("{runs} runs, {torment}; {seen}");
        }
    };
}

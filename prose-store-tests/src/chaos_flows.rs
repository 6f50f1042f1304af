//! The flows of the chaos tests, for any database.

/// Makes the flows `chaos` and `deliver`, their `Deps`, and `drive`, which submits runs of `chaos` and waits for them. `insert` is a statement
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
            Ok(twice)
        }

        #[prose::flow(name = "chaos")]
        async fn chaos(ctx: prose::Ctx<Deps>, number: u64) -> Result<u64, sqlx::Error> {
            #[step]
            let thrice: u64 = {
                ctx.deps.ledger.begins(&ctx);
                3 * number
            };
            #[transaction(tx = ctx.deps.db, retry(max_attempts = 2_000, delay = "50ms", max_delay = "500ms"))]
            let booked: u64 = {
                sqlx::query($insert).bind(number as i64).bind("book").execute(&mut **tx).await?;
                number
            };
            #[sleep]
            $crate::chaos::nap(number);
            #[child]
            let delivered: u64 = deliver(booked);
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
            #[event("chaos")]
            Told { number };
            Ok(sum)
        }

        /// What an undisturbed run gives, if it is approved with `7 * number`.
        fn expected(number: u64) -> u64 {
            3 * number + 2 * number + 7 * number + 3 * number + 3
        }

        fn run_id(number: u64) -> String {
            format!("run-{number}")
        }

        /// Submits all runs within so many seconds, sends each its signal, some at once, some later, and waits for their ends.
        async fn drive(engine: &prose::Engine, runs: u64, seconds: u64) {
            use futures_util::StreamExt;
            futures_util::stream::iter(0..runs)
                .for_each_concurrent(None, |number| async move {
                    let at = std::time::Duration::from_secs(seconds).mul_f64(number as f64 / runs as f64);
                    tokio::time::sleep(at).await;
                    let handle =
                        $crate::chaos::until_ok(async || engine.submit(chaos(number).run_id(run_id(number))).await)
                            .await;
                    tokio::time::sleep(std::time::Duration::from_millis(number % 5 * 900)).await;
                    $crate::chaos::until_ok(async || {
                        chaos::signals::approved(engine, run_id(number), 7 * number).id("approved").await
                    })
                    .await;
                    let sum = $crate::chaos::until_ok(async || handle.outcome().await).await;
                    assert_eq!(sum, expected(number), "run {number}");
                })
                .await;
        }

        /// The ids of the events that must have been published, and how often the bodies of a run's steps must have begun at least.
        fn check(seen: &$crate::chaos::Seen, runs: u64) {
            for number in 0..runs {
                let id = run_id(number);
                assert!(seen.published.contains(&format!("{id}:chaos")), "the event of run {number} was not published");
                for step in ["thrice", "delivered:twice", "part[0]", "part[1]", "part[2]"] {
                    assert!(seen.begun.contains_key(&format!("{id}:{step}")), "step `{step}` of run {number}");
                }
            }
        }
    };
}

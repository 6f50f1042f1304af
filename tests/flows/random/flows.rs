//! Written by `UPDATE_SNAPSHOT=1 cargo test -p prose-macros random_flows`.

mod flow_0 {
    use super::super::*;

    #[prose::flow(name = "random-0")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        if let Kind::Wire(mut ant) = input.kind && 6 % 2 == 0 {
            match Some(vec![1]) {
                Some(dog) => {
                    #[step(name = "s1", retry(max_attempts = 3, delay = "1ms"))]
                    let x2: Option<Vec<i64>> = {
                        let own = act_opt(&ctx, (&dog, &ant, &ant));
                        fails(ctx.attempt(), 3)?;
                        own
                    };
                }
                None => {
                    let mut ant = Kind::Wire(ant.clone());
                    #[step(name = "s3")]
                    let (bee, mut x4): (i64, Vec<i64>) = act_pair(&ctx, (ant,));
                    {
                        let mut dog: i64 = {
                            let mut fuel5: i64 = 1;
                            'l6: loop {
                                if fuel5 == 0 {
                                    break 'l6 5;
                                }
                                fuel5 -= 1;
                                x4.push(5);
                                #[step(name = "s7", retry(max_attempts = 3, delay = "1ms"))]
                                let ant: Vec<i64> = {
                                    let own = act_list(&ctx, (fuel5, fuel5, bee));
                                    fails(ctx.attempt(), 3)?;
                                    own
                                };
                            }
                        };
                        #[sleep(name = "s8")] pause(mix((&x4,)));
                    }
                    #[step(name = "s9")]
                    let mut cat: i64 = {
                        if bee < (bee + 4) && bee < (bee + 4) {
                            return Err((check(bee)? % 5));
                        }
                        act_int(&ctx, (&x4, &x4, bee))
                    };
                }
            }
            ant = Vec::<i64>::new();
        } else {}
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant,)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_1 {
    use super::super::*;

    #[prose::flow(name = "random-1")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[parallel]
        let (x3, x5): (Vec<i64>, Kind) = (
            #[step(name = "s2")]
            act_list(&ctx, (&input, &input, &input)),
            #[step(name = "s4")]
            act_kind(&ctx, (&input, &input, &input)),
        );
        let x6 = &input.n;
        Ok(mix((x6, &x5, &x3, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_2 {
    use super::super::*;

    #[prose::flow(name = "random-2")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[sleep(name = "s1")] pause(mix((&input,)));
        let dog: Vec<i64> = vec![(input.items.len() as i64)];
        if input.n < (format!("{dog:?}").len() as i64) {
            let cat = &input.items;
        } else {
            #[event("sent", name = "s2")] Sent { n: 4 };
            return Ok(mix((input,)));
        }
        let dog: Vec<i64> = {
            let mut fuel3: i64 = 2;
            loop {
                if fuel3 == 0 {
                    'l4: for ant in dog.iter() {
                        let cat = mix((&input, &input));
                    }
                    #[step(name = "s5")]
                    let dog: Kind = if input.items.is_empty() {
                        act_kind(&ctx, (fuel3,))
                    } else {
                        act_kind(&ctx, (&input,))
                    };
                    break vec![fuel3, fuel3];
                }
                fuel3 -= 1;
                let x6 = vec![8, mix(())];
            }
        };
        if let Some(ant) = input.coupon.as_ref() {} else {}
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &dog, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_3 {
    use super::super::*;

    #[prose::flow(name = "random-3")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let (ant, mut x1) = (Kind::Cash, vec![input.n, (input.n + 0)]);
        let ant = &input.coupon;
        let mut x2: Order;
        for ant in input.items.iter() {
            let Kind::Wire(ant) = input.kind.clone() else {
                let bee: i64;
                if mix((ant,)) < (input.items.len() as i64) {
                    let ant: Option<Vec<i64>> = None;
                    #[transaction(tx = ctx.deps.db)]
                    's3: {
                        act_int(&ctx, ());
                    }
                    break;
                }
                #[step(name = "s4")]
                let cat: Vec<i64> = act_list(&ctx, (&input,));
                match (*ant % 3, Kind::Card(6)) {
                    (0, Kind::Wire(ant)) => {
                        #[step(retry(max_attempts = 3, delay = "1ms"))]
                        's7: {
                            act_int(&ctx, (&cat, &cat, &x1));
                            fails(ctx.attempt(), 0)?;
                        }
                        bee = 5;
                    }
                    (x5, Kind::Card(_) | Kind::Cash) if check(input.n)? % 2 == 0 => {
                        #[step]
                        's8: {
                            act_int(&ctx, (&cat, ant, &input));
                        }
                        bee = 0;
                    }
                    (_, x6) => {
                        bee = 0;
                    }
                }
                break;
            };
            let ant = 0;
        }
        let ant = 0;
        if 0 < 0 {
            x2 = input;
        } else {
            x2 = input;
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &x2, &x1)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_4 {
    use super::super::*;

    #[prose::flow(name = "random-4")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        {
            let mut fuel1: i64 = 3;
            'l2: loop {
                if fuel1 == 0 {
                    #[sleep(name = "s3")] pause(mix((2,)));
                    #[step]
                    's4: {
                        act_int(&ctx, (&input, fuel1));
                    }
                    break 'l2;
                }
                fuel1 -= 1;
                if let Kind::Wire(ref dog) = input.kind {
                    {
                        let mut fuel5: i64 = 3;
                        'l6: while fuel5 > 0 {
                            fuel5 -= 1;
                            let bee: Option<Vec<i64>> = if check(
                                ((((input.items.len() as i64) + 6) + 2) + 5),
                            )? % 2 == 0
                            {
                                #[sleep(name = "s7")] pause(mix(()));
                                let mut dog = input.coupon.clone();
                                dog = None;
                                dog
                            } else {
                                #[step(name = "s8")]
                                let (cat, mut x9): (i64, Vec<i64>) = act_pair(&ctx, ());
                                input.coupon.clone()
                            };
                            let mut dog: Vec<i64> = dog.clone();
                            dog.push(check(input.n)?);
                        }
                    }
                    break 'l2;
                } else {
                    #[step(name = "s10")]
                    let cat: Vec<i64> = act_list(&ctx, (&input, fuel1));
                    #[parallel]
                    let (ant, x14): (i64, i64) = (
                        #[step(name = "s12")]
                        act_int(&ctx, ()),
                        #[step(name = "s13")]
                        act_int(&ctx, ()),
                    );
                    let ant = 0;
                    let ant = 0;
                }
                let ant = 0;
            }
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_5 {
    use super::super::*;

    #[prose::flow(name = "random-5")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[each(concurrency = 3, name = "s1", retry(max_attempts = 3, delay = "1ms"))]
        let x3: Vec<i64> = for x2 in &input.items {
            {
                let own = act_int(&ctx, (x2,));
                fails(ctx.attempt(), 2)?;
                own
            }
        };
        let bee = x3;
        let ant: Kind = if let Kind::Wire(ant) = input.kind.clone() {
            for ant in &bee {
                #[event("sent", name = "s4")] Sent { n: *ant };
            }
            #[step]
            's5: {
                if !(ant.is_empty()) {
                    break 's5;
                }
                act_int(&ctx, ());
            }
            let x11: Option<Vec<i64>> = {
                let mut fuel6: i64 = 2;
                'l7: loop {
                    if fuel6 == 0 {
                        break 'l7 input.coupon.clone();
                    }
                    fuel6 -= 1;
                    if (format!("{input:?}").len() as i64) < fuel6 {
                        break 'l7 input.coupon;
                    }
                    #[step(name = "s8")]
                    let dog: Kind = if input.coupon.is_some() {
                        act_kind(&ctx, (&bee, &bee))
                    } else {
                        act_kind(&ctx, (&input,))
                    };
                    let ant = dog.clone();
                    #[step(name = "s9")]
                    let (bee, mut x10): (i64, Vec<i64>) = act_pair(&ctx, (&dog,));
                }
            };
            Kind::Card(0)
        } else {
            Kind::Cash
        };
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &bee)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_6 {
    use super::super::*;

    #[prose::flow(name = "random-6")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let Some(mut cat) = input.coupon else {
            #[step(name = "s1", retry(max_attempts = 3, delay = "1ms"))]
            let dog: Kind = {
                let own = act_kind(&ctx, ());
                fails(ctx.attempt(), 0)?;
                own
            };
            let mut ant = vec![mix((& dog, & dog))];
            return Err(((format!("{ant:?}").len() as i64) % 5));
        };
        cat = vec![((3 + 2) % 5)];
        #[step]
        's2: {
            act_int(&ctx, (cat,));
        }
        #[step(retry(max_attempts = 3, delay = "1ms"))]
        's3: {
            act_int(&ctx, ());
            fails(ctx.attempt(), 1)?;
        }
        let mut cat: i64 = (mix(()) + 9);
        #[transaction(tx = ctx.deps.db, name = "s4")]
        let x5: Kind = {
            let own = cat;
            drop(own);
            act_kind(&ctx, (cat, cat, cat))
        };
        let cat = &cat;
        #[transaction(tx = ctx.deps.db, name = "s6")]
        let x7: i64 = act_int(&ctx, (cat, cat));
        Ok(mix((x7, cat, &x5)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_7 {
    use super::super::*;

    #[prose::flow(name = "random-7")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        if input.coupon.is_some() {
            #[step(name = "s1")]
            let mut cat: i64 = act_int(&ctx, (input,));
        } else {
            {
                #[step(name = "s2")]
                let mut bee: Option<Vec<i64>> = act_opt(&ctx, (&input, &input, &input));
                let dog = &input;
                #[each(concurrency = 3, name = "s3", retry(max_attempts = 3, delay = "1ms"))]
                let cat: Vec<i64> = for dog in vec![(dog.n % 5)] {
                    {
                        let own = act_int(&ctx, (&input, &input));
                        fails(ctx.attempt(), 2)?;
                        own
                    }
                };
                'l4: for cat in cat {
                    #[step(name = "s5")]
                    let dog: Kind = act_kind(&ctx, (&bee,));
                    bee = 'b6: {
                        bee = input.coupon.clone();
                        #[step(name = "s7", retry(max_attempts = 3, delay = "1ms"))]
                        let cat: i64 = {
                            let own = act_int(&ctx, (cat, cat, &input));
                            fails(ctx.attempt(), 1)?;
                            own
                        };
                        bee = None;
                        None
                    };
                    let dog = &input.items;
                    let mut cat = input.n;
                }
            }
            #[step(name = "s8")]
            let ant: Option<Vec<i64>> = act_opt(&ctx, ());
            let ant = 0;
        }
        Ok(mix(()))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_8 {
    use super::super::*;

    #[prose::flow(name = "random-8")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[step(name = "s1")]
        let mut dog: Option<Vec<i64>> = act_opt(&ctx, (&input, &input));
        #[step(name = "s2")]
        let x3: Vec<i64> = act_list(&ctx, (input, &dog));
        if (x3.len() as i64) < 4 {
            dog = Some(x3);
            #[parallel]
            let (cat, x7): (Kind, Option<Vec<i64>>) = (
                #[step(name = "s5")]
                act_kind(&ctx, (&dog,)),
                #[step(name = "s6")]
                act_opt(&ctx, (&dog,)),
            );
            return Ok(mix((&x7, &cat, &dog)));
        }
        #[step]
        's8: {
            act_int(&ctx, (&x3, &x3, &x3));
        }
        match dog.clone() {
            Some(
                dog,
            ) if ((x3.len() as i64) % 5) < ((format!("{x3:?}").len() as i64) % 5) => {
                let ant: Vec<i64> = 'b9: {
                    let ant: Option<Vec<i64>> = if mix(()) != 2 {
                        let mut dog = Kind::Card(0);
                        let x10 = dog;
                        let ant = 0;
                        let ant = 0;
                        None
                    } else {
                        None
                    };
                    let ant = 0;
                    let ant = 0;
                    let ant = 0;
                    x3
                };
                let ant = 0;
                let ant = 0;
                let ant = 0;
            }
            None => {}
            Some(dog) => {}
        }
        Ok(mix((&dog,)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_9 {
    use super::super::*;

    #[prose::flow(name = "random-9")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let ant: i64 = match &input.kind {
            Kind::Cash | Kind::Card(_) => {
                #[event("sent", name = "s1")] Sent { n: input.n };
                check((format!("{input:?}").len() as i64))?
            }
            Kind::Wire(bee) => {
                let mut ant: Vec<i64>;
                #[step(name = "s2")]
                let (ant, mut x3): (i64, Vec<i64>) = act_pair(&ctx, ());
                #[step]
                's4: {
                    act_int(&ctx, (x3,));
                }
                let cat = Kind::Wire(vec![ant, input.n]);
                6
            }
        };
        if (ant % 5) < (mix((&input,)) % 5) {
            let mut ant: Option<Vec<i64>> = None;
            ant = match &input.kind {
                Kind::Cash => {
                    let mut cat = Vec::<i64>::new();
                    let cat: Vec<i64> = cat.clone();
                    let mut cat: Order = input;
                    {
                        let mut fuel5: i64 = 1;
                        loop {
                            if fuel5 == 0 {
                                break;
                            }
                            fuel5 -= 1;
                        }
                    }
                    None
                }
                Kind::Card(bee) => None,
                Kind::Wire(cat) => None,
            };
            let ant = 0;
            let ant = 0;
        } else {}
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant,)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_10 {
    use super::super::*;

    #[prose::flow(name = "random-10")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[step(name = "s1")]
        let (dog, mut x2): (i64, Vec<i64>) = act_pair(&ctx, (&input,));
        let mut bee = (input.n + 9);
        let Some(mut bee) = Some(x2) else {
            return Ok(mix((bee, dog, &input)));
        };
        match dog % 5 {
            0 | 1 => {
                #[sleep(name = "s3")] pause(mix((((dog % 5) + 7),)));
                #[step(name = "s4")]
                let bee: Kind = act_kind(&ctx, (&input,));
                let ant = &input.coupon;
                let cat = &input.n;
            }
            bee if input.items.is_empty() => {
                if bee < (bee % 5) {
                    return Err(dog);
                }
                let mut ant: Option<Vec<i64>> = None;
            }
            _ => {
                for cat in 0..input.n % 4 {
                    if !((!(bee.is_empty()) && bee.is_empty())) {
                        let ant = Kind::Card(1);
                        if 0 < 0 && let Kind::Card(ant) = ant {} else {}
                    } else {}
                }
                let ant = 0;
            }
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &bee, dog, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_11 {
    use super::super::*;

    #[prose::flow(name = "random-11")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let cat = input.coupon.clone();
        let bee: i64;
        let Some(mut dog) = cat else {
            return Ok(mix(()));
        };
        #[event("sent", name = "s1")]
        Sent {
            n: mix((input, &dog, &dog)),
        };
        match Kind::Wire(dog.clone()) {
            Kind::Cash | Kind::Card(_) => {
                {
                    let mut fuel3: i64 = 1;
                    while fuel3 > 0 {
                        fuel3 -= 1;
                        {
                            #[event("sent", name = "s4")]
                            Sent { n: mix((&dog, &dog, &dog)) };
                            let Kind::Wire(cat) = Kind::Wire(
                                vec![check(check(fuel3) ?) ?, (3 + 1)],
                            ) else {
                                #[event("sent", name = "s5")] Sent { n: fuel3 };
                                #[sleep(name = "s6")] pause(mix((&dog, fuel3)));
                                continue;
                            };
                            dog = cat;
                        }
                        'b7: {
                            let x8 = dog.clone();
                            if let Some(ant) = x8.first() {} else {}
                        }
                        let ant = 0;
                        let ant = 0;
                    }
                }
                let ant = 0;
                return Ok(mix((ant, &dog)));
            }
            Kind::Wire(dog) => {
                bee = 0;
            }
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &dog, bee)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_12 {
    use super::super::*;

    #[prose::flow(name = "random-12")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        if let Kind::Card(x1) = Kind::Cash && x1 < x1 {
            #[event("sent", name = "s2")] Sent { n: 8 };
            {
                let mut fuel3: i64 = 1;
                'l4: while fuel3 > 0 && (input.n + 3) < 3 {
                    fuel3 -= 1;
                    let cat: Kind = if input.n < check(mix((&input, &input)))?
                        && let Kind::Card(ant) = Kind::Wire(input.items.clone())
                    {
                        #[transaction(tx = ctx.deps.db, name = "s5")]
                        let x6: Option<Vec<i64>> = act_opt(&ctx, ());
                        #[validate]
                        's7: {
                            if input.n < (input.items.len() as i64) {
                                break 's7;
                            }
                            act_int(&ctx, (&input,));
                        }
                        Kind::Card(2)
                    } else {
                        #[step(name = "s8")]
                        let bee: Kind = act_kind(&ctx, ());
                        #[step(name = "s9")]
                        let (cat, mut x10): (i64, Vec<i64>) = act_pair(&ctx, (&input,));
                        x10 = vec![(input.n + 9), fuel3];
                        bee.clone()
                    };
                    let ant = 0;
                    let ant = 0;
                    let ant = 0;
                }
            }
        } else {}
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_13 {
    use super::super::*;

    #[prose::flow(name = "random-13")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let x1: i64;
        {
            let mut fuel2: i64 = 2;
            while fuel2 > 0 && fuel2 % 2 == 0 {
                fuel2 -= 1;
                let cat = &input.coupon;
                if input.items.is_empty() {
                    for x3 in &input.items {
                        #[event("sent", name = "s4")] Sent { n: *x3 };
                        #[step(name = "s5", retry(max_attempts = 3, delay = "1ms"))]
                        let cat: Vec<i64> = {
                            let own = act_list(&ctx, ());
                            fails(ctx.attempt(), 0)?;
                            own
                        };
                    }
                    continue;
                }
                #[each(concurrency = 1, name = "s6")]
                let bee: Vec<i64> = for (_, ant) in input.items.iter().enumerate() {
                    {
                        if input.items.is_empty() {
                            return Err((format!("{cat:?}").len() as i64));
                        }
                        act_int(&ctx, ())
                    }
                };
                let Order { coupon: ant, items: x7, .. } = &input;
            }
        }
        if (7 % 5) < (input.n + 6) {
            let bee = &input.kind;
            #[step(name = "s8")]
            let mut cat: Vec<i64> = if input.items.is_empty() {
                act_list(&ctx, (bee,))
            } else {
                act_list(&ctx, (bee, &input))
            };
            x1 = input.n;
        } else {
            if !((format!("{input:?}").len() as i64) < input.n) {
                #[step(name = "s9")]
                let (bee, mut x10): (i64, Vec<i64>) = act_pair(&ctx, (input,));
                let ant = &bee;
                return Ok(mix((ant, &x10, bee)));
            }
            let ant = 0;
            let ant = 0;
            x1 = 0;
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, x1, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_14 {
    use super::super::*;

    #[prose::flow(name = "random-14")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[step(name = "s1")]
        let ant: i64 = act_int(&ctx, (&input,));
        let cat: Option<Vec<i64>> = 'b2: {
            for bee in 0..4 % 4 {
                let bee: i64 = {
                    let mut fuel3: i64 = 3;
                    'l4: loop {
                        if fuel3 == 0 {
                            #[transaction(tx = ctx.deps.db, name = "s5")]
                            let ant: Kind = act_kind(&ctx, (&input, ant, &input));
                            break 'l4 7;
                        }
                        fuel3 -= 1;
                        let x6: Vec<i64> = input.items.clone();
                    }
                };
                #[step(name = "s7", retry(max_attempts = 3, delay = "1ms"))]
                let dog: Option<Vec<i64>> = {
                    let own = act_opt(&ctx, (bee, bee));
                    fails(ctx.attempt(), 3)?;
                    own
                };
            }
            #[step]
            's8: {
                act_int(&ctx, (ant, ant));
            }
            #[step(name = "s9")]
            let ant: Kind = act_kind(&ctx, (&input, &input, ant));
            #[step(name = "s10")]
            let x11: i64 = {
                let own = input.n;
                drop(own);
                act_int(&ctx, (ant, &input))
            };
            None
        };
        #[sleep(name = "s12")] pause(mix(()));
        let ant: Kind = if (ant % 5) < 0 { Kind::Cash } else { Kind::Cash };
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &cat, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_15 {
    use super::super::*;

    #[prose::flow(name = "random-15")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[parallel]
        let (mut cat, x4): (Option<Vec<i64>>, Kind) = (
            #[step(name = "s2")]
            act_opt(&ctx, (&input, &input)),
            #[step(name = "s3")]
            act_kind(&ctx, (&input, &input, &input)),
        );
        #[parallel]
        let (ant, x8, x10): (i64, Option<Vec<i64>>, i64) = (
            #[step(name = "s6", retry(max_attempts = 3, delay = "1ms"))]
            {
                let own = act_int(&ctx, (&input, &x4, &input));
                fails(ctx.attempt(), 0)?;
                own
            },
            #[step(name = "s7", retry(max_attempts = 3, delay = "1ms"))]
            {
                let own = act_opt(&ctx, ());
                fails(ctx.attempt(), 0)?;
                own
            },
            #[step(name = "s9")]
            {
                if input.coupon.is_some() {
                    return Err(input.n);
                }
                act_int(&ctx, (&cat, &x4, &x4))
            },
        );
        #[step(name = "s11", retry(max_attempts = 3, delay = "1ms"))]
        let cat: i64 = {
            let own = act_int(&ctx, ());
            fails(ctx.attempt(), 3)?;
            own
        };
        let Order { n: ant, items: mut x12, .. } = input;
        x12.push(check((x10 + 0))?);
        Ok(mix((&x12, ant, cat, x10, &x8, &x4)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_16 {
    use super::super::*;

    #[prose::flow(name = "random-16")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let mut bee = vec![input.n, 0];
        match check((input.items.len() as i64))? % 5 {
            0 | 1 => {
                bee.push((input.n + 6));
                #[transaction(tx = ctx.deps.db)]
                's1: {
                    act_int(&ctx, ());
                }
            }
            cat if input.items.is_empty() => {
                if (format!("{cat:?}").len() as i64) < input.n {
                    let bee: Order = input;
                    return Ok(mix(()));
                }
                #[step]
                's2: {
                    act_int(&ctx, ());
                    check((format!("{input:?}").len() as i64))?;
                }
                #[step(name = "s3")]
                let ant: Option<Vec<i64>> = if (mix((cat, &input, cat)) < input.n
                    && 9 < input.n)
                {
                    act_opt(&ctx, (&input, cat))
                } else {
                    act_opt(&ctx, (&input, cat, &input))
                };
            }
            _ => {
                let Order { n: cat, items: mut x4, .. } = Order {
                    n: ((format!("{bee:?}").len() as i64) % 5),
                    items: std::mem::take(&mut bee),
                    coupon: Some(bee),
                    kind: input.kind,
                };
                return Ok(mix((&x4, cat)));
            }
        }
        #[step]
        's5: {
            act_int(&ctx, ());
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &bee, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_17 {
    use super::super::*;

    #[prose::flow(name = "random-17")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        if input.items.is_empty() && let Kind::Wire(x1) = &input.kind {
            if !(((x1.len() as i64) < input.n && !(input.n < check(input.n)?))) {
                return Ok(mix(()));
            }
        }
        let mut cat = vec![7, (input.n + 2)];
        cat = vec![
            check((format!("{input:?}") .len() as i64)) ?, mix((& input, & cat, & input))
        ];
        #[each(concurrency = 2, name = "s2")]
        let x3: Vec<i64> = for bee in input.items {
            act_int(&ctx, (bee,))
        };
        cat.push((x3.len() as i64));
        #[step]
        's4: {
            act_int(&ctx, ());
        }
        #[step(name = "s5")]
        let cat: i64 = {
            if !((7 + 9) < 6) && !((7 + 9) < 6) {
                return Err((9 + 1));
            }
            act_int(&ctx, (&cat, &cat))
        };
        if let Some(x6) = Some(x3) {} else {}
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, cat)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_18 {
    use super::super::*;

    #[prose::flow(name = "random-18")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let Some(ref x1) = input.coupon else {
            let Kind::Wire(ref bee) = input.kind else {
                let dog = &input.items;
                return Ok(mix((&input,)));
            };
            return Ok(mix((bee, &input)));
        };
        if input.coupon.is_some() {
            #[step(name = "s2")]
            let (bee, mut x3): (i64, Vec<i64>) = act_pair(&ctx, (x1, &input, &input));
            #[step(name = "s4")]
            let mut ant: Option<Vec<i64>> = act_opt(&ctx, (x1,));
        } else {
            #[step]
            's5: {
                act_int(&ctx, (x1, x1, &input));
                check((input.n % 5))?;
            }
            for (_, dog) in input.items.iter().enumerate() {
                #[event("sent", name = "s6")] Sent { n: *dog };
                let x7 = x1;
                let ant = &input;
            }
            match (input.n % 3, Kind::Wire(x1.clone())) {
                (0, Kind::Wire(ant)) => {
                    #[each(
                        concurrency = 3,
                        name = "s10",
                        retry(max_attempts = 3, delay = "1ms")
                    )]
                    let bee: Vec<i64> = for dog in &ant {
                        {
                            let own = act_int(&ctx, (x1, &input, dog));
                            fails(ctx.attempt(), 2)?;
                            own
                        }
                    };
                    #[step]
                    's11: {
                        act_int(&ctx, ());
                    }
                }
                (x8, Kind::Card(_) | Kind::Cash) if 0 < 0 => {}
                (_, x9) => {}
            }
            let ant = 0;
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, x1, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_19 {
    use super::super::*;

    #[prose::flow(name = "random-19")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[event("sent", name = "s1")] Sent { n: (1 % 5) };
        let dog: i64 = (format!("{input:?}").len() as i64);
        match input.kind {
            Kind::Cash | Kind::Card(_) => {
                #[sleep(name = "s3")] pause(mix((dog, dog, dog)));
                let Kind::Card(bee) = Kind::Cash else {
                    if (0 + 9) < mix(()) {
                        let bee: i64 = dog;
                        return Ok(mix((bee, dog)));
                    }
                    return Ok(mix((dog,)));
                };
                #[each(concurrency = 3, name = "s4")]
                let ant: Vec<i64> = for bee in vec![9, bee] {
                    act_int(&ctx, (bee, bee))
                };
            }
            Kind::Wire(ant) => {
                let mut bee: Option<Vec<i64>> = None;
            }
        }
        let x5: Vec<i64>;
        x5 = if mix((dog,)) < dog { Vec::<i64>::new() } else { Vec::<i64>::new() };
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &x5, dog)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_20 {
    use super::super::*;

    #[prose::flow(name = "random-20")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        'b1: {
            let cat = input.items.clone();
            #[transaction(tx = ctx.deps.db)]
            's2: {
                act_int(&ctx, (&cat,));
            }
            #[transaction(tx = ctx.deps.db)]
            's3: {
                act_int(&ctx, (input, &cat, &cat));
            }
        }
        #[step]
        's4: {
            act_int(&ctx, ());
        }
        #[step(name = "s5")]
        let ant: Kind = act_kind(&ctx, ());
        Ok(mix((&ant,)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_21 {
    use super::super::*;

    #[prose::flow(name = "random-21")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let x1 = vec![(input.items.len() as i64), input.n];
        #[step(name = "s2")]
        let x3: Kind = act_kind(&ctx, (&x1, &x1, &input));
        #[event("sent", name = "s4")] Sent { n: (7 % 5) };
        for dog in input.coupon {
            'b5: {
                let dog: Option<Vec<i64>> = None;
                #[step(name = "s6", retry(max_attempts = 3, delay = "1ms"))]
                let x7: i64 = {
                    let own = act_int(&ctx, (&x3, &x1));
                    fails(ctx.attempt(), 2)?;
                    own
                };
                if (1 % 5) < x7 {
                    if x7 % 2 == 0 {
                        if ((x1.len() as i64) + 9) < x7 {
                            let mut dog = Kind::Wire(x1.clone());
                            break 'b5;
                        }
                        let mut cat = x3;
                        return Ok(mix((x7,)));
                    }
                    if x7 < (0 + 0) && let Kind::Card(ant) = x3 {} else {}
                    let ant = 0;
                } else {}
            }
            let ant = 0;
            let ant = 0;
            let ant = 0;
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &x3, &x1)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_22 {
    use super::super::*;

    #[prose::flow(name = "random-22")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        for (_, dog) in input.items.iter().enumerate() {
            match (1 % 3, input.kind.clone()) {
                (0, Kind::Wire(ant)) => {
                    let mut dog = 9;
                    let ant: Kind = match &input.kind {
                        Kind::Wire(
                            cat,
                        ) if ((format!("{cat:?}").len() as i64) % 5) < mix((cat, cat)) => {
                            continue;
                        }
                        Kind::Cash | Kind::Card(_) => {
                            #[step(name = "s2")]
                            let (x3, mut x4): (i64, Vec<i64>) = act_pair(&ctx, (&ant,));
                            #[step(name = "s5", retry(max_attempts = 3, delay = "1ms"))]
                            let ant: Option<Vec<i64>> = {
                                let own = act_opt(&ctx, (&x4, dog));
                                fails(ctx.attempt(), 1)?;
                                own
                            };
                            #[step(name = "s6", retry(max_attempts = 3, delay = "1ms"))]
                            let cat: Option<Vec<i64>> = {
                                let own = act_opt(&ctx, (&ant, &ant));
                                fails(ctx.attempt(), 2)?;
                                own
                            };
                            Kind::Card(7)
                        }
                        _ => {
                            let dog = Kind::Wire(ant.clone());
                            let mut ant: Order = Order {
                                n: (format!("{input:?}").len() as i64),
                                items: ant,
                                coupon: Some(input.items.clone()),
                                kind: dog,
                            };
                            #[step]
                            's7: {
                                act_int(&ctx, (&input, &input, &input));
                            }
                            Kind::Cash
                        }
                    };
                    let ant = 0;
                }
                (ant, Kind::Card(_) | Kind::Cash) if 0 < 0 => {}
                (_, x1) => {}
            }
            let ant = 0;
            let ant = 0;
            let ant = 0;
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_23 {
    use super::super::*;

    #[prose::flow(name = "random-23")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        if let Kind::Wire(x1) = &input.kind {
            {
                let mut cat: i64 = 'b2: {
                    let bee: Kind = Kind::Cash;
                    let mut x3: i64 = input.n;
                    (x1.len() as i64)
                };
                let bee = &input.n;
            }
        }
        #[event("sent", name = "s4")]
        Sent {
            n: check((format!("{input:?}").len() as i64))?,
        };
        'b5: {
            #[transaction(tx = ctx.deps.db)]
            's6: {
                act_int(&ctx, (&input, &input));
            }
            let bee = vec![(((input.n + 9) + 6) % 5), 2];
            #[parallel]
            let (bee, x10, x12): (Kind, Kind, i64) = (
                #[step(name = "s8")]
                act_kind(&ctx, ()),
                #[step(name = "s9", retry(max_attempts = 3, delay = "1ms"))]
                {
                    let own = act_kind(&ctx, ());
                    fails(ctx.attempt(), 2)?;
                    own
                },
                #[step(name = "s11")]
                {
                    if input.items.is_empty() {
                        return Err(input.n);
                    }
                    act_int(&ctx, (&input,))
                },
            );
            let mut dog = x12;
        }
        if input.coupon.is_some() {} else {}
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_24 {
    use super::super::*;

    #[prose::flow(name = "random-24")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[step(name = "s1")]
        let dog: i64 = act_int(&ctx, ());
        let bee: i64 = (mix((input, dog, dog)) + 4);
        if 4 % 2 == 0 {
            #[step(name = "s2", retry(max_attempts = 3, delay = "1ms"))]
            let dog: Vec<i64> = {
                let own = act_list(&ctx, ());
                fails(ctx.attempt(), 2)?;
                own
            };
            match Kind::Cash {
                Kind::Cash | Kind::Card(_) => {
                    #[step(retry(max_attempts = 3, delay = "1ms"))]
                    's3: {
                        act_int(&ctx, (bee,));
                        fails(ctx.attempt(), 1)?;
                    }
                    let ant: Option<Vec<i64>> = if bee < check((dog.len() as i64))? {
                        let mut dog: Vec<i64> = dog.clone();
                        let ant: Vec<i64> = dog;
                        let mut bee: Option<Vec<i64>> = None;
                        None
                    } else {
                        let mut dog: i64 = (mix(()) + 0);
                        if dog < mix((dog, bee)) {
                            return Ok(mix(()));
                        }
                        let ant = 0;
                        let ant = 0;
                        None
                    };
                    let ant = 0;
                    let ant = 0;
                }
                Kind::Wire(mut cat) => {}
            }
        } else {}
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, bee, dog)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_25 {
    use super::super::*;

    #[prose::flow(name = "random-25")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[event("sent", name = "s1")] Sent { n: input.n };
        let ant: Vec<i64> = if let Some(bee) = &input.coupon {
            let ant = input.kind.clone();
            if let Kind::Wire(mut cat) = ant {
                match Some(vec![1]) {
                    Some(mut dog) if 9 < check(input.n)? => {
                        cat.push(input.n);
                    }
                    None => {
                        #[step(name = "s2", retry(max_attempts = 3, delay = "1ms"))]
                        let cat: Vec<i64> = {
                            let own = act_list(&ctx, (&cat,));
                            fails(ctx.attempt(), 1)?;
                            own
                        };
                        #[event("sent", name = "s3")] Sent { n: (input.n % 5) };
                    }
                    Some(mut dog) => {
                        #[event("sent", name = "s4")] Sent { n: (bee.len() as i64) };
                        let dog = &input.n;
                        #[step(name = "s5")]
                        let dog: Option<Vec<i64>> = {
                            if mix((&cat,)) < (0 + 2) && mix((&cat,)) < (0 + 2) {
                                return Err((format!("{cat:?}").len() as i64));
                            }
                            act_opt(&ctx, (dog, dog, bee))
                        };
                        if (format!("{cat:?}").len() as i64) < mix((input,)) {
                            return Ok(mix(()));
                        }
                    }
                }
                let ant = 0;
                let ant = 0;
            } else {}
            let ant = 0;
            let ant = 0;
            Vec::<i64>::new()
        } else {
            Vec::<i64>::new()
        };
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant,)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_26 {
    use super::super::*;

    #[prose::flow(name = "random-26")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        {
            let mut fuel1: i64 = 1;
            while fuel1 > 0 {
                fuel1 -= 1;
                let mut dog = Vec::<i64>::new();
                #[step(name = "s2")]
                let dog: Kind = {
                    if mix((&input,)) < (dog.len() as i64)
                        && mix((&input,)) < (dog.len() as i64)
                    {
                        return Err((input.items.len() as i64));
                    }
                    act_kind(&ctx, (&dog, &dog, &input))
                };
                #[each(concurrency = 2, name = "s3")]
                let bee: Vec<i64> = for cat in input.items.iter() {
                    act_int(&ctx, (cat, &dog))
                };
                let ant: Vec<i64> = if let Some(ant) = input.items.first() && bee.is_empty()
                {
                    {
                        let mut fuel4: i64 = 1;
                        'l5: while fuel4 > 0 && input.coupon.is_some() {
                            fuel4 -= 1;
                            let mut dog = vec![fuel1, 4];
                        }
                    }
                    return Ok(mix((ant, &bee, &dog, fuel1, &input)));
                } else {
                    let ant: i64 = if let Kind::Wire(mut dog) = dog {
                        #[sleep(name = "s6")] pause(mix((dog, &input)));
                        fuel1
                    } else {
                        #[step]
                        's7: {
                            act_int(&ctx, ());
                        }
                        let ant = 0;
                        let ant = 0;
                        let ant = 0;
                        0
                    };
                    let ant = 0;
                    bee
                };
            }
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_27 {
    use super::super::*;

    #[prose::flow(name = "random-27")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let cat = vec![check((input.items.len() as i64)) ?, 7];
        if (input.items.len() as i64) < (input.n + 9) {
            #[event("sent", name = "s1")] Sent { n: input.n };
            let Some(mut x2) = input.coupon.clone() else {
                let mut cat: i64;
                match (input.items.len() as i64) % 5 {
                    0 | 1 => {
                        cat = mix((&input, &input));
                        if mix((input, cat, cat)) % 2 == 0 {
                            #[step(retry(max_attempts = 3, delay = "1ms"))]
                            's3: {
                                act_int(&ctx, (cat, cat));
                                fails(ctx.attempt(), 1)?;
                            }
                            return Ok(mix(()));
                        }
                    }
                    cat if mix((&input, cat)) < input.n => {
                        #[step(name = "s4")]
                        let bee: Vec<i64> = if input.coupon.is_some() {
                            act_list(&ctx, (cat,))
                        } else {
                            act_list(&ctx, (cat,))
                        };
                        #[step(name = "s5")]
                        let cat: Option<Vec<i64>> = act_opt(&ctx, (cat,));
                        return Ok(mix((&cat, &bee, &input)));
                    }
                    _ => {}
                }
                return Ok(mix(()));
            };
            return Ok(mix((&x2, &cat, &input)));
        } else {}
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &cat, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_28 {
    use super::super::*;

    #[prose::flow(name = "random-28")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[each(concurrency = 1, name = "s1")]
        let dog: Vec<i64> = for x2 in &input.items {
            {
                if !(*x2 % 2 == 0) {
                    return Err((input.n + 4));
                }
                act_int(&ctx, (&input,))
            }
        };
        #[transaction(tx = ctx.deps.db, name = "s3")]
        let bee: Vec<i64> = act_list(&ctx, (&dog, &dog, &dog));
        let mut dog: Option<Vec<i64>> = input.coupon.clone();
        let x4: Option<Vec<i64>> = std::mem::take(&mut dog);
        let mut dog = input.clone();
        for dog in input.items.iter().rev() {
            let ant: Option<Vec<i64>> = if !((6 + 3) < check(*dog)?) {
                break;
            } else {
                #[step]
                's5: {
                    act_int(&ctx, (&bee,));
                }
                'l6: for ant in vec![3, (((input.items.len() as i64) + 8) % 5)] {
                    #[step(name = "s7")]
                    let mut cat: Kind = {
                        if bee.is_empty() && bee.is_empty() {
                            return Err((format!("{ant:?}").len() as i64));
                        }
                        act_kind(&ctx, (&x4,))
                    };
                    let ant = 0;
                    let ant = 0;
                }
                let ant = 0;
                None
            };
            let ant = 0;
            let ant = 0;
            let ant = 0;
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &dog, &x4, &bee, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_29 {
    use super::super::*;

    #[prose::flow(name = "random-29")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let Some(ant) = input.items.first() else {
            return Ok(mix((&input,)));
        };
        match mix(()) % 5 {
            0 | 1 => {
                #[step(name = "s1")]
                let x2: Vec<i64> = act_list(&ctx, ());
                Ok(mix((&x2, ant)))
            }
            bee if input.n < (input.n + 9) => {
                #[sleep(name = "s3")] pause(mix((&input, ant)));
                let mut cat: Vec<i64> = input.items;
                Ok(mix((&cat, bee)))
            }
            _ => {
                let Kind::Card(ant) = Kind::Card(5) else {
                    for cat in input.coupon.clone() {
                        #[step(name = "s4")]
                        let bee: i64 = act_int(&ctx, (cat,));
                        let dog: Option<Vec<i64>> = input.coupon.clone();
                        #[parallel]
                        let (ant, x8): (i64, Option<Vec<i64>>) = (
                            #[step(name = "s6")]
                            act_int(&ctx, (&input,)),
                            #[step(name = "s7")]
                            act_opt(&ctx, (&input, ant)),
                        );
                        if x8.is_some() {
                            continue;
                        }
                    }
                    return Ok(mix((ant, &input)));
                };
                let ant = 0;
                let ant = 0;
                let ant = 0;
                Ok(mix((ant, &input)))
            }
        }
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_30 {
    use super::super::*;

    #[prose::flow(name = "random-30")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        'b1: {
            #[step(name = "s2")]
            let mut dog: Option<Vec<i64>> = {
                let own = mix((&input, &input, &input));
                drop(own);
                act_opt(&ctx, ())
            };
            match (input.n + 3) % 5 {
                0 | 1 => {
                    let ant = (input.items.len() as i64);
                    #[step]
                    's3: {
                        act_int(&ctx, (&input,));
                    }
                }
                ant if input.n < (input.items.len() as i64) => {
                    dog = if let Kind::Card(bee) = Kind::Card(3) {
                        #[step(name = "s4")]
                        let (x5, mut x6): (i64, Vec<i64>) = act_pair(&ctx, ());
                        #[step(name = "s7")]
                        let (ant, mut x8): (i64, Vec<i64>) = act_pair(&ctx, ());
                        let cat = &input;
                        None
                    } else {
                        let x9 = dog.clone();
                        #[each(concurrency = 3, name = "s10")]
                        let ant: Vec<i64> = for ant in input.items.clone() {
                            act_int(&ctx, (&x9,))
                        };
                        #[sleep(name = "s11")] pause(mix((&dog, &x9, &ant)));
                        #[step]
                        's12: {
                            act_int(&ctx, (&dog,));
                        }
                        Some(ant)
                    };
                    let ant = 0;
                }
                _ => {}
            }
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_31 {
    use super::super::*;

    #[prose::flow(name = "random-31")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[step(name = "s1")]
        let (cat, mut x2): (i64, Vec<i64>) = act_pair(&ctx, (&input, &input, &input));
        #[step(name = "s3")]
        let cat: Kind = act_kind(&ctx, ());
        #[event("sent", name = "s4")]
        Sent {
            n: (((input.n % 5) + 7) + 1),
        };
        if input.coupon.is_some() {
            return Ok(mix((&cat, &x2, &input)));
        }
        x2.push((x2.len() as i64));
        #[step(name = "s5")]
        let bee: Option<Vec<i64>> = {
            let own = (input.n + 8);
            drop(own);
            act_opt(&ctx, ())
        };
        #[transaction(tx = ctx.deps.db)]
        's6: {
            act_int(&ctx, (&bee, &input, &x2));
        }
        drop(bee);
        #[transaction(tx = ctx.deps.db, name = "s7")]
        let cat: i64 = act_int(&ctx, (x2, &cat));
        let bee = &input.kind;
        let bee = vec![(input.items.len() as i64)];
        Ok(mix((&bee, cat, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_32 {
    use super::super::*;

    #[prose::flow(name = "random-32")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        if !(((input.n % 5) % 5) < (input.items.len() as i64)) {
            #[validate]
            's1: {
                act_int(&ctx, (&input, &input));
            }
            let Order { n: cat, items: mut x2, .. } = input.clone();
            return Ok(mix((input, &x2)));
        }
        #[step]
        's3: {
            act_int(&ctx, ());
            check(input.n)?;
        }
        let Some(bee) = &input.coupon else {
            return Ok(mix((&input,)));
        };
        let ant = input.n;
        let ant: Kind = {
            let mut fuel4: i64 = 3;
            'l5: loop {
                if fuel4 == 0 {
                    let Order { n: dog, items: mut x6, .. } = input;
                    for (_, bee) in x6.iter().enumerate() {
                        let mut dog: Option<Vec<i64>> = None;
                        let Kind::Card(ant) = Kind::Cash else {
                            #[step(name = "s7", retry(max_attempts = 3, delay = "1ms"))]
                            let ant: Vec<i64> = {
                                let own = act_list(&ctx, ());
                                fails(ctx.attempt(), 3)?;
                                own
                            };
                            #[step(name = "s8")]
                            let ant: Kind = act_kind(&ctx, (fuel4,));
                            continue;
                        };
                    }
                    break 'l5 Kind::Cash;
                }
                fuel4 -= 1;
            }
        };
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant,)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_33 {
    use super::super::*;

    #[prose::flow(name = "random-33")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        if let Some(x1) = input.items.first() {
            #[step(name = "s2", retry(max_attempts = 3, delay = "1ms"))]
            let x3: Kind = {
                let own = act_kind(&ctx, (x1,));
                fails(ctx.attempt(), 1)?;
                own
            };
            return Err((*x1 % 5));
        }
        let mut cat = Vec::<i64>::new();
        #[step]
        's4: {
            act_int(&ctx, ());
        }
        {
            cat = {
                let mut fuel5: i64 = 3;
                loop {
                    if fuel5 == 0 {
                        cat = {
                            let mut fuel6: i64 = 2;
                            'l7: loop {
                                if fuel6 == 0 {
                                    let bee = &input.kind;
                                    let x8 = &input.n;
                                    break 'l7 input.items;
                                }
                                fuel6 -= 1;
                                #[step(name = "s9")]
                                let (ant, mut x10): (i64, Vec<i64>) = act_pair(&ctx, ());
                                #[sleep(name = "s11")] pause(check((((9 + 3) % 5) + 4))?);
                                drop(x10);
                                #[transaction(tx = ctx.deps.db)]
                                's12: {
                                    act_int(&ctx, (ant,));
                                    check((input.items.len() as i64))?;
                                }
                            }
                        };
                        break cat.clone();
                    }
                    fuel5 -= 1;
                    match input.n % 5 {
                        0 | 1 => {
                            #[step(name = "s13")]
                            let bee: Kind = act_kind(&ctx, (&cat, &cat));
                        }
                        ant if 0 < 0 => {}
                        _ => {}
                    }
                    let ant = 0;
                    let ant = 0;
                    let ant = 0;
                }
            };
            let ant = 0;
            let ant = 0;
            let ant = 0;
            Ok(mix((ant, &cat)))
        }
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_34 {
    use super::super::*;

    #[prose::flow(name = "random-34")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[each(concurrency = 3, name = "s1", retry(max_attempts = 3, delay = "1ms"))]
        let x2: Vec<i64> = for ant in input.items.iter() {
            {
                let own = act_int(&ctx, (&input,));
                fails(ctx.attempt(), 1)?;
                own
            }
        };
        'l3: for ant in input.items.iter() {
            let ant: i64 = if ((*ant + 6) % 5) < (input.n + 4) {
                let dog = input.items.clone();
                continue 'l3;
            } else {
                match Some(x2.clone()) {
                    Some(ant) => {
                        let Order { coupon: cat, items: x4, .. } = &input;
                        if x2.is_empty() {
                            continue 'l3;
                        }
                        #[step(retry(max_attempts = 3, delay = "1ms"))]
                        's5: {
                            act_int(&ctx, (cat,));
                            fails(ctx.attempt(), 1)?;
                        }
                        let x6 = 1;
                    }
                    None => {
                        let cat = &x2;
                        let Order { coupon: dog, items: x7, .. } = &input;
                        let dog = &x2;
                    }
                }
                #[step]
                's8: {
                    act_int(&ctx, (&x2, ant));
                }
                {
                    let ant = 0;
                    let ant = 0;
                    let ant = 0;
                    0
                }
            };
            let ant = 0;
            let ant = 0;
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &x2, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_35 {
    use super::super::*;

    #[prose::flow(name = "random-35")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let dog: Order = match Kind::Cash {
            Kind::Wire(bee) if bee.is_empty() => {
                let mut cat = input;
                cat.clone()
            }
            Kind::Cash | Kind::Card(_) => {
                let cat: Option<Vec<i64>> = {
                    let mut fuel1: i64 = 2;
                    'l2: loop {
                        if fuel1 == 0 {
                            break 'l2 Some(input.items.clone());
                        }
                        fuel1 -= 1;
                        #[step(name = "s3")]
                        let ant: Option<Vec<i64>> = act_opt(&ctx, (&input,));
                        #[sleep(name = "s4")]
                        pause(mix((((input.items.len() as i64) + 0),)));
                    }
                };
                input
            }
            _ => {
                return Ok(mix((&input,)));
            }
        };
        let ant = Some(vec![6, dog.n]);
        for mut cat in dog.items.clone() {
            #[event("sent", name = "s5")] Sent { n: (dog.n + 1) };
            #[step(name = "s6")]
            let mut x7: Option<Vec<i64>> = act_opt(&ctx, ());
            #[step]
            's8: {
                act_int(&ctx, (&dog, &dog));
                check(check(mix((&dog, &dog)))?)?;
            }
            let ant = 0;
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &dog)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_36 {
    use super::super::*;

    #[prose::flow(name = "random-36")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let x1 = &input.items;
        #[step(name = "s2")]
        let x3: i64 = act_int(&ctx, (input,));
        let ant: i64 = 3;
        for cat in vec![((format!("{ant:?}") .len() as i64) % 5), 9] {
            if !(((((mix(()) % 5) + 2) % 5) < x3 && (1 % 5) % 2 == 0))
                && let Some(x4) = Some(vec![(ant + 1), cat]) && (5 + 1) % 2 == 0
            {
                #[transaction(tx = ctx.deps.db)]
                's5: {
                    act_int(&ctx, (x4, x3, x3));
                }
                if 9 % 2 == 0 {
                    let mut bee: Option<Vec<i64>> = Some(Vec::<i64>::new());
                    #[step]
                    's6: {
                        act_int(&ctx, (cat,));
                        check(check(9)?)?;
                    }
                    drop(bee);
                } else {
                    continue;
                }
                let ant = 0;
            } else {}
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, x3)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_37 {
    use super::super::*;

    #[prose::flow(name = "random-37")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let mut dog: Order = input;
        #[step(name = "s1")]
        let x2: i64 = {
            if dog.items.is_empty() && dog.items.is_empty() {
                return Err(dog.n);
            }
            act_int(&ctx, ())
        };
        match (0 % 3, Kind::Card(9)) {
            (0, Kind::Wire(x3)) => {
                match Kind::Cash {
                    Kind::Card(ant) if x3.is_empty() => {
                        match 5 % 5 {
                            0 | 1 => {
                                match (
                                    (x3.len() as i64) % 3,
                                    Kind::Wire(dog.items.clone()),
                                ) {
                                    (0, Kind::Wire(cat)) => {
                                        let Order { n: bee, items: mut x7, .. } = Order {
                                            n: mix(()),
                                            items: cat,
                                            coupon: dog.coupon.clone(),
                                            kind: Kind::Card(2),
                                        };
                                        #[sleep(name = "s8")]
                                        pause(mix(((dog.items.len() as i64),)));
                                    }
                                    (
                                        cat,
                                        Kind::Card(_) | Kind::Cash,
                                    ) if (format!("{cat:?}").len() as i64) < dog.n => {
                                        #[sleep(name = "s9")] pause(mix((6,)));
                                        #[transaction(tx = ctx.deps.db, name = "s10")]
                                        let dog: i64 = act_int(&ctx, (cat, ant));
                                        #[sleep(name = "s11")] pause(mix((ant, x2, &x3)));
                                        #[step(name = "s12")]
                                        let ant: Vec<i64> = act_list(&ctx, ());
                                    }
                                    (_, x6) => {}
                                }
                                let ant = 0;
                            }
                            x5 if 0 < 0 => {}
                            _ => {}
                        }
                        let ant = 0;
                    }
                    Kind::Wire(bee) if 0 < 0 => {}
                    _ => {}
                }
                let ant = 0;
            }
            (bee, Kind::Card(_) | Kind::Cash) if 0 < 0 => {}
            (_, x4) => {}
        }
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, x2, &dog)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_38 {
    use super::super::*;

    #[prose::flow(name = "random-38")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        'l2: for x1 in &input.items {
            let mut x3: Option<Vec<i64>> = Some(vec![* x1, mix((x1,))]);
        }
        #[sleep(name = "s4")] pause(mix((&input,)));
        if input.items.is_empty() {
            #[each(concurrency = 3, name = "s5", retry(max_attempts = 3, delay = "1ms"))]
            let ant: Vec<i64> = for cat in input.items.iter().rev() {
                {
                    let own = act_int(&ctx, (cat,));
                    fails(ctx.attempt(), 0)?;
                    own
                }
            };
            #[step(name = "s6")]
            let ant: Kind = act_kind(&ctx, ());
            for (_, bee) in input.items.iter().enumerate() {
                #[step(name = "s7")]
                let (cat, mut x8): (i64, Vec<i64>) = act_pair(&ctx, (&ant,));
                let cat: Vec<i64>;
                #[step]
                's9: {
                    act_int(&ctx, (&ant, &input));
                }
                let cat = &ant;
                #[step(retry(max_attempts = 3, delay = "1ms"))]
                's10: {
                    act_int(&ctx, (bee, &ant, &input));
                    fails(ctx.attempt(), 1)?;
                }
            }
            #[step(name = "s11")]
            let (x12, mut x13): (i64, Vec<i64>) = act_pair(&ctx, (&input, &ant, &ant));
        } else {
            if 0 % 2 == 0 {
                return Ok(mix((&input,)));
            }
            return Ok(mix((&input,)));
        }
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_39 {
    use super::super::*;

    #[prose::flow(name = "random-39")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[step]
        's1: {
            if !(((!(input.n % 2 == 0) && input.n < input.n) && input.coupon.is_some())) {
                break 's1;
            }
            act_int(&ctx, (&input,));
        }
        #[step(name = "s2")]
        let mut x3: Kind = {
            let own = (input.items.len() as i64);
            drop(own);
            act_kind(&ctx, (input,))
        };
        #[step(name = "s4")]
        let ant: Option<Vec<i64>> = {
            let own = (((7 + 4) + 3) % 5);
            drop(own);
            act_opt(&ctx, (&x3,))
        };
        #[sleep(name = "s5")] pause(mix((mix((ant,)),)));
        let mut x9: i64 = {
            let mut fuel6: i64 = 3;
            loop {
                if fuel6 == 0 {
                    break fuel6;
                }
                fuel6 -= 1;
                #[step(name = "s7")]
                let x8: Vec<i64> = act_list(&ctx, (fuel6, fuel6, fuel6));
            }
        };
        #[parallel]
        let (cat, x13): (Kind, Option<Vec<i64>>) = (
            #[step(name = "s11")]
            act_kind(&ctx, (x9, x9, &x3)),
            #[step(name = "s12")]
            act_opt(&ctx, (x9, &x3)),
        );
        if x9 < x9 && let Kind::Card(x14) = cat {
            return Ok(mix((x14, &x13, &cat, x9, &x3)));
        } else {
            let ant = 0;
            let ant = 0;
            let ant = 0;
            let ant = 0;
        }
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &x13, &cat, x9, &x3)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_40 {
    use super::super::*;

    #[prose::flow(name = "random-40")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        match ((input.n % 5) % 3, Kind::Cash) {
            (0, Kind::Wire(dog)) => {
                #[validate]
                's2: {
                    act_int(&ctx, (&input, &dog));
                }
                if (input.n % 5) < input.n {
                    match &input.kind {
                        Kind::Cash => {
                            let mut bee: Option<Vec<i64>> = input.coupon;
                        }
                        Kind::Card(cat) => {
                            let ant: Option<Vec<i64>> = if (((dog.len() as i64) % 5) + 0)
                                < ((2 + 0) + 4)
                            {
                                #[step(retry(max_attempts = 3, delay = "1ms"))]
                                's3: {
                                    act_int(&ctx, ());
                                    fails(ctx.attempt(), 0)?;
                                }
                                #[step(name = "s4")]
                                let dog: Vec<i64> = act_list(&ctx, (dog,));
                                #[step]
                                's5: {
                                    act_int(&ctx, (dog,));
                                }
                                if (*cat % 2 == 0 && input.items.is_empty()) {
                                    if input.items.is_empty() {
                                        let mut bee = (input.items.len() as i64);
                                        return Ok(mix((bee, cat, &input)));
                                    }
                                    return Ok(mix(()));
                                }
                                None
                            } else {
                                None
                            };
                            return Ok(mix((&ant, cat, &input)));
                        }
                        Kind::Wire(ant) => {}
                    }
                    let ant = 0;
                    let ant = 0;
                } else {}
            }
            (dog, Kind::Card(_) | Kind::Cash) if 0 < 0 => {}
            (_, x1) => {}
        }
        let ant = 0;
        Ok(mix((ant,)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_41 {
    use super::super::*;

    #[prose::flow(name = "random-41")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let Kind::Card(ant) = Kind::Card(3) else {
            let ant: Kind = {
                drop(input);
                if 7 < check(check((2 + 6))?)? {
                    #[sleep(name = "s1")] pause(mix(()));
                    #[step(name = "s2")]
                    let dog: Vec<i64> = act_list(&ctx, ());
                    return Err(check(5)?);
                }
                let dog: Option<Vec<i64>> = 'b3: {
                    let mut ant = Some(Vec::<i64>::new());
                    ant
                };
                #[sleep(name = "s4")] pause(mix((2,)));
                match dog.clone() {
                    Some(cat) => {
                        let mut ant = 1;
                        if ant < (ant % 5) {
                            let ant = 0;
                            let ant = 0;
                            return Ok(mix((ant, &cat, &dog)));
                        }
                        let ant = 0;
                        let ant = 0;
                        Kind::Cash
                    }
                    None => Kind::Cash,
                }
            };
            return Ok(mix((&ant,)));
        };
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_42 {
    use super::super::*;

    #[prose::flow(name = "random-42")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[each(concurrency = 1, name = "s1")]
        let cat: Vec<i64> = for ant in input.items.iter() {
            act_int(&ctx, (&input,))
        };
        if input.n < check(((input.items.len() as i64) + 3))? {
            let ant: Vec<i64> = if let Some(dog) = input.coupon.as_ref() {
                #[step(name = "s2")]
                let dog: Kind = act_kind(&ctx, (dog,));
                let mut x3 = ((input.items.len() as i64) + 8);
                let x4 = &input;
                cat
            } else {
                let Kind::Card(cat) = Kind::Wire(cat) else {
                    return Ok(mix((&input,)));
                };
                #[each(concurrency = 2, name = "s5")]
                let x6: Vec<i64> = for cat in input.coupon {
                    act_int(&ctx, (&cat, &cat))
                };
                let mut ant = x6;
                {
                    let mut fuel7: i64 = 1;
                    'l8: loop {
                        if fuel7 == 0 {
                            break 'l8 ant;
                        }
                        fuel7 -= 1;
                        #[sleep(name = "s9")] pause(mix((cat, cat)));
                    }
                }
            };
        } else {}
        let ant = 0;
        Ok(mix((ant,)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_43 {
    use super::super::*;

    #[prose::flow(name = "random-43")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        {
            let ant: Vec<i64> = if let Kind::Wire(ref cat) = input.kind
                && input.items.is_empty()
            {
                let bee: Option<Vec<i64>> = 'b1: {
                    #[sleep(name = "s2")] pause(mix((&input, cat)));
                    input.coupon.clone()
                };
                return Ok(mix((&bee, cat, &input)));
            } else {
                if input.items.is_empty() {
                    let cat = &input.items;
                }
                'l3: for ant in &input.items {
                    #[step(name = "s4")]
                    let (x5, mut x6): (i64, Vec<i64>) = act_pair(&ctx, ());
                }
                #[sleep(name = "s7")] pause(mix((((input.n % 5) % 5),)));
                let ant: i64 = if mix(()) % 2 == 0 {
                    #[sleep(name = "s8")] pause(check(((input.items.len() as i64) + 1))?);
                    #[each(concurrency = 1, name = "s9")]
                    let ant: Vec<i64> = for x10 in Some(vec![(input.items.len() as i64)]) {
                        {
                            if !(!(mix((&input, &x10)) < input.n)) {
                                return Err((input.items.len() as i64));
                            }
                            act_int(&ctx, (&input, &input))
                        }
                    };
                    0
                } else {
                    0
                };
                Vec::<i64>::new()
            };
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_44 {
    use super::super::*;

    #[prose::flow(name = "random-44")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[transaction(tx = ctx.deps.db)]
        's1: {
            act_int(&ctx, (input,));
        }
        #[step]
        's2: {
            act_int(&ctx, ());
        }
        let mut bee: Option<Vec<i64>> = Some(vec![4]);
        #[parallel]
        let (ant, x6, mut x8): (Kind, Vec<i64>, Option<Vec<i64>>) = (
            #[step(name = "s4")]
            act_kind(&ctx, (&bee, &bee)),
            #[step(name = "s5")]
            act_list(&ctx, ()),
            #[step(name = "s7", retry(max_attempts = 3, delay = "1ms"))]
            {
                let own = act_opt(&ctx, (&bee, &bee));
                fails(ctx.attempt(), 0)?;
                own
            },
        );
        bee = x8;
        bee = Some(x6);
        if 5 == 3 {
            bee = bee.clone();
            {
                let mut fuel9: i64 = 3;
                while fuel9 > 0 {
                    fuel9 -= 1;
                    #[step(name = "s10")]
                    let bee: Option<Vec<i64>> = act_opt(&ctx, ());
                    #[sleep(name = "s11")] pause(mix((fuel9, &bee)));
                    let ant: Vec<i64> = if let Some(x12) = &bee && x12.is_empty() {
                        let ant = fuel9;
                        let ant = 0;
                        Vec::<i64>::new()
                    } else {
                        Vec::<i64>::new()
                    };
                    let ant = 0;
                }
            }
            let ant = 0;
            let ant = 0;
        } else {}
        let ant = 0;
        Ok(mix((ant, &bee)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep_concurrent(sample).await;
    }
}

mod flow_45 {
    use super::super::*;

    #[prose::flow(name = "random-45")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let x1: Kind = Kind::Card(8);
        let ant: i64;
        {
            let mut fuel2: i64 = 1;
            'l3: loop {
                if fuel2 == 0 {
                    break 'l3;
                }
                fuel2 -= 1;
                let mut cat = input.kind.clone();
                #[step]
                's4: {
                    act_int(&ctx, (cat,));
                }
            }
        }
        let ant = &input.items;
        if input.n < (input.items.len() as i64) && let Some(bee) = input.items.first() {
            #[sleep(name = "s5")] pause(check((*bee + 3))?);
        } else {
            #[step(name = "s6")]
            let dog: Option<Vec<i64>> = act_opt(&ctx, (ant, ant, &input));
        }
        match input.coupon.clone() {
            Some(x7) if input.n < input.n => {
                if input.coupon.is_some() {
                    let dog = vec![mix((x1, & x7, & input))];
                    return Err(input.n);
                }
                let ant: i64 = if 0 < 0 { 0 } else { 0 };
                let ant = 0;
            }
            None => {}
            Some(x7) => {}
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &x1, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_46 {
    use super::super::*;

    #[prose::flow(name = "random-46")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        match input.kind.clone() {
            Kind::Wire(x1) if x1.is_empty() => {
                'b2: {
                    {
                        let mut fuel3: i64 = 1;
                        'l4: while fuel3 > 0 && fuel3 < input.n {
                            fuel3 -= 1;
                            if fuel3 < check(8)? {
                                if fuel3 < (input.n + 7) {
                                    break 'l4;
                                }
                                #[step]
                                's5: {
                                    act_int(&ctx, ());
                                }
                                #[validate]
                                's6: {
                                    if input.n < (x1.len() as i64) {
                                        break 's6;
                                    }
                                    act_int(&ctx, (fuel3, fuel3, &input));
                                }
                                let ant = &input;
                            }
                            #[validate]
                            's7: {
                                act_int(&ctx, ());
                            }
                            let bee = input.n;
                            if (8 + 9) < (input.items.len() as i64) {
                                break 'b2;
                            } else {
                                let ant: Vec<i64> = vec![
                                    ((x1.len() as i64) % 5), ((format!("{bee:?}") .len() as i64)
                                    + 6)
                                ];
                                let Order { coupon: dog, items: x8, .. } = &input;
                            }
                        }
                    }
                }
                let ant = 0;
                let ant = 0;
                let ant = 0;
            }
            Kind::Cash | Kind::Card(_) => {}
            _ => {}
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_47 {
    use super::super::*;

    #[prose::flow(name = "random-47")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        #[step]
        's1: {
            act_int(&ctx, (&input,));
        }
        #[event("sent", name = "s2")] Sent { n: (check(input.n)? + 2) };
        let mut bee = Order {
            n: (input.items.len() as i64),
            items: input.items.clone(),
            coupon: Some(vec![input.n]),
            kind: Kind::Wire(Vec::<i64>::new()),
        };
        let dog = &bee.kind;
        'l3: for bee in input.items.iter().rev() {
            #[step(name = "s4")]
            let dog: i64 = act_int(&ctx, (bee,));
            if let Some(dog) = Some(vec![* bee, mix((& input,))]) {
                #[step]
                's5: {
                    act_int(&ctx, (dog, bee, bee));
                }
                break 'l3;
            } else {
                let Kind::Wire(x6) = &input.kind else {
                    continue 'l3;
                };
                {
                    let mut fuel7: i64 = 3;
                    'l8: loop {
                        if fuel7 == 0 {
                            break 'l8;
                        }
                        fuel7 -= 1;
                        #[step(name = "s9")]
                        let (ant, mut x10): (i64, Vec<i64>) = act_pair(&ctx, ());
                    }
                }
            }
            match &input.kind {
                Kind::Wire(ant) if 0 < 0 => {}
                Kind::Cash | Kind::Card(_) => {}
                _ => {}
            }
        }
        Ok(mix((dog, &bee, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_48 {
    use super::super::*;

    #[prose::flow(name = "random-48")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        let dog: Vec<i64> = {
            #[step(name = "s1")]
            let mut cat: Vec<i64> = act_list(&ctx, ());
            {
                let mut fuel2: i64 = 1;
                'l3: loop {
                    if fuel2 == 0 {
                        let Some(ant) = Some(cat) else {
                            break 'l3 vec![((0 + 6) % 5)];
                        };
                        #[step(name = "s4", retry(max_attempts = 3, delay = "1ms"))]
                        let ant: i64 = {
                            let own = act_int(&ctx, (&input, &ant));
                            fails(ctx.attempt(), 1)?;
                            own
                        };
                        break 'l3 Vec::<i64>::new();
                    }
                    fuel2 -= 1;
                    cat = Vec::<i64>::new();
                    cat.push((4 % 5));
                }
            }
        };
        let Some(x5) = dog.first() else {
            let cat: Kind = if input.n < input.n {
                return Ok(mix((&dog, &input)));
            } else {
                let dog: i64;
                input.kind.clone()
            };
            let cat = input.coupon.clone();
            return Ok(mix((&input, &dog)));
        };
        #[step]
        's6: {
            act_int(&ctx, ());
        }
        let ant = 0;
        let ant = 0;
        let ant = 0;
        Ok(mix((ant, x5, &dog, &input)))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

mod flow_49 {
    use super::super::*;

    #[prose::flow(name = "random-49")]
    async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {
        'l2: for x1 in input.coupon {
            let dog: Option<Vec<i64>> = None;
            #[step(name = "s3", retry(max_attempts = 3, delay = "1ms"))]
            let cat: Vec<i64> = {
                let own = act_list(&ctx, ());
                fails(ctx.attempt(), 2)?;
                own
            };
            if let Some(dog) = dog {
                continue 'l2;
            } else {
                let dog = x1;
                #[step(name = "s4")]
                let bee: i64 = if 6 % 2 == 0 {
                    act_int(&ctx, (&cat,))
                } else {
                    act_int(&ctx, ())
                };
            }
            let bee: Option<Vec<i64>> = Some(cat);
        }
        #[validate]
        's5: {
            act_int(&ctx, ());
        }
        match ((mix(()) + 3) % 3, Kind::Card(5)) {
            (0, Kind::Wire(x6)) => {
                let Order { n: bee, items: mut x8, .. } = Order {
                    n: 1,
                    items: x6,
                    coupon: Some(vec![1]),
                    kind: Kind::Card(4),
                };
            }
            (cat, Kind::Card(_) | Kind::Cash) if 0 < 0 => {}
            (_, x7) => {}
        }
        Ok(mix(()))
    }

    #[tokio::test]
    async fn survives_crashes() {
        sweep(sample).await;
    }
}

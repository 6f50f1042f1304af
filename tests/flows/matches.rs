//! `match` around steps.

use super::support::*;
use prose::{Ctx, flow};

/// A `match` over a borrow, with guards, nested patterns and alternatives, as a value.
#[flow]
async fn by_borrow(ctx: Ctx<Deps>, input: Kind) -> Result<String, Failure> {
    let paid = match &input {
        Kind::Card { number, tries } if *tries > 0 => {
            let mut left = *tries;
            while left > 0 {
                #[step]
                let ok: bool = {
                    ctx.tell(format!("try {number} {left}"));
                    left == 2
                };
                if ok {
                    break;
                }
                left -= 1;
            }
            format!("{number} with {left} left")
        }
        Kind::Invoice(Some(name)) => {
            #[step]
            let address: String = {
                ctx.tell(format!("ask {name}"));
                name.to_uppercase()
            };
            address
        }
        Kind::Card { .. } | Kind::Invoice(None) => "refused".to_owned(),
        Kind::Cash => {
            #[step(name = "count")]
            'count: {
                ctx.tell("count");
            }
            "cash".into()
        }
    };
    #[step]
    'end: {
        ctx.tell(format!("paid {paid}"));
    }
    Ok(paid)
}

#[tokio::test]
async fn a_match_over_a_borrow() {
    sweep(by_borrow, kinds()).await;
}

/// A `match` that moves what it matches.
#[flow]
async fn by_value(ctx: Ctx<Deps>, input: Kind) -> Result<String, Failure> {
    #[step]
    let kind: Kind = input.clone();
    match kind {
        Kind::Card { number, tries: tries @ 1.. } => {
            #[step]
            'charge: {
                ctx.tell(format!("charge {number} {tries}"));
            }
            #[step]
            'again: {
                ctx.tell(format!("again {tries}"));
            }
            Ok(number)
        }
        Kind::Card { number, .. } => Ok(number),
        Kind::Invoice(name) => {
            let Some(name) = name else {
                #[step]
                'nobody: {
                    ctx.tell("nobody");
                }
                return Err(Failure("nobody".into()));
            };
            #[step]
            'ask: {
                ctx.tell(format!("ask {name}"));
            }
            Ok(name)
        }
        Kind::Cash => Ok("cash".into()),
    }
}

#[tokio::test]
async fn a_match_that_moves() {
    sweep(by_value, kinds()).await;
}

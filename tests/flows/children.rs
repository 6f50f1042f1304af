//! Flows that call flows: a child is one step of its parent, with a run and commits of its own.

use super::support::*;
use prose::{Ctx, flow};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Debug)]
pub(super) struct Parcel {
    pub(super) label: String,
    pub(super) weight: u32,
}

/// A child: with a loop, an event, and an end of its own.
#[flow]
pub(super) async fn ship(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<Parcel, Failure> {
    let mut weight = 0;
    for item in &input {
        #[step]
        let weighed: u32 = {
            ctx.tell(format!("{item} {weight}"));
            item + 1
        };
        weight += weighed;
    }
    #[event("parcels")]
    OrderPlaced { order_id: "parcel".into(), total: weight };
    Ok(Parcel { label: format!("{} items", input.len()), weight })
}

/// One child for each turn of a loop, and one in a branch.
#[flow]
pub(super) async fn shipments(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut total = 0;
    for item in &input.items {
        let parts = vec![*item, total];
        #[child]
        let parcel: Parcel = ship(parts);
        #[step]
        'sent: {
            ctx.tell(format!("{parcel:?} {total}"));
        }
        total += parcel.weight;
    }
    if let Some(coupon) = &input.coupon {
        #[child(name = "extra")]
        let Parcel { label, .. }: Parcel = ship(Vec::new());
        #[step]
        'coupon: {
            ctx.tell(format!("{coupon} {label} {total}"));
        }
    }
    Ok(total)
}

#[tokio::test]
async fn children_in_a_loop() {
    sweep(shipments, orders()).await;
}

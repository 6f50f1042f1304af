//! How the stand-in for the payment service answers: like Stripe, it gives the same answer for the same key.

use serde_json::{Value, json};

use super::memory::{Payment, World};

/// What is asked for with `POST /v1/payment_intents`.
#[derive(Debug)]
pub(crate) struct Charge {
    pub(crate) key: Option<String>,
    pub(crate) amount: u64,
    pub(crate) currency: String,
    pub(crate) customer: String,
}

/// The answer, in view of all that was asked before.
///
/// Customers for trying things out: `user_declined…` has a bad card, `user_flaky…` meets two outages first, and for
/// `user_down…` the service never works.
pub(crate) fn answer(world: &World, charge: Charge) -> Payment {
    match remembered(world, &charge) {
        Some(earlier) if !same_parameters(earlier, &charge) => refuse(charge, 400, reused_key()),
        Some(earlier) => Payment { replayed: true, ..earlier.clone() },
        None => first_answer(world, charge),
    }
}

/// The first request with this key that was settled; an outage settles nothing.
fn remembered<'a>(world: &'a World, charge: &Charge) -> Option<&'a Payment> {
    let key = charge.key.as_deref()?;
    world.payments.iter().find(|earlier| earlier.key.as_deref() == Some(key) && matches!(earlier.status, 200 | 402))
}

fn same_parameters(earlier: &Payment, charge: &Charge) -> bool {
    (earlier.amount, &earlier.currency, &earlier.customer) == (charge.amount, &charge.currency, &charge.customer)
}

fn first_answer(world: &World, charge: Charge) -> Payment {
    let asked_before = world.payments.iter().filter(|earlier| earlier.key == charge.key).count();
    if charge.customer.starts_with("user_declined") {
        refuse(charge, 402, declined())
    } else if charge.customer.starts_with("user_down") || charge.customer.starts_with("user_flaky") && asked_before < 2
    {
        refuse(charge, 503, outage())
    } else {
        accept(world.charges().count() + 1, charge)
    }
}

fn accept(number: usize, charge: Charge) -> Payment {
    let answer = json!({
        "id": format!("pi_{number:06}"),
        "object": "payment_intent",
        "amount": charge.amount,
        "currency": charge.currency,
        "customer": charge.customer,
        "status": "succeeded",
    });
    settle(charge, 200, answer)
}

fn refuse(charge: Charge, status: u16, error: Value) -> Payment {
    settle(charge, status, json!({ "error": error }))
}

fn settle(charge: Charge, status: u16, answer: Value) -> Payment {
    let Charge { key, amount, currency, customer } = charge;
    Payment { key, amount, currency, customer, status, answer, replayed: false }
}

fn declined() -> Value {
    json!({ "type": "card_error", "code": "card_declined", "message": "Your card was declined." })
}

fn outage() -> Value {
    json!({ "type": "api_error", "message": "The service is not available. Try again." })
}

fn reused_key() -> Value {
    json!({ "type": "idempotency_error", "message": "This key was used with other parameters." })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(key: &str, customer: &str, amount: u64) -> Charge {
        Charge { key: Some(key.to_owned()), amount, currency: "usd".to_owned(), customer: customer.to_owned() }
    }

    fn ask(world: &mut World, charge: Charge) -> Payment {
        let payment = answer(world, charge);
        world.payments.push(payment.clone());
        payment
    }

    #[test]
    fn the_same_key_gets_the_same_answer_and_moves_no_money() {
        let mut world = World::default();
        let first = ask(&mut world, charge("k", "user_42", 11_877));
        let second = ask(&mut world, charge("k", "user_42", 11_877));
        assert_eq!((first.status, first.replayed), (200, false));
        assert_eq!((second.status, second.replayed), (200, true));
        assert_eq!(first.answer, second.answer);
        assert_eq!(world.charges().count(), 1);
    }

    #[test]
    fn the_same_key_with_other_parameters_is_refused() {
        let mut world = World::default();
        ask(&mut world, charge("k", "user_42", 1));
        assert_eq!(ask(&mut world, charge("k", "user_42", 2)).status, 400);
        assert_eq!(ask(&mut world, charge("k", "user_43", 1)).status, 400);
        assert_eq!(ask(&mut world, charge("k", "user_42", 1)).status, 200);
        assert_eq!(world.charges().count(), 1);
    }

    #[test]
    fn a_flaky_customer_meets_two_outages() {
        let mut world = World::default();
        let statuses: Vec<_> = (0..4).map(|_| ask(&mut world, charge("k", "user_flaky", 1)).status).collect();
        assert_eq!(statuses, [503, 503, 200, 200]);
        assert_eq!(world.charges().count(), 1);
    }

    #[test]
    fn a_bad_card_stays_declined() {
        let mut world = World::default();
        for _ in 0..2 {
            let payment = ask(&mut world, charge("k", "user_declined", 1));
            assert_eq!((payment.status, &payment.answer["error"]["code"]), (402, &json!("card_declined")));
        }
        assert_eq!(world.charges().count(), 0);
    }
}

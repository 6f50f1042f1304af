//! Money: prices are decimal fractions in the input, as people write them in JSON, and are rounded to cents at each result.

/// The nearest amount in whole cents.
pub(crate) fn round(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

/// An amount in cents, as payment services want it. Exact for what an order may cost.
pub(crate) fn to_cents(amount: f64) -> u64 {
    (amount * 100.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_are_exact_where_fractions_are_not() {
        assert_eq!(to_cents(118.77), 11_877);
        assert_eq!(to_cents(0.1 + 0.2), 30);
        assert_eq!(round(109.97 * 0.08), 8.80);
    }
}

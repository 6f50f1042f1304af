//! What a step of row `a` results in.

/// How many bytes a step's result has.
pub const PAYLOAD_BYTES: usize = 100;

/// A result of 100 bytes, another one for each step. As JSON it is two longer: nothing in it needs escaping.
pub fn payload(run: usize, step: usize) -> String {
    let mut text = format!("run {run}, step {step}, ");
    text.extend(std::iter::repeat_n('x', PAYLOAD_BYTES.saturating_sub(text.len())));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_a_hundred_bytes() {
        assert_eq!((payload(0, 0).len(), payload(99_999, 9_999).len()), (PAYLOAD_BYTES, PAYLOAD_BYTES));
    }
}

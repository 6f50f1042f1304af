//! What a step of row `a` results in, and what a bare insert writes for it.

/// How many bytes a step's result has.
pub const PAYLOAD_BYTES: usize = 100;

/// What a step with such a result puts into the texts of its row in `prose_commits`, on average of a flow of ten steps: the bytes that a bare
/// insert has to write as well. `bytes_of_a_commit`, a test of `bench-prose`, holds it to what the store writes.
pub const COMMIT_BYTES: usize = 114;

/// A result of 100 bytes, another one for each step. As JSON it is two longer: nothing in it needs escaping.
pub fn payload(run: usize, step: usize) -> String {
    text(run, step, PAYLOAD_BYTES)
}

/// Letters and digits, others for each step, and the same in each process. Random ones, since a database or a disk that compresses what it is
/// given would write less of a row of the same letter.
pub fn text(run: usize, step: usize, bytes: usize) -> String {
    let mut state = ((run as u64) << 20) ^ step as u64;
    let mut text = String::with_capacity(bytes + PER_NUMBER);
    while text.len() < bytes {
        let mut bits = next(&mut state);
        for _ in 0..PER_NUMBER {
            text.push(char::from(LETTERS[(bits % 64) as usize]));
            bits >>= 6;
        }
    }
    text.truncate(bytes);
    text
}

/// Six bits each; two of them are there twice.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789xy";
const PER_NUMBER: usize = 10;

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_a_hundred_bytes() {
        assert_eq!((payload(0, 0).len(), payload(99_999, 9_999).len()), (PAYLOAD_BYTES, PAYLOAD_BYTES));
    }

    #[test]
    fn payloads_are_random_letters_and_digits_and_the_same_again_for_the_same_step() {
        let one = payload(3, 7);
        assert_eq!(one, payload(3, 7));
        assert_ne!(one, payload(3, 8));
        assert_ne!(one, payload(4, 7));
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{one}");
        let mut letters = one.into_bytes();
        letters.sort_unstable();
        letters.dedup();
        assert!(letters.len() > 30, "{} kinds of letters", letters.len());
    }
}

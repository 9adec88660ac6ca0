//! Random bytes from the operating system, as lower-case hexadecimal.

/// Returns `bytes` random bytes as `2 * bytes` hexadecimal digits.
///
/// # Panics
/// When the operating system has no randomness to give: nothing that we make
/// would then be unique.
pub fn hex(bytes: usize) -> String {
    use std::fmt::Write as _;
    let mut raw = vec![0_u8; bytes];
    getrandom::fill(&mut raw).expect("the operating system gives random bytes");
    let mut text = String::with_capacity(bytes * 2);
    for byte in raw {
        write!(text, "{byte:02x}").expect("a string can be written to");
    }
    text
}

/// Returns an id such as `sp-0a1b2c`. It is short, so that people can type it: it may be taken.
pub fn short_id(prefix: &str) -> String {
    format!("{prefix}-{}", hex(3))
}

/// Returns a random (version 4) UUID in its usual form.
pub fn uuid() -> String {
    let hex = hex(16);
    let variant = ["8", "9", "a", "b"][usize::from(hex.as_bytes()[16]) % 4];
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_uuid_has_the_form_that_claude_accepts() {
        let uuid = super::uuid();
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        assert_ne!(uuid, super::uuid());
    }
}

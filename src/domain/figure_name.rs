//! When two names mean the same figure. One rule for all who look a figure up.

use super::suggestion;

/// The same name has the same key: `Test accuracy`, `test-accuracy` and `test_accuracy` are one.
pub fn key(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '‐' | '‑' | '–'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether both name the same figure.
pub fn is_same(one: &str, other: &str) -> bool {
    one == other || key(one) == key(other)
}

/// The name that was probably meant.
pub fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    let keys: Vec<String> = known.iter().map(|name| key(name)).collect();
    let near = suggestion::nearest(&key(name), keys.iter().map(String::as_str))?;
    keys.iter().position(|key| key == near).and_then(|at| known.get(at).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_generously() {
        for same in
            ["Test Accuracy", "test-accuracy", "TEST_ACCURACY", " test accuracy ", "testAccuracy"]
        {
            assert!(is_same(same, "test_accuracy"), "{same}");
        }
        for other in ["train_accuracy", "test_accuracy_5", "accuracy", "test.accuracy", ""] {
            assert!(!is_same(other, "test_accuracy"), "{other}");
        }
        assert_eq!(meant("acuracy", ["loss", "Accuracy"]), Some("Accuracy"));
        assert_eq!(meant("test accurcy", ["loss", "test_accuracy"]), Some("test_accuracy"));
        assert_eq!(meant("perplexity", ["loss", "accuracy"]), None);
    }
}

//! "Did you mean": the nearest known word.

/// Returns the candidate that is most like `word`, when one is like enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, candidate)| {
            let length = candidate.chars().count().max(lower.chars().count());
            *distance <= (length.saturating_sub(prefix(&lower, candidate)) / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How long the kind is that two ids have in common, as in `loop-1a2b3c`: it makes no two of them alike.
fn prefix(one: &str, other: &str) -> usize {
    match one.split_once('-').zip(other.split_once('-')) {
        Some(((kind, _), (same, _))) if kind == same => kind.chars().count() + 1,
        _ => 0,
    }
}

/// Whether one is the other with a letter that is wrong, missing, too much or out of place.
pub fn is_slip(one: &str, other: &str) -> bool {
    strsim::damerau_levenshtein(one, other) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_words_are_suggested() {
        let known = ["working_dir", "scheduler_type", "max_concurrent_jobs"];
        assert_eq!(nearest("workingdir", known), Some("working_dir"));
        assert_eq!(nearest("schedular_type", known), Some("scheduler_type"));
        assert_eq!(nearest("color", known), None);
        assert_eq!(nearest("loop-1a2b3d", ["loop-1a2b3c"]), Some("loop-1a2b3c"));
        assert_eq!(nearest("loop-000000", ["loop-1a0b00"]), None, "half of it");
    }
}

//! "Did you mean": the nearest known word.

/// Returns the candidate that is most like `word`, when one is like enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(lower.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_near_words_are_suggested() {
        let known = ["working_dir", "scheduler_type", "max_concurrent_jobs"];
        assert_eq!(nearest("workingdir", known), Some("working_dir"));
        assert_eq!(nearest("schedular_type", known), Some("scheduler_type"));
        assert_eq!(nearest("colour", known), None);
    }
}

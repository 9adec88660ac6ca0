//! Job options: what a cluster, a study and a sprint ask of the scheduler.

use super::text::is_harmful;

/// Why an option cannot be given to a scheduler.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("job option {key:?}: {problem}")]
pub struct OptionProblem {
    /// The option as it was given.
    pub key: String,
    /// What is wrong, and what to write instead.
    pub problem: String,
}

/// Options in the order in which they were first given. Keys are unique. An empty
/// value stands for "not set": it removes what an earlier layer said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobOptions(Vec<(String, String)>);

impl JobOptions {
    /// Sets one option, in place when it is there already.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    /// Lays `later` over these options: a later value wins, an empty one removes. `name` tells which
    /// spellings are one option to the scheduler. Two spellings in one layer both stay, so that
    /// somebody can complain about them.
    #[must_use]
    pub fn overlaid(&self, later: &Self, name: impl Fn(&str) -> &str) -> Self {
        let mut merged: Vec<(String, String)> = Vec::new();
        let mut placed = vec![false; later.0.len()];
        // What is said anew keeps the place of what it replaces.
        for (key, value) in &self.0 {
            let mut replaced = false;
            for (index, (other, new)) in
                later.0.iter().enumerate().filter(|(_, (other, _))| name(other) == name(key))
            {
                replaced = true;
                if !std::mem::replace(&mut placed[index], true) {
                    merged.push((other.clone(), new.clone()));
                }
            }
            if !replaced {
                merged.push((key.clone(), value.clone()));
            }
        }
        merged.extend(
            later
                .0
                .iter()
                .zip(placed)
                .filter(|(_, placed)| !placed)
                .map(|(option, _)| option.clone()),
        );
        merged.retain(|(_, value)| !value.is_empty());
        Self(merged)
    }

    /// These options without those that some option of `later` excludes: a scheduler takes only one of such
    /// a pair, and the later layer's counts. Tells which were left out, and by which.
    pub fn without_excluded<'a>(
        &'a self,
        later: &'a Self,
        excludes: impl Fn(&str, &str) -> bool,
    ) -> (Self, Vec<(&'a str, &'a str)>) {
        let by = |key: &str| {
            later
                .0
                .iter()
                .find(|(other, value)| !value.is_empty() && excludes(key, other))
                .map(|(other, _)| other.as_str())
        };
        let left_out: Vec<(&str, &str)> = self
            .0
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(key, _)| Some((key.as_str(), by(key)?)))
            .collect();
        let kept = self.0.iter().filter(|(key, _)| by(key).is_none()).cloned().collect();
        (Self(kept), left_out)
    }

    /// The value of an option that is set.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// All options, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for JobOptions {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut options = Self::default();
        for (key, value) in pairs {
            options.set(key, value);
        }
        options
    }
}

/// What no scheduler may be given: a line break would start a new line of the job
/// script, a control character hides what is there.
pub fn check_text(key: &str, value: &str) -> Result<(), OptionProblem> {
    let problem = |text: &str| Err(OptionProblem { key: key.to_owned(), problem: text.to_owned() });
    if key.is_empty() {
        return problem("the name is empty");
    }
    if value.len() > 2000 {
        return problem("the value is longer than 2000 characters");
    }
    if key.chars().chain(value.chars()).any(is_harmful) {
        return problem("line breaks and control characters cannot be part of an option");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_layers_win_and_empty_values_remove() {
        let cluster: JobOptions =
            [("partition", "gpu"), ("gres", "gpu:1"), ("mem", "8G")].into_iter().collect();
        let study: JobOptions = [("gres", "gpu:4")].into_iter().collect();
        let sprint: JobOptions = [("mem", ""), ("cpus-per-task", "4")].into_iter().collect();
        let merged = cluster.overlaid(&study, |key| key).overlaid(&sprint, |key| key);
        let pairs: Vec<_> = merged.iter().collect();
        assert_eq!(pairs, [("partition", "gpu"), ("gres", "gpu:4"), ("cpus-per-task", "4")]);
    }

    #[test]
    fn one_option_has_many_spellings_and_the_later_layer_counts() {
        let cluster: JobOptions = [("-l", "gpu=1"), ("pe", "smp 4")].into_iter().collect();
        let of = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let later: JobOptions = pairs.iter().copied().collect();
            cluster.overlaid(&later, |key| key.trim_start_matches('-')).0
        };
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(of(&[("l", "")]), [pair("pe", "smp 4")]);
        assert_eq!(of(&[("l", "gpu=2")]), [pair("l", "gpu=2"), pair("pe", "smp 4")]);
        assert_eq!(
            of(&[("--pe", "smp 1"), ("q", "x")]),
            [pair("-l", "gpu=1"), pair("--pe", "smp 1"), pair("q", "x")]
        );
        assert_eq!(
            of(&[("l", "a=1"), ("--l", "b=1")]).len(),
            3,
            "two in one layer stay, to be complained about"
        );
    }

    #[test]
    fn a_line_break_is_refused() {
        assert!(check_text("mem", "8G\n#SBATCH --wrap=evil").is_err());
        assert!(check_text("mem\r", "8G").is_err());
        assert!(check_text("", "8G").is_err());
        assert!(check_text("mem", "8G").is_ok());
    }
}

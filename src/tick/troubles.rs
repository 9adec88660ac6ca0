//! What was told of trouble: the same is not told again before it has passed.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;

/// Something that is to be said of a round beside what has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Another tick is at work there.
    Held(String),
    /// This cluster was in trouble, and is not any more.
    AnswersAgain(String),
    /// Something went wrong.
    Problem(String),
}

/// Which trouble was told, by the place that has it.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    told: BTreeMap<String, BTreeSet<String>>,
}

impl Troubles {
    /// Those of the problems that are new there, and that nobody else has told. Numbers in them change
    /// from time to time, and make nothing new.
    pub(super) fn new_ones(&mut self, place: &str, problems: Vec<String>) -> Vec<String> {
        let kind =
            |problem: &String| problem.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let kinds = problems.iter().map(kind).collect();
        let is_known =
            |problem: &String| self.told.values().any(|told| told.contains(&kind(problem)));
        let new = problems.into_iter().filter(|problem| !is_known(problem)).collect();
        self.told.insert(place.to_owned(), kinds);
        new
    }

    /// Whether there was trouble there that is over now, and that nobody else has.
    pub(super) fn is_over(&mut self, place: &str) -> bool {
        let Some(over) = self.told.remove(place) else { return false };
        !over.is_empty()
            && !self.told.values().any(|told| told.intersection(&over).next().is_some())
    }

    /// What is to be said of a round beside what has changed.
    pub(super) fn remarks_on(&mut self, report: &Report) -> Vec<Remark> {
        let mut remarks = Vec::new();
        for cluster in &report.clusters {
            let name = &cluster.name;
            // Another tick is no trouble, and says nothing of the cluster.
            let held: Vec<String> = cluster
                .held_by
                .iter()
                .map(|holder| format!("{name}: another tick is at work ({holder})"))
                .collect();
            let is_held = !held.is_empty();
            let new = self.new_ones(&format!("tick of {name}"), held);
            remarks.extend(new.into_iter().map(Remark::Held));
            if is_held {
                continue;
            }
            let all: Vec<String> =
                cluster.problems.iter().map(|problem| format!("{name}: {problem}")).collect();
            let place = format!("cluster {name}");
            if all.is_empty() && self.is_over(&place) {
                remarks.push(Remark::AnswersAgain(name.clone()));
            }
            remarks.extend(self.new_ones(&place, all).into_iter().map(Remark::Problem));
        }
        let place = report.clusters.first().map_or("loops", |one| one.name.as_str());
        let here = self.new_ones(&format!("here, after {place}"), report.problems.clone());
        remarks.extend(here.into_iter().map(Remark::Problem));
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tick::ClusterReport;

    #[test]
    fn the_same_trouble_is_told_once_until_it_has_passed() {
        let mut troubles = Troubles::default();
        let problems =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(troubles.new_ones("a", problems(&["no answer within 30 s"])).len(), 1);
        assert_eq!(
            troubles.new_ones("a", problems(&["no answer within 31 s", "another"])),
            ["another"]
        );
        // Another thread has the same: once for both, until both are well.
        assert_eq!(troubles.new_ones("b", problems(&["another"])).len(), 0);
        assert!(!troubles.is_over("a") && troubles.is_over("b") && !troubles.is_over("b"));
        assert_eq!(troubles.new_ones("a", problems(&["another"])).len(), 1);
    }

    #[test]
    fn what_is_said_of_a_round_is_what_is_new_in_it() {
        let mut troubles = Troubles::default();
        let mut round = |problem: Option<&str>, held: Option<&str>| {
            let cluster = ClusterReport {
                name: "c".to_owned(),
                problems: problem.map(str::to_owned).into_iter().collect(),
                held_by: held.map(str::to_owned),
                ..ClusterReport::default()
            };
            troubles.remarks_on(&Report { clusters: vec![cluster], ..Report::default() })
        };
        let down = || Remark::Problem("c: it is down".to_owned());
        assert_eq!(round(None, None), []);
        assert_eq!(round(Some("it is down"), None), [down()]);
        assert_eq!(round(Some("it is down"), None), []);
        // Another tick says nothing of the cluster.
        let held = Remark::Held("c: another tick is at work (pid 7)".to_owned());
        assert_eq!(round(None, Some("pid 7")), [held]);
        assert_eq!(round(None, Some("pid 8")), []);
        assert_eq!(round(None, None), [Remark::AnswersAgain("c".to_owned())]);
        assert_eq!(round(Some("it is down"), None), [down()]);
    }
}

//! Puts the line of a project into the crontab.

use super::line::{Schedule, find, line, with_line};
use super::{
    CronError, EVERY, Lock, Trial, command_of, log_path, marker_of, read, trial,
    without_other_spelling, write,
};
use crate::app::App;
use crate::domain::action::Action;
use crate::domain::text;
use crate::problem::Problem;
use crate::view::CronInstalled;

/// Tries what cron would do, without changing the crontab.
pub fn try_out(app: &App, schedule: Schedule) -> Result<Trial, Problem> {
    let ours = Ours::new(app, schedule)?;
    let wanted = ours.put_into(app, &read()?)?;
    Ok(trial::trial(app, &wanted, &ours.marker)?)
}

impl Trial {
    /// Why the line should not be installed.
    pub fn refusal(&self) -> Option<Problem> {
        if self.problems.is_empty() {
            return None;
        }
        let texts: Vec<String> = self.problems.iter().map(|problem| harmless(problem)).collect();
        let mut refusal =
            Problem::failed(format!("a tick that cron runs would fail: {}", texts.join("\n")));
        refusal.hints = hints(self);
        Some(refusal)
    }
}

/// Puts the line into the crontab, in the place of an earlier one. The trial is told with the answer:
/// who was told of its problems may install it all the same.
pub fn install(app: &App, schedule: Schedule, trial: Trial) -> Result<CronInstalled, Problem> {
    let ours = Ours::new(app, schedule)?;
    let (marker, line) = (&ours.marker, &ours.line);
    let lock = Lock::take();
    // Read after the trial: somebody may have changed it meanwhile.
    let before = read()?;
    let earlier = find(&before, marker).map(<[u8]>::to_vec);
    let wanted = ours.put_into(app, &before)?;
    if wanted != before {
        write(&wanted)?;
        // Another program may have written it at the same time, and holds no lock of ours.
        if find(&read()?, marker) != Some(&line[..]) {
            return Err(Problem::failed("the line is not in your crontab after it was written: somebody else has changed it at the same time")
                .hint(format!(
                    "`{}` once more; `crontab -l` shows what is there",
                    Action::InstallCron
                )));
        }
    }
    drop(lock);
    set_every(app, &schedule.seconds.to_string())?;
    Ok(CronInstalled {
        installed: true,
        changed: earlier.as_deref() != Some(&line[..]),
        line: String::from_utf8_lossy(line).into_owned(),
        every_seconds: schedule.seconds,
        log: log_path(app),
        problems: trial.problems,
        warnings: trial.warnings,
        was_there: earlier.is_some(),
    })
}

/// The line of a project, and what marks it.
struct Ours {
    marker: String,
    line: Vec<u8>,
}

impl Ours {
    fn new(app: &App, schedule: Schedule) -> Result<Self, CronError> {
        let marker = marker_of(app)?;
        Ok(Self { line: line(schedule, &command_of(app)?, &marker)?, marker })
    }

    /// The crontab with this line.
    fn put_into(&self, app: &App, crontab: &[u8]) -> Result<Vec<u8>, CronError> {
        Ok(with_line(&without_other_spelling(app, crontab)?, &self.marker, &self.line))
    }
}

/// Remembers how often cron ticks, in seconds; nothing when it does not.
pub(super) fn set_every(app: &App, seconds: &str) -> Result<(), Problem> {
    let mut store = app.store()?;
    let change = store.change()?;
    change.set_fact(EVERY, seconds)?;
    change.commit()?;
    Ok(())
}

/// What helps against what usually differs.
fn hints(trial: &Trial) -> Vec<String> {
    let text = trial.problems.join("\n").to_ascii_lowercase();
    let mut hints = Vec::new();
    if text.contains("passphrase") {
        hints.push(
            "cron has nobody to ask for a passphrase: give the cluster a `key_path` of a key without one, best of all a key for this purpose only"
                .to_owned(),
        );
    } else if ["authenticat", "agent", "no key", "denied", "refused the key"]
        .iter()
        .any(|word| text.contains(word))
    {
        if std::env::var_os("SSH_AUTH_SOCK").is_some() {
            hints.push("your key agent works in this session only: give the cluster a `key_path` of a key without a passphrase".to_owned());
        } else {
            hints
                .push("cron logs in with key files only: give the cluster a `key_path`".to_owned());
        }
    }
    if text.contains("not found") || text.contains("on the path") {
        hints.push(format!(
            "cron's PATH is {}; a program elsewhere must be named by its full path, or a line `PATH=...` in your crontab must name its folder",
            trial.path
        ));
    }
    if std::env::var_os("RESEARCHLOOP_KEY_PASSPHRASE").is_some() {
        hints.push("RESEARCHLOOP_KEY_PASSPHRASE is set here, and not in cron".to_owned());
    }
    hints
}

/// Several lines, each harmless.
fn harmless(text: &str) -> String {
    text::lines(text).join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(problems: &[&str]) -> Problem {
        let problems = problems.iter().map(|text| (*text).to_owned()).collect();
        let trial = Trial { problems, path: "/usr/bin:/bin".to_owned(), ..Trial::default() };
        trial.refusal().expect("refused")
    }

    #[test]
    fn a_trial_without_problems_is_not_refused() {
        let trial = Trial { warnings: vec!["different".to_owned()], ..Trial::default() };
        assert_eq!(trial.refusal(), None);
    }

    #[test]
    fn a_refusal_tells_every_problem_and_what_helps() {
        let refusal = refused(&["hpc: connection: wants a passphrase\u{1b}[2J", "no answer"]);
        assert_eq!(
            refusal.message,
            "a tick that cron runs would fail: hpc: connection: wants a passphrase\nno answer"
        );
        let has = |refusal: &Problem, words| refusal.hints.iter().any(|hint| hint.contains(words));
        assert!(has(&refusal, "nobody to ask") && !has(&refusal, "cron's PATH is"));
        let refusal = refused(&["python: not found"]);
        assert!(has(&refusal, "cron's PATH is /usr/bin:/bin") && !has(&refusal, "nobody to ask"));
        assert!(has(&refused(&["the key was denied"]), "`key_path`"));
    }
}

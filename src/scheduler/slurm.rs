//! SLURM: submits with sbatch, polls all jobs with one squeue and at most one sacct,
//! ends a job with scancel.
//!
//! The queue is asked first and has the last word on what is alive. The accounting is
//! slow, late and may be missing or hang, so it is asked last in the same script, only for
//! jobs that the queue does not list as alive, and under a deadline of its own.
//!
//! scancel sends TERM to the job script and to every process below it, and KILL after the
//! site's KillWait (30 s unless set otherwise). Tried with SLURM 22.05: a job script with a
//! trap and a child in the background sees the TERM without further options.

use std::collections::BTreeMap;

use super::shell::{Answer, SHOW_SEEN, absent, doubt};
use super::slurm_shell::{
    ACCOUNTING, ASK, CANCEL, DEFAULTS, LOOK_UP, LOOK_UP_ALL, MESSAGE_TIMEOUT, PROBE, SUBMIT,
};
use super::slurm_text::{self, Accounted, Queued};
use super::{
    ACCOUNTED, Asked, JobRequest, Look, Offer, PollError, SECTION, Scheduler, Submission, answers,
    slurm_offer, slurm_options, text_of,
};
use crate::domain::options::OptionProblem;
use crate::domain::{JobId, JobOptions, JobState, Seen, Used};
use crate::remote::{Reply, Script};

/// SLURM.
pub(super) struct Slurm;

impl Scheduler for Slurm {
    fn option_name<'k>(&self, key: &'k str) -> &'k str {
        slurm_options::full_name(key)
    }

    fn check_options(&self, options: &JobOptions) -> Vec<OptionProblem> {
        slurm_options::problems(options)
    }

    fn doubtful_options(&self, options: &JobOptions) -> Vec<OptionProblem> {
        slurm_options::doubts(options)
    }

    fn excludes(&self, one: &str, other: &str) -> bool {
        slurm_options::excludes(one, other)
    }

    fn directives(&self, job: &JobRequest<'_>) -> Vec<String> {
        let own = [
            format!("--job-name={}", job.name),
            "--output=job.log".to_owned(),
            "--open-mode=append".to_owned(),
            format!("--time={}", time_limit(job.seconds)),
        ];
        own.into_iter()
            .chain(slurm_options::arguments(job.options))
            .map(|argument| format!("#SBATCH {argument}"))
            .collect()
    }

    fn overruled(&self, options: &JobOptions) -> Vec<String> {
        slurm_options::variables(options)
    }

    fn defaults(&self) -> &'static str {
        DEFAULTS
    }

    fn job_id(&self) -> &'static str {
        "${SLURM_JOB_ID:-local-$$}"
    }

    fn look_up(&self) -> &'static str {
        LOOK_UP
    }

    fn submit(&self) -> &'static str {
        SUBMIT
    }

    fn read_submission(&self, status: i32, output: &str) -> Submission {
        answers::of_sbatch(status, output)
    }

    fn ask(&self, script: &mut Script, jobs: &[Asked]) {
        if jobs.is_empty() {
            return;
        }
        let mut clusters: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for job in jobs {
            clusters.entry(cluster_of(&job.id)).or_default().push(job.word());
        }
        let lines: Vec<String> = clusters
            .iter()
            .map(|(cluster, numbers)| format!("{cluster} {}", numbers.join(" ")))
            .collect();
        script.set("RL_JOBS", &lines.join("\n")).plain(ASK).section(SECTION, SHOW_SEEN);
    }

    fn ask_accounting(&self, script: &mut Script, jobs: &[Asked]) {
        if !jobs.is_empty() {
            script.section(ACCOUNTED, ACCOUNTING);
        }
    }

    fn read(&self, reply: &Reply, jobs: &[Asked], now: Option<i64>) -> Result<Look, PollError> {
        if jobs.is_empty() {
            return Ok(Look::default());
        }
        let text = text_of(reply)
            .ok_or_else(|| PollError("the answer of squeue is missing".to_owned()))?;
        let answers = of_clusters(&text);
        let none = Answer::default();
        let answer_of = |job: &Asked| answers.get(cluster_of(&job.id)).unwrap_or(&none);
        let mut look = Look::default();
        for job in jobs {
            let (answer, doubt) = (answer_of(job), doubt(answer_of(job), "squeue")?);
            look.seen.insert(job.id.clone(), seen(answer, job, doubt.as_deref(), now));
            look.doubt = look.doubt.take().or(doubt);
        }
        Ok(look)
    }

    fn used(&self, reply: &Reply, jobs: &[Asked], now: Option<i64>) -> BTreeMap<JobId, Used> {
        let Some(text) = text_of(reply) else { return BTreeMap::new() };
        let answers = of_clusters(&text);
        jobs.iter()
            .filter_map(|job| {
                Some((job.id.clone(), used(answers.get(cluster_of(&job.id))?, job, now)?))
            })
            .collect()
    }

    fn look_up_all(&self) -> &'static str {
        LOOK_UP_ALL
    }

    fn is_live(&self, word: &str) -> bool {
        slurm_text::is_live(word)
    }

    fn cancel(&self) -> &'static str {
        CANCEL
    }

    fn by_hand(&self, job: &JobId) -> String {
        match job.as_str().split_once(';') {
            Some((number, cluster)) => format!("`scancel -M {cluster} {number}`"),
            None => format!("`scancel {job}`"),
        }
    }

    fn probe(&self) -> &'static str {
        PROBE
    }

    fn offer(&self) -> &'static str {
        slurm_offer::OFFER
    }

    fn read_offer(&self, answer: &str) -> Offer {
        slurm_offer::read(answer)
    }

    fn message_timeout(&self) -> &'static str {
        MESSAGE_TIMEOUT
    }
}

/// The answer of each cluster; what stands before the first one has no name.
fn of_clusters(text: &str) -> BTreeMap<&str, Answer<'_>> {
    let mut cluster = "";
    let mut lines: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.lines() {
        match line.strip_prefix("cluster ") {
            Some(name) => cluster = name,
            None => lines.entry(cluster).or_default().push(line),
        }
    }
    lines.into_iter().map(|(cluster, lines)| (cluster, Answer::parse(lines))).collect()
}

/// What the accounting says of this job: one line for each incarnation of a requeued one, the oldest first.
fn accounted<'a>(answer: &Answer<'a>, job: &Asked, now: Option<i64>) -> Vec<Accounted<'a>> {
    let is_its =
        |line: &Accounted<'_>| line.id == job.id.number() && job.may_be_of(line.submitted, now);
    answer.rows("a").filter_map(Accounted::parse).filter(is_its).collect()
}

/// What all incarnations of one job have used together.
fn used(answer: &Answer<'_>, job: &Asked, now: Option<i64>) -> Option<Used> {
    let lines = accounted(answer, job, now);
    // The last incarnation has ended, and each of them tells its time.
    lines.last()?.end()?;
    let seconds = lines
        .iter()
        .try_fold(0_u64, |sum, line| line.seconds().map(|seconds| sum.saturating_add(seconds)))?;
    Some(Used { gpus: lines.iter().filter_map(Accounted::gpus).max(), seconds })
}

/// The cluster in an id, or "-".
fn cluster_of(job: &JobId) -> &str {
    job.as_str().split_once(';').map_or("-", |(_, cluster)| cluster)
}

/// Whole minutes, rounded up: SLURM knows nothing finer.
pub(super) fn time_limit(seconds: u64) -> String {
    let minutes = seconds.div_ceil(60).max(1);
    format!("{}-{:02}:{:02}:00", minutes / 1440, minutes / 60 % 24, minutes % 60)
}

/// What queue and accounting say of one job. `doubt` is why the queue's list may not be whole.
fn seen(answer: &Answer<'_>, job: &Asked, doubt: Option<&str>, now: Option<i64>) -> Seen {
    let number = job.id.number();
    let mut ended: Option<(Queued<'_>, JobState)> = None;
    for line in answer.rows("q").filter_map(Queued::parse).filter(|line| line.id == number) {
        match line.state() {
            state @ JobState::Ended(_) => ended = Some((line, state)),
            alive => return Seen::State(alive),
        }
    }
    let accounted = accounted(answer, job, now).pop();
    let end = accounted.as_ref().and_then(Accounted::end);
    if let Some((line, state)) = ended {
        // The accounting knows more, unless it still tells of an earlier incarnation.
        let same = accounted.is_some_and(|accounted| {
            slurm_text::bare_word(accounted.word) == slurm_text::bare_word(line.word)
        });
        return Seen::State(end.filter(|_| same).map_or(state, JobState::Ended));
    }
    if let Some(end) = end {
        return Seen::State(JobState::Ended(end));
    }
    // A record without an end may be late or stale; it may also be right, and the queue wrong.
    if let Some(word) = accounted.as_ref().and_then(Accounted::goes_on) {
        return Seen::Accounted(format!(
            "the accounting says {word}, but the queue does not list the job"
        ));
    }
    absent(answer, number, doubt, "sacct", |outcome| {
        outcome.status == 0 || slurm_text::accounting_is_off(outcome.status, &outcome.said)
    })
}

//! Takes down what came out of a run, and how it ended.

use std::io;
use std::path::Path;

use super::job_context::JobContext;
use super::journal::Journal;
use super::outputs;
use super::progress::Progress;
use super::run_failure::RunFailure;
use crate::bundle::folder::{Folder, Refused};
use crate::bundle::journal::{Entry, Question, RunEnd};
use crate::domain::Advice;
use crate::domain::text::paragraph;
use crate::domain::written;

/// How a run ends.
#[derive(Debug)]
pub enum End {
    /// Its pipeline came to a good end.
    Completed,
    /// It waits for answers.
    Parked(Vec<Question>),
    /// By itself.
    Failed(RunFailure),
    /// It was asked to stop.
    Signal(&'static str),
}

/// Takes down what came out. What is wrong with a file is a note: the work is done all the same.
fn read_outcome(
    job: &JobContext,
    journal: &mut Journal,
    progress: &Progress,
    ended: &mut RunEnd,
) -> io::Result<()> {
    let Ok(folder) = Folder::open(&job.paths.dir) else { return Ok(()) };
    let mut problems = Vec::new();
    match outputs::finding(&folder) {
        Ok(read) => {
            ended.finding = Some(read.value);
            problems.extend(read.problems);
        }
        Err(problem) => problems.push(problem),
    }
    // Figures are optional.
    if !matches!(folder.file(outputs::METRICS), Err(Refused::Missing)) {
        match outputs::metrics(&folder) {
            Ok(read) => {
                ended.metrics = read.value;
                problems.extend(read.problems);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if let Some(evaluator) = job.bundle.evaluator.as_ref().filter(|_| progress.state.no_value) {
        let claims = ended.metrics.iter().any(|metric| metric.name == evaluator.metric);
        let instead = if claims { ", and the agent's own figure does not count" } else { "" };
        problems.push(format!(
            "{} has no value: the evaluator measured none{instead}",
            evaluator.metric
        ));
        ended.metrics.retain(|metric| metric.name != evaluator.metric);
    }
    ended.metrics.extend(progress.state.measured.clone());
    for text in &problems {
        journal.write(&Entry::Note { text: text.clone() })?;
    }
    ended.unusable = problems;
    Ok(())
}

/// Writes the end into the journal, and the state behind it. `left`: how many processes could not be
/// ended. `keeps_state`: a newer program has left its state, which is not touched.
pub fn record(
    job: &JobContext,
    journal: &mut Journal,
    progress: &mut Progress,
    end: End,
    left: usize,
    keeps_state: bool,
) -> io::Result<()> {
    journal.step = None;
    let mut ended = RunEnd {
        status: "failed".to_owned(),
        reason: None,
        signal: None,
        detail: String::new(),
        hint: String::new(),
        resets_at: None,
        processes_left: u32::try_from(left).unwrap_or(u32::MAX),
        host: job.host.clone(),
        summary: None,
        finding: None,
        metrics: Vec::new(),
        unusable: Vec::new(),
        questions: Vec::new(),
        spent: progress.state.spent,
    };
    match end {
        End::Completed => {
            "completed".clone_into(&mut ended.status);
            let told = job.bundle.tweak.as_ref().map_or_else(
                || "summary.txt".to_owned(),
                |_| format!("tweak_{}.md", job.bundle.sprint_id),
            );
            ended.summary = summary(&job.paths.work, &told);
            // A follow-up and a plan have no verdict of their own.
            if job.has_finding() {
                read_outcome(job, journal, progress, &mut ended)?;
            }
        }
        End::Parked(questions) => {
            "parked".clone_into(&mut ended.status);
            ended.detail = format!(
                "waits for an answer to {}",
                questions.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
            );
            Advice::AnswerQuestion.as_str().clone_into(&mut ended.hint);
            ended.questions = questions;
        }
        End::Failed(failure) => {
            ended.reason = Some(failure.reason.as_str().to_owned());
            ended.detail = failure.detail;
            failure.advice.as_str().clone_into(&mut ended.hint);
            ended.resets_at = failure.resets_at;
        }
        End::Signal(name) => {
            journal.write(&Entry::Signal { name: name.to_owned() })?;
            ended.signal = Some(name.to_owned());
            ended.detail = format!("the job was asked to stop (signal {name})");
        }
    }
    // The job script writes it, and only when this program has gone without a word.
    let _ = std::fs::remove_file(job.paths.own.join("exit.json"));
    journal.write(&Entry::RunEnded(Box::new(ended)))?;
    progress.state.ended = true;
    // A state that this program does not understand is left for one that does.
    if !keeps_state {
        // The journal counts: without `state.json` the end is recorded all the same.
        let _ = progress.save(journal);
    }
    journal.finish();
    Ok(())
}

/// The summary that the last step wrote: text, shortened, without control characters.
fn summary(dir: &Path, name: &str) -> Option<String> {
    let bytes = Folder::open(dir).and_then(|folder| folder.read(name, 8192)).ok()?;
    Some(paragraph(&written::text(&bytes), 4000)).filter(|text| !text.is_empty())
}

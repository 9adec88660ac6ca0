//! Watches what the job's GPUs do, by `nvidia-smi`. Whatever that program does costs the job nothing: it runs
//! beside, it is bounded in time and in what it prints, and where it is not there nothing happens.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::reaper::Started;
use crate::bundle::journal::Entry;
use crate::domain::gpus::{Gpu, GpuUse};
use crate::domain::text::one_line;
use crate::platform::{clock, process};

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(30);
/// One look may take this long.
const LIMIT: Duration = Duration::from_secs(15);
/// After so many looks without an answer, one after the other, nobody asks again.
const MOST_FAILURES: u32 = 3;
/// What a node with many GPUs prints is far less.
const MAX_OUTPUT: u64 = 64 << 10;
/// Most GPUs that are told.
const MOST_GPUS: usize = 64;
/// A GPU that is used less than this, in percent, is idle.
const IDLE_BELOW: u8 = 2;
/// What is told at once: a change by so many percent of a GPU or of its memory ...
const CHANGE: u8 = 10;
/// ... but not more often than this, and after this time in any case.
const SOONEST: Duration = Duration::from_secs(120);
const LATEST: Duration = Duration::from_secs(600);

/// The programs that ask at this moment. None begins while it is held.
type Asking = Arc<Mutex<Vec<Started>>>;

/// Watches from now on, beside what the run does.
#[derive(Debug)]
pub struct GpuWatch {
    samples: Receiver<Vec<Gpu>>,
    asking: Asking,
    /// Ends the thread when it is dropped.
    stop: Option<Sender<()>>,
    teller: Teller,
}

impl GpuWatch {
    /// Watches the GPUs that a job with this environment sees. `warn_after`: idle for so long, they are worth
    /// a word; zero for never.
    pub fn begin(environment: &[(String, String)], warn_after: Duration) -> Option<Self> {
        let of = |name: &str| environment.iter().find(|(known, _)| known == name);
        let visible = of("CUDA_VISIBLE_DEVICES").map(|(_, value)| value.as_str());
        let mut words: Vec<String> = [
            "nvidia-smi",
            "--query-gpu=index,name,utilization.gpu,memory.used,memory.total",
            "--format=csv,noheader,nounits",
        ]
        .map(str::to_owned)
        .into();
        match visible.map(of_visible) {
            Some(Visible::None) => return None,
            Some(Visible::These(list)) => words.push(format!("--id={list}")),
            Some(Visible::Unclear) | None => {}
        }
        let kept = ["PATH", "LD_LIBRARY_PATH", "HOME", "CUDA_VISIBLE_DEVICES"];
        let environment: Vec<(String, String)> =
            kept.iter().filter_map(|name| of(name).cloned()).collect();
        let interval = if warn_after.is_zero() { INTERVAL } else { INTERVAL.min(warn_after / 3) };
        let interval = interval.max(Duration::from_secs(1));
        let (asking, (sender, samples), (stop, stopped)) =
            (Asking::default(), channel(), channel());
        let theirs = Arc::clone(&asking);
        std::thread::spawn(move || {
            let mut failures = 0;
            while failures < MOST_FAILURES {
                match ask(&words, &environment, &theirs) {
                    Answer::NotThere => return,
                    Answer::None => failures += 1,
                    Answer::Gpus(gpus) => {
                        failures = 0;
                        if sender.send(gpus).is_err() {
                            return;
                        }
                    }
                }
                if stopped.recv_timeout(interval) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        Some(Self { samples, asking, stop: Some(stop), teller: Teller::new(warn_after) })
    }

    /// What is to be told by now.
    pub fn news(&mut self) -> Vec<Entry> {
        let now = clock::instant();
        self.samples.try_iter().filter_map(|gpus| self.teller.sample(gpus, now)).collect()
    }

    /// Looks no more, and returns the last look, if it was not told yet.
    pub fn end(&mut self) -> Option<Entry> {
        self.stop = None;
        self.asking().iter().copied().for_each(kill);
        self.teller.last()
    }

    /// The programs that ask. No other one begins before this is let go.
    pub fn asking(&self) -> MutexGuard<'_, Vec<Started>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which GPUs a job may use, by the variable that schedulers set.
#[derive(Debug, PartialEq, Eq)]
enum Visible {
    None,
    /// As `nvidia-smi` takes them.
    These(String),
    /// Parts of GPUs, or something else: all are looked at.
    Unclear,
}

fn of_visible(value: &str) -> Visible {
    let parts: Vec<&str> = value.split(',').map(str::trim).collect();
    let is_plain = |part: &&str| {
        let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty()
            || part.starts_with("GPU-") && part.len() < 60 && is_word(part)
    };
    match parts[..] {
        ["" | "-1" | "NoDevFiles" | "none" | "void"] => Visible::None,
        _ if parts.len() <= MOST_GPUS && parts.iter().all(is_plain) => {
            Visible::These(parts.join(","))
        }
        _ => Visible::Unclear,
    }
}

enum Answer {
    /// There is no such program.
    NotThere,
    /// It has said nothing of use.
    None,
    Gpus(Vec<Gpu>),
}

fn ask(words: &[String], environment: &[(String, String)], asking: &Asking) -> Answer {
    let Some((program, arguments)) = words.split_first() else { return Answer::NotThere };
    let mut command = process::command(program);
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    let mut held = asking.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(mut child) = command.spawn() else { return Answer::NotThere };
    let started = process::pid(child.id()).and_then(Started::of);
    held.extend(started);
    drop(held);
    let (sender, answer) = channel();
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let whole = output.take(MAX_OUTPUT).read_to_end(&mut text).is_ok();
            let _ = sender.send((whole, text));
        });
    }
    let said = answer.recv_timeout(LIMIT);
    let is_whole = matches!(&said, Ok((true, text)) if (text.len() as u64) < MAX_OUTPUT);
    if !is_whole {
        // What it has started, too. One that waits for a dead driver is not waited for.
        started.into_iter().for_each(kill);
    }
    let list = Arc::clone(asking);
    std::thread::spawn(move || {
        let _ = child.wait();
        let mut held = list.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|one| Some(*one) != started);
    });
    match said {
        Ok((_, text)) if is_whole => {
            let gpus = read(&String::from_utf8_lossy(&text));
            if gpus.is_empty() { Answer::None } else { Answer::Gpus(gpus) }
        }
        _ => Answer::None,
    }
}

/// Kills a program and its group, if it is still the one that was started.
fn kill(one: Started) {
    if process::start_ticks(one.pid()) == Some(one.ticks()) {
        process::signal_group(one.pid(), Signal::KILL);
    }
}

/// Reads lines as `0, NVIDIA A100-SXM4-80GB, 35, 1024, 81920`. What is no such line is left out.
fn read(text: &str) -> Vec<Gpu> {
    let line = |line: &str| {
        let (index, rest) = line.split_once(',')?;
        let mut fields = rest.rsplitn(4, ',').map(str::trim);
        let (total, used, percent, name) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        // `[N/A]`, `[Not Supported]`: that figure is not known.
        let megabytes = |text: &str| text.parse::<u64>().ok().filter(|size| *size < 1 << 30);
        let gpu = Gpu {
            index: index.trim().parse().ok()?,
            name: one_line(name, 60),
            use_percent: percent.parse().ok().filter(|percent| *percent <= 100),
            memory_mb: megabytes(used),
            of_mb: megabytes(total),
        };
        (gpu.use_percent.is_some() || gpu.memory_mb.is_some()).then_some(gpu)
    };
    text.lines().filter_map(line).take(MOST_GPUS).collect()
}

/// Decides what of the looks is told.
#[derive(Debug)]
struct Teller {
    warn_after: Duration,
    idle_since: Option<Instant>,
    warned: bool,
    told: Option<(Vec<Gpu>, Instant)>,
    /// The last look, when it was not told.
    untold: Option<(Vec<Gpu>, Instant)>,
    /// Sum and number of what was seen of their use.
    seen: (u64, u64),
}

impl Teller {
    fn new(warn_after: Duration) -> Self {
        Self { warn_after, idle_since: None, warned: false, told: None, untold: None, seen: (0, 0) }
    }

    fn sample(&mut self, gpus: Vec<Gpu>, now: Instant) -> Option<Entry> {
        let uses: Vec<u8> = gpus.iter().filter_map(|gpu| gpu.use_percent).collect();
        self.seen.0 += uses.iter().map(|percent| u64::from(*percent)).sum::<u64>();
        self.seen.1 += uses.len() as u64;
        // What is not known is no idleness.
        let is_idle = uses.len() == gpus.len() && uses.iter().all(|percent| *percent < IDLE_BELOW);
        self.idle_since = is_idle.then(|| self.idle_since.unwrap_or(now));
        let warns = !self.warned
            && !self.warn_after.is_zero()
            && self.idle_since.is_some_and(|since| now.duration_since(since) >= self.warn_after);
        let is_due = match &self.told {
            None => true,
            Some((told, at)) => {
                let passed = now.duration_since(*at);
                passed >= LATEST || passed >= SOONEST && has_changed(told, &gpus)
            }
        };
        if !is_due && !warns {
            self.untold = Some((gpus, now));
            return None;
        }
        self.warned |= warns;
        self.untold = None;
        self.told = Some((gpus.clone(), now));
        Some(self.entry(gpus, now, warns))
    }

    fn last(&mut self) -> Option<Entry> {
        let (gpus, at) = self.untold.take()?;
        Some(self.entry(gpus, at, false))
    }

    fn entry(&self, gpus: Vec<Gpu>, at: Instant, idle_too_long: bool) -> Entry {
        let mean = self.seen.0.checked_div(self.seen.1);
        let seen = GpuUse {
            gpus,
            mean_use_percent: mean.and_then(|mean| u8::try_from(mean).ok()),
            idle_seconds: self.idle_since.map_or(0, |since| (at - since).as_secs()),
        };
        Entry::Gpus { seen, idle_too_long }
    }
}

/// Whether something is so different that it is worth a line.
fn has_changed(before: &[Gpu], now: &[Gpu]) -> bool {
    let memory = |gpu: &Gpu| Some(gpu.memory_mb? * 100 / gpu.of_mb.filter(|size| *size > 0)?);
    let differs = |one: Option<u64>, other: Option<u64>| match (one, other) {
        (Some(one), Some(other)) => one.abs_diff(other) >= u64::from(CHANGE),
        (one, other) => one.is_some() != other.is_some(),
    };
    before.len() != now.len()
        || before.iter().zip(now).any(|(before, now)| {
            differs(before.use_percent.map(u64::from), now.use_percent.map(u64::from))
                || differs(memory(before), memory(now))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(percent: Option<u8>, memory: u64) -> Gpu {
        Gpu {
            index: 0,
            name: "A".to_owned(),
            use_percent: percent,
            memory_mb: Some(memory),
            of_mb: Some(1000),
        }
    }

    #[test]
    fn what_nvidia_smi_prints_is_read_and_garbage_is_not() {
        let text = "0, NVIDIA A100, SXM4, 35, 1024, 81920\n1, Tesla T4, [N/A], 3, 15360\n\
                    NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n\
                    2, X, [N/A], [N/A], [N/A]\n3, Y, 4000, -1, 5\n, , , ,\n\u{1b}[2J4, Z\u{1b}[31m, 1, 2, 3\n";
        let gpus = read(text);
        assert_eq!(gpus.len(), 2, "{gpus:?}");
        assert_eq!((gpus[0].name.as_str(), gpus[0].use_percent), ("NVIDIA A100, SXM4", Some(35)));
        assert_eq!((gpus[1].use_percent, gpus[1].memory_mb), (None, Some(3)));
        assert!(read("").is_empty());
    }

    #[test]
    fn a_job_sees_the_gpus_that_its_scheduler_gave_it() {
        assert_eq!(of_visible("0,1"), Visible::These("0,1".to_owned()));
        assert_eq!(of_visible("GPU-8a5-c3"), Visible::These("GPU-8a5-c3".to_owned()));
        assert_eq!(of_visible("NoDevFiles"), Visible::None);
        assert_eq!(of_visible(""), Visible::None);
        assert_eq!(of_visible("MIG-GPU-1/2/3"), Visible::Unclear);
        assert_eq!(of_visible("0 --help"), Visible::Unclear);
    }

    #[test]
    fn changes_are_told_and_idleness_once() {
        let mut teller = Teller::new(Duration::from_secs(1800));
        let start = clock::instant();
        let mut at = |seconds: u64, percent| {
            let told = teller.sample(vec![gpu(percent, 10)], start + Duration::from_secs(seconds));
            told.map(|entry| match entry {
                Entry::Gpus { seen, idle_too_long } => (seen.idle_seconds, idle_too_long),
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(at(0, Some(0)), Some((0, false)), "the first look");
        assert_eq!(at(30, Some(0)), None);
        assert_eq!(at(60, Some(90)), None, "too soon");
        assert_eq!(at(120, Some(90)), Some((0, false)));
        assert_eq!(at(300, Some(1)), Some((0, false)));
        assert_eq!(at(900, Some(0)), Some((600, false)));
        assert_eq!(at(1500, None), Some((0, false)), "not known is not idle");
        assert_eq!(at(1530, Some(0)), None);
        assert_eq!(at(3330, Some(0)), Some((1800, true)));
        assert_eq!(at(3360, Some(0)), None);
        assert_eq!(at(6000, Some(0)), Some((4470, false)), "once is enough");
    }

    #[test]
    fn the_last_look_is_told_at_the_end() {
        let mut teller = Teller::new(Duration::ZERO);
        let start = clock::instant();
        assert!(teller.sample(vec![gpu(Some(100), 10)], start).is_some());
        assert!(teller.sample(vec![gpu(Some(0), 10)], start + Duration::from_secs(30)).is_none());
        match teller.last() {
            Some(Entry::Gpus { seen, idle_too_long }) => {
                assert_eq!((seen.mean_use_percent, idle_too_long), (Some(50), false))
            }
            other => panic!("{other:?}"),
        }
        assert!(teller.last().is_none());
    }
}

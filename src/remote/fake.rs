//! A login node for tests: it answers what it was told to, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Limits, Remote, RemoteError, Reply, Script};

/// What it is called.
const PLACE: &str = "ada@login";

/// Its copies share all of it.
#[derive(Debug, Clone, Default)]
pub struct FakeRemote {
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug, Default)]
struct Inside {
    replies: VecDeque<Result<Reply, RemoteError>>,
    asked: Vec<String>,
}

impl FakeRemote {
    /// Answers one more request so: sections by name, exit status and text.
    pub fn answers(
        &self,
        sections: impl IntoIterator<Item = (&'static str, i32, &'static str)>,
    ) -> &Self {
        self.lock().replies.push_back(Ok(Reply::from_sections(sections)));
        self
    }

    /// Fails one more request so.
    pub fn fails(&self, error: RemoteError) -> &Self {
        self.lock().replies.push_back(Err(error));
        self
    }

    /// The scripts that it was sent, in their order.
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remote for FakeRemote {
    /// Without an answer that is left, it cannot be reached.
    fn run(&mut self, script: Script, _: Limits) -> Result<Reply, RemoteError> {
        let mut inside = self.lock();
        inside.asked.push(script.shown().to_owned());
        let none_left = || RemoteError::Unreachable {
            place: PLACE.to_owned(),
            problem: "nobody answers".to_owned(),
        };
        inside.replies.pop_front().unwrap_or_else(|| Err(none_left()))
    }

    fn place(&self) -> String {
        PLACE.to_owned()
    }
}

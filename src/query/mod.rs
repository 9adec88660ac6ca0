//! What somebody can ask without changing anything. Each door asks here, and shows the answer in its
//! own way.

mod findings;
mod leaderboard;
mod loops;
mod messages;
mod next;
mod outcome;
mod sprints;
mod status;
mod studies;
mod suggest;
mod tasks;
mod which;

pub use findings::{FindingsQuestion, findings};
pub use leaderboard::{LeaderboardQuestion, leaderboard};
pub use loops::{LoopsQuestion, auto_loop, loops};
pub use messages::messages;
pub use sprints::{SprintsQuestion, sprint, sprints};
pub use status::status;
pub use studies::{studies, study};
pub use suggest::{Named, suggestions};
pub use tasks::{Drawing, TasksQuestion, drawing, graph, task, tasks};
pub use which::{Fits, live, newest, none_chosen};

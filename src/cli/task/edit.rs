//! `researchloop task edit`

use clap::Args;

use super::ManyArgs;
use super::lines::tell_each;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::ui::Ui;
use crate::cli::{input, values};
use crate::problem::{Problem, ProblemKind};
use crate::task::{self, TaskEdit};

#[derive(Debug, Args)]
pub struct EditArgs {
    #[command(flatten)]
    tasks: ManyArgs,
    /// Another idea
    #[arg(long, value_name = "TEXT")]
    idea: Option<String>,
    /// How urgent it is: p0, p1 or p2
    #[arg(short, long)]
    priority: Option<String>,
    /// The task that it is a part of; `none` for none
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// When it is done, in words; empty for nothing
    #[arg(long, value_name = "TEXT")]
    done_when: Option<String>,
    /// A command for bash that must succeed before it is done; empty for none
    #[arg(long, value_name = "COMMAND")]
    verify: Option<String>,
    /// How often it may fail
    #[arg(long, value_name = "N")]
    max_attempts: Option<u32>,
    /// One more task that must have ended before, or the same with another condition
    #[arg(long, value_name = "ID[:HOW]")]
    needs: Vec<String>,
    /// A task that it does not need any more
    #[arg(long, value_name = "ID")]
    drop_need: Vec<String>,
}

/// Changes them.
pub fn run(app: &App, ui: &Ui, args: &EditArgs) -> Result {
    let usage = |message: &str| Problem::new(ProblemKind::Usage, message);
    if args.idea.is_some() && args.tasks.ids.len() > 1 {
        return Err(usage("--idea: several tasks cannot have the same idea"));
    }
    let needs = values::needs(&args.needs)?;
    let idea = args.idea.as_deref().map(|idea| input::given(idea, "the idea")).transpose()?;
    let edit = TaskEdit {
        idea: idea.as_deref(),
        priority: args.priority.as_deref().map(values::priority).transpose()?,
        parent: args.parent.as_ref().map(|parent| Some(parent).filter(|id| id.as_str() != "none")),
        done_when: args.done_when.as_deref(),
        verify: args.verify.as_deref(),
        max_attempts: args.max_attempts,
        needs: &needs,
        drop_needs: &args.drop_need,
    };
    if edit == TaskEdit::default() {
        return Err(usage("nothing to change was given")
            .hint("`researchloop task edit --help` shows what can be changed"));
    }
    let changed = task::edit(app, &args.tasks.ids, &edit)?;
    tell_each(ui, &changed, |task| format!("changed; it is {}", task.state))
}

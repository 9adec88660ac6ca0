//! What keeps a project going: money, notices, `status`, cron.

use super::{playing, text};
use crate::harness::Project;

#[test]
fn a_sprint_and_its_study_show_the_time_that_jobs_took() {
    let project = playing("", "");
    let id = project.submit("count the birds", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    // Nothing is allotted on a local cluster: no GPU, and that is known.
    assert_eq!((&sprint["spent"]["gpu_seconds"], &sprint["spent"]["gpu_unknown"]), (&0.into(), &false.into()), "{sprint:#}");
    let tokens = &sprint["tokens"];
    let all = ["input", "output", "cached"].iter().map(|kind| tokens[kind].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sprint["spent"]["tokens"].as_u64(), Some(all));
    assert_eq!(sprint["spent"]["cost_usd"], sprint["cost_usd"]);
    let shown = project.run(&["sprint", "show", &id]).success();
    assert!(shown.stdout.contains(" of job time\n"), "{shown}");
    let study = project.run(&["--json", "study", "show", "s"]).success().json()["study"].clone();
    assert_eq!(study["spent"]["cost_usd"], sprint["cost_usd"]);
    assert_eq!(study["spent"]["wall_seconds"], sprint["spent"]["wall_seconds"]);
}

#[test]
fn a_resource_for_gpus_means_something_on_grid_engine_only() {
    let project = Project::local("gpu_resource = \"gpu\"");
    let check = project.run(&["config", "check"]);
    assert!(check.to_string().contains("`gpu_resource` of cluster \"here\" has no effect: only Grid Engine needs it"), "{check}");
}

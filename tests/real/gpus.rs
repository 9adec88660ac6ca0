//! GPUs that a job has from Grid Engine, and leaves idle. The lab's nodes have none: a stand-in tells of one.

use super::support::{Kind, Site, calm, open_to_all};
use crate::harness::write_program;

#[test]
fn idle_gpus_of_a_job_are_told_once() {
    let _calm = calm();
    let mut site = Site::own(Kind::Sge);
    let bin = site.agent_program().with_file_name("bin");
    write_program(&bin.join("nvidia-smi"), "#!/bin/sh\necho '0, Tesla T4, 0, 3, 15360'\n");
    open_to_all(&bin);
    site.also("gpu_resource = \"gpu\"\njob_options = { \"-l\" = \"gpu=1\" }\nwarn_idle_gpus = 3");
    site.set("PATH", &format!("{}:/usr/bin:/bin", bin.display()));
    site.play("research:gate");
    let told = site.project.path("told");
    let config = std::fs::read_to_string(site.project.path("researchloop.toml")).expect("read");
    site.project.write("tell.sh", format!("cat >>'{0}'; echo >>'{0}'\n", told.display()));
    let tell = site.project.path("tell.sh").display().to_string();
    site.project.write("researchloop.toml", format!("notify_command = \"sh {tell}\"\n{config}"));

    let id = site.project.submit("an idea", &[]);
    let is_told =
        || std::fs::read_to_string(&told).unwrap_or_default().matches("gpus_idle").count();
    site.until(&id, "the notice", 120, |site| {
        site.project.run(&["tick"]);
        is_told() > 0
    });
    let text = std::fs::read_to_string(&told).expect("told");
    assert!(text.contains("its GPU has been idle for"), "{text}");
    let shown = site.project.run(&["show", &id]).success();
    assert!(shown.stdout.contains("GPUs:        Tesla T4, 0 % used, 0.0 of 15 GB"), "{shown}");
    site.project.let_go(&id);
    assert_eq!(site.project.finish(&id, 120)["status"], "completed");
    site.project.run(&["tick"]).success();
    let once = std::fs::read_to_string(&told).expect("told");
    let notices = once.lines().filter(|line| line.contains("\"gpus_idle\"")).count();
    assert_eq!(notices, 1, "{once}");
}

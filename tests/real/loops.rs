//! Loops on a real SLURM: with ticks that are killed, and people who answer late.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::{Kind, Site, calm, on_both};
use crate::harness::program;

on_both! { a_question_parks_a_sprint_and_the_answer_lets_it_finish }

pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

pub fn start(site: &Site, more: &[&str]) -> String {
    let output = site
        .project
        .run(&[&["--json", "loop", "start", "-s", "s", "--rounds", "0"], more].concat())
        .success();
    text(&output.json()["loop"], "id").to_owned()
}

pub fn shown(site: &Site, id: &str) -> Value {
    site.project.run(&["--json", "loop", "show", id]).success().json()["loop"].clone()
}

/// Each sprint of the loop completed, in one job each, and each later one was told what the
/// earlier ones had found.
pub fn is_whole(site: &Site, one: &Value, count: usize) {
    let sprints = one["sprints"].as_array().expect("sprints");
    assert_eq!(
        (text(one, "status"), text(one, "reason"), sprints.len()),
        ("completed", "count", count),
        "{one:#}"
    );
    let mut earlier: Vec<String> = Vec::new();
    for sprint in sprints {
        let id = text(sprint, "id");
        assert_eq!(text(sprint, "status"), "completed", "{one:#}");
        assert_eq!(site.jobs_of(id).len(), 1, "{}", site.explain(id));
        let folder = site.project.show(id)["remote_dir"].as_str().expect("a folder").to_owned();
        let prompt = std::fs::read_dir(format!("{folder}/.researchloop/steps"))
            .expect("steps")
            .flatten()
            .find(|file| {
                file.file_name().to_string_lossy().starts_with("idea")
                    && file.file_name().to_string_lossy().ends_with(".prompt.md")
            })
            .map(|file| std::fs::read_to_string(file.path()).expect("a prompt"))
            .expect("the job was asked for an idea");
        for idea in &earlier {
            assert!(prompt.contains(idea.as_str()), "{idea:?} was not told to {id}:\n{prompt}");
        }
        let idea = text(sprint, "idea").to_owned();
        assert!(!idea.is_empty() && !earlier.contains(&idea), "{one:#}");
        let finding =
            site.project.show(id)["finding"]["statement"].as_str().expect("a finding").to_owned();
        earlier.push(idea);
        earlier.push(finding.split_whitespace().take(6).collect::<Vec<_>>().join(" "));
    }
}

#[test]
fn killed_ticks_and_ticks_at_once_on_slurm() {
    let _lab = calm();
    let site = Site::new(Kind::Slurm);
    let id = start(&site, &["-n", "3"]);
    let tick = || {
        let mut tick = site.project.command(program());
        tick.arg("tick").stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started")
    };
    let began = Instant::now();
    let mut round = 0;
    let one = loop {
        round += 1;
        let mut killed = tick();
        std::thread::sleep(Duration::from_millis(round * 37 % 600));
        let _ = killed.kill();
        let _ = killed.wait();
        let (mut first, mut second) = (tick(), tick());
        let _ = (first.wait(), second.wait());
        let one = shown(&site, &id);
        if one["status"] != "running" {
            break one;
        }
        assert!(began.elapsed() < crate::harness::patience(300), "{one:#}");
    };
    is_whole(&site, &one, 3);
}

fn a_question_parks_a_sprint_and_the_answer_lets_it_finish(kind: Kind) {
    let _lab = calm();
    let mut site = Site::new(kind);
    site.play("research:ask=Which data set?_once");
    let (id, job) = site.submit("Ask me", &["--rounds", "0"]);
    // The laptop is off until the job is gone.
    site.wait_gone(&id, &job, 120);
    site.project.run(&["tick"]);
    let sprint =
        site.tick_until(&id, "the sprint is parked", 60, |sprint| sprint["status"] == "parked");
    let inbox = site.project.run(&["inbox"]).success();
    let message = text(&sprint, "waits_for").to_owned();
    assert!(
        inbox.stdout.contains("Which data set?") && inbox.stdout.contains(&message),
        "{inbox}\n{sprint:#}"
    );
    site.project.run(&["reply", &message, "the second one"]).success();
    // One tick brings the answer and a new job; then the laptop is off again.
    let sprint = site.tick_until(&id, "it has a new job", 60, |sprint| {
        sprint["status"] != "parked" && sprint["job_id"] != job.as_str()
    });
    let second = text(&sprint, "job_id").to_owned();
    site.wait_gone(&id, &second, 120);
    let sprint = site.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{}", site.explain(&id));
    assert_eq!(site.jobs_of(&id).len(), 2, "{}", site.explain(&id));
    let steps = format!("{}/.researchloop/steps", text(&sprint, "remote_dir"));
    let told = std::fs::read_dir(steps).expect("steps").flatten().any(|file| {
        std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains("the second one"))
            && file.file_name().to_string_lossy().ends_with(".md")
    });
    assert!(told, "the answer never reached the agent\n{}", site.explain(&id));
}

#[test]
fn an_idea_waits_for_approval_with_the_laptop_off() {
    let _lab = calm();
    let site = Site::new(Kind::Slurm);
    let id = start(&site, &["-n", "1", "--approve"]);
    let sprint = text(&shown(&site, &id)["sprints"][0], "id").to_owned();
    let job = text(&site.project.show(&sprint), "job_id").to_owned();
    site.wait_gone(&sprint, &job, 120);
    let parked =
        site.tick_until(&sprint, "the sprint is parked", 60, |sprint| sprint["status"] == "parked");
    site.project.run(&["reply", text(&parked, "waits_for"), "yes"]).success();
    let again = site.tick_until(&sprint, "it has a new job", 60, |sprint| {
        sprint["status"] != "parked" && sprint["job_id"] != job.as_str()
    });
    site.wait_gone(&sprint, text(&again, "job_id"), 120);
    let ended = site.finish(&sprint, 60);
    assert_eq!(text(&ended, "status"), "completed", "{}", site.explain(&sprint));
    site.project.run(&["tick"]);
    assert_eq!(text(&shown(&site, &id), "reason"), "count");
}

#[test]
fn gpu_hours_end_a_loop_and_shorten_its_jobs() {
    let _lab = calm();
    let mut site = Site::new(Kind::Sge);
    // However fast the machine is, a job takes three seconds.
    site.play("research:slow=3");
    site.also("gpu_resource = \"gpu\"\njob_options = { l = \"gpu=1\" }");
    // 100 s of one GPU; less than a minute is no job.
    let id = start(&site, &["-n", "30", "--max-gpu-hours", "0.0278"]);
    let first = shown(&site, &id);
    let sprint = site.project.show(text(&first["sprints"][0], "id"));
    assert_eq!(sprint["time_limit_seconds"], 100, "{sprint:#}");
    let began = Instant::now();
    let one = loop {
        site.project.run(&["tick"]);
        let one = shown(&site, &id);
        if one["status"] != "running" && one["live_count"] == 0 {
            break one;
        }
        assert!(began.elapsed() < crate::harness::patience(300), "{one:#}");
        std::thread::sleep(Duration::from_millis(300));
    };
    assert_eq!(
        (text(&one, "status"), text(&one, "reason")),
        ("stopped", "max_gpu_hours"),
        "{one:#}"
    );
    let used = one["gpu_hours"].as_f64().expect("a number");
    assert!(used > 0.0 && used <= 0.0278 && one["gpu_unknown"] == false, "{one:#}");
    site.project.run(&["loop", "resume", &id]).code(5).says("--max-gpu-hours");
    // Without the resource's name nobody can count: the loop is refused.
    let config = std::fs::read_to_string(site.project.path("researchloop.toml")).expect("read");
    site.project.write("researchloop.toml", config.replace("gpu_resource = \"gpu\"\n", ""));
    site.project
        .run(&["loop", "start", "-s", "s", "--max-gpu-hours", "1"])
        .code(2)
        .says("gpu_resource");
}

//! Cancelling: the job ends, and everything that it has started.

use super::endings::orphan_of;
use super::support::{Kind, Site, calm, lives, on_both};

on_both! { cancel_ends_the_job_and_what_it_has_started cancel_before_it_ran }

fn cancel_ends_the_job_and_what_it_has_started(kind: Kind) {
    let _lab = calm();
    let mut site = Site::new(kind);
    site.play("research:orphan,research:hang");
    let (id, job) = site.submit("something long", &[]);
    let sprint = site.tick_until(&id, "the orphan lives", 120, |sprint| {
        sprint["phase"] == "research" && orphan_of(sprint).is_some()
    });
    let orphan = orphan_of(&sprint).expect("a process");
    let output = site.project.run(&["sprint", "cancel", &id]);
    assert_eq!(output.code, 0, "{output}\n{}", site.explain(&id));
    assert!(
        output.stderr.contains("cancelled: the job is gone, and nothing that it started is left"),
        "{output}\n{}",
        site.explain(&id)
    );
    assert!(!lives(orphan), "the orphan {orphan} lives\n{}", site.explain(&id));
    assert_eq!(site.runners(&sprint), Vec::<u32>::new(), "the runner lives");
    let left = super::support::processes(|words| {
        words.iter().any(|word| word.contains(sprint["directory"].as_str().expect("a name")))
    });
    assert_eq!(left, Vec::<u32>::new(), "processes are left");
    assert_eq!(site.project.show(&id)["status"], "cancelled");
    assert!(
        site.queue().expect("the queue answers").iter().all(|(known, _)| *known != job),
        "the job is in the queue"
    );
    let again = site.project.run(&["sprint", "cancel", &id]);
    assert_eq!(again.code, 4, "{again}");
}

fn cancel_before_it_ran(kind: Kind) {
    let _lab = calm();
    let site = Site::new(kind);
    let held = if kind == Kind::Slurm { "hold=true" } else { "h=true" };
    let (id, job) = site.submit("something held", &["-o", held]);
    let sprint =
        site.tick_until(&id, "it is in the queue", 30, |sprint| sprint["status"] == "submitted");
    assert!(
        sprint["note"].as_str().is_some_and(|note| note.contains("held")),
        "{}",
        site.explain(&id)
    );
    let output = site.project.run(&["sprint", "cancel", &id]);
    assert_eq!(output.code, 0, "{output}\n{}", site.explain(&id));
    assert!(output.stderr.contains("cancelled before it ran"), "{output}");
    assert_eq!(site.project.show(&id)["status"], "cancelled");
    assert_eq!(site.queued(&job), None);
}

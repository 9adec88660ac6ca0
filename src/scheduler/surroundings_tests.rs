//! The account's environment and its login shell, against programs made for one test.

use std::path::Path;
use std::time::Duration;

use super::shell::testing::{Bench, asked, ids};
use super::{Scheduler, Submission, sge, sge_shell, slurm, slurm_shell};
use crate::domain::Seen;
use crate::platform::clock;
use crate::remote::Script;

/// Status and answer of a submission by a login node without the scheduler in its PATH.
fn submit(
    bench: &Bench,
    scheduler: &dyn Scheduler,
    before: &'static str,
) -> (i32, Submission, String) {
    let mut script = bench.script();
    bench.far_from_the_scheduler(&mut script);
    script.plain(before).section("submit", scheduler.submit());
    let reply = bench.run(script);
    let section = reply.section("submit").expect("there");
    let text = section.text().into_owned();
    (section.status, scheduler.read_submission(section.status, text.trim()), text)
}

fn in_site(bench: &Bench, name: &str, text: &str) {
    bench.program(name, text);
    std::fs::create_dir_all(bench.path().join("site")).expect("made");
    std::fs::rename(bench.path().join(name), bench.path().join("site").join(name)).expect("moved");
}

fn wait_for(path: &Path) {
    for _ in 0..3000 {
        if path.exists() {
            return;
        }
        clock::pause(Duration::from_millis(20));
    }
    panic!("{} did not appear", path.display());
}

fn profiles(calls: &[String]) -> usize {
    calls.iter().filter(|call| *call == "profile").count()
}

#[test]
fn what_the_account_has_set_changes_no_question_and_no_answer() {
    let bench = Bench::new();
    for program in ["squeue", "sacct", "scancel", "scontrol"] {
        bench.program(
            program,
            "env | grep -E '^(SLURM|SQUEUE|SACCT|SCANCEL|SCONTROL|SINFO|SPANK)_' >>\"$BENCH/seen\"",
        );
    }
    let mut script = bench.script();
    script.plain(
        "SQUEUE_PARTITION=gpu SQUEUE_STATES=R SQUEUE_FORMAT2=x SQUEUE_SORT=i SACCT_FORMAT=jobid SCANCEL_STATE=PENDING SCANCEL_INTERACTIVE=1 SCONTROL_ALL=1 \
         SLURM_TIME_FORMAT=%s SLURM_BITSTR_LEN=1 SLURM_JOB_NAME=x SLURM_EXIT_ERROR=0 SPANK_X=1 SLURM_CONF=/etc/x SLURM_CLUSTERS=a SLURM_JWT=t; \
         export SQUEUE_PARTITION SQUEUE_STATES SQUEUE_FORMAT2 SQUEUE_SORT SACCT_FORMAT SCANCEL_STATE SCANCEL_INTERACTIVE SCONTROL_ALL SLURM_TIME_FORMAT \
         SLURM_BITSTR_LEN SLURM_JOB_NAME SLURM_EXIT_ERROR SPANK_X SLURM_CONF SLURM_CLUSTERS SLURM_JWT",
    );
    for (name, text) in [
        ("look", slurm_shell::LOOK_UP),
        ("all", slurm_shell::LOOK_UP_ALL),
        ("end", slurm_shell::CANCEL),
    ] {
        script.section(name, text);
    }
    slurm::Slurm.ask(&mut script, &asked(&ids(&["7"])));
    bench.run(script);
    let seen = std::fs::read_to_string(bench.path().join("seen")).expect("called");
    let mut names: Vec<&str> = seen.lines().collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["SLURM_CLUSTERS=a", "SLURM_CONF=/etc/x", "SLURM_JWT=t"]);
}

#[test]
fn a_job_inherits_nothing_of_the_job_that_it_is_sent_from() {
    let bench = Bench::new();
    bench.program(
        "sbatch",
        "env | grep -E '^(SLURM|SBATCH|LC_ALL)' | sort | tr '\\n' ' ' >\"$BENCH/seen\"; echo 7",
    );
    let mut script = bench.script();
    script.set("RL_OVERRULED", "SBATCH_PARTITION SBATCH_MEM_PER_NODE").plain(
        "SLURM_MEM_PER_CPU=100 SLURM_JOB_ID=3 SLURM_NTASKS=4 SLURM_CONF=/etc/x SBATCH_PARTITION=short SBATCH_MEM_PER_NODE=1 SBATCH_ACCOUNT=lab SBATCH_WAIT=1; \
         export SLURM_MEM_PER_CPU SLURM_JOB_ID SLURM_NTASKS SLURM_CONF SBATCH_PARTITION SBATCH_MEM_PER_NODE SBATCH_ACCOUNT SBATCH_WAIT",
    );
    script.section("submit", slurm_shell::SUBMIT);
    bench.run(script);
    let seen = std::fs::read_to_string(bench.path().join("seen")).expect("called");
    assert_eq!(seen.trim(), "SBATCH_ACCOUNT=lab SLURM_CONF=/etc/x");
}

#[test]
fn a_slow_login_profile_is_slow_asked_once_and_remembered() {
    let bench = Bench::new();
    in_site(&bench, "sbatch", "echo 7");
    bench.profile("n=0; while [ ! -e ~/go ] && [ $n -lt 2000 ]; do sleep 0.1; n=$((n + 1)); done; PATH=$PATH:~/site");
    let slow = "RL_LOGIN_TRIES=2";
    for _ in 0..2 {
        let (status, submission, text) = submit(&bench, &slurm::Slurm, slow);
        let why = "sbatch was not found on the login node: the login profile took longer than 20 s";
        assert_eq!((status, submission), (91, Submission::NotSent(why.to_owned())), "{text}");
    }
    std::fs::write(bench.path().join("go"), "").expect("written");
    let host = String::from_utf8(
        crate::platform::process::command("uname").arg("-n").output().expect("uname").stdout,
    )
    .expect("a name");
    wait_for(&bench.path().join(".researchloop").join(format!("login-{}", host.trim())));
    for _ in 0..2 {
        let (status, _, text) = submit(&bench, &slurm::Slurm, slow);
        assert_eq!(status, 0, "{text}");
    }
    assert_eq!(profiles(&bench.calls()), 1);
    // A profile that hangs today changes nothing of what it said.
    std::fs::remove_file(bench.path().join("go")).expect("removed");
    let mut script = bench.script();
    bench.far_from_the_scheduler(&mut script);
    script.plain("RL_LOGIN_TRIES=2; RL_FRESH=1").section("submit", slurm_shell::SUBMIT);
    assert_eq!(bench.run(script).section("submit").map(|section| section.status), Some(0));
    std::fs::write(bench.path().join("go"), "").expect("written");
}

#[test]
fn a_login_profile_that_is_no_shell_is_not_a_program_that_is_missing() {
    let bench = Bench::new();
    for profile in ["exit 0", "exec cat", "false; exec sh -c :"] {
        bench.profile(profile);
        let (status, submission, text) = submit(&bench, &slurm::Slurm, "");
        assert!(
            status == 91
                && matches!(&submission, Submission::NotSent(why) if why.contains("starts another one")),
            "{profile}: {text}"
        );
    }
    // A whole answer without the program: it is not there.
    bench.profile(":");
    let (status, submission, _) = submit(&bench, &slurm::Slurm, "");
    assert!(status == 93 && matches!(submission, Submission::Refused(_)));
    // What is kept of it is not believed for an hour when it does not help.
    in_site(&bench, "sbatch", "echo 7");
    bench.profile("PATH=$PATH:~/site");
    assert_eq!(submit(&bench, &slurm::Slurm, "").0, 0);
}

#[test]
fn a_program_that_is_there_gets_the_surroundings_that_it_misses() {
    let bench = Bench::new();
    let answers = "if [ -z \"$SGE_ROOT\" ]; then echo 'Unable to initialize environment because of error: Please set the environment variable SGE_ROOT.' >&2; exit 1; fi";
    bench.program("qsub", &format!("{answers}\necho 12"));
    bench.program("qstat", &format!("{answers}\necho '<job_info></job_info>'"));
    bench.program("qacct", "echo 'error: job id 5 not found' >&2; exit 1");
    let site = "PATH=$BENCH:$PATH; unset SGE_ROOT SGE_CELL";
    bench.profile("");
    let (status, submission, text) = submit(&bench, &sge::Sge, site);
    assert!(status == 1 && matches!(submission, Submission::NotSent(_)), "{text}");
    bench.profile("export SGE_ROOT=/opt/sge SGE_CELL=main");
    std::fs::remove_dir_all(bench.path().join(".researchloop")).expect("removed");
    assert_eq!(submit(&bench, &sge::Sge, site).1, Submission::Accepted(ids(&["12"]).remove(0)));
    let mut script = bench.script();
    script.plain(site);
    sge::Sge.ask(&mut script, &asked(&ids(&["5"])));
    sge::Sge.ask_accounting(&mut script, &asked(&ids(&["5"])));
    let reply = bench.run(script);
    assert!(matches!(
        sge::Sge
            .read(&reply, &asked(&ids(&["5"])), None)
            .map(|look| look.seen.into_values().next()),
        Ok(Some(Seen::Absent))
    ));
    let mut script = bench.script();
    script.plain(site).section("probe", sge_shell::PROBE);
    assert_eq!(bench.run(script).section("probe").map(|section| section.status), Some(0));
    // The same of SLURM, and of a library.
    bench.profile("export SLURM_CONF=/etc/site LD_LIBRARY_PATH=/opt/slurm/lib");
    for misses in [
        "[ -n \"$SLURM_CONF\" ] || { echo 'sbatch: fatal: Could not establish a configuration source' >&2; exit 1; }",
        "[ -n \"$LD_LIBRARY_PATH\" ] || { echo 'sbatch: error while loading shared libraries: libslurm.so' >&2; exit 127; }",
    ] {
        bench.program("sbatch", &format!("{misses}\necho 7"));
        assert_eq!(
            submit(
                &bench,
                &slurm::Slurm,
                "RL_FRESH=1; PATH=$BENCH:$PATH; unset SLURM_CONF LD_LIBRARY_PATH"
            )
            .0,
            0
        );
    }
    // What the login shell does not change is not tried twice.
    bench.calls();
    bench.program("sbatch", "echo 'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)' >&2; exit 1");
    submit(
        &bench,
        &slurm::Slurm,
        "PATH=$BENCH:$PATH; SLURM_CONF=/etc/site LD_LIBRARY_PATH=/opt/slurm/lib; export SLURM_CONF LD_LIBRARY_PATH",
    );
    assert!(bench.calls().iter().filter(|call| call.starts_with("sbatch")).count() <= 2);
}

/// A login node of Grid Engine with these default files of its cell.
fn cell(bench: &Bench, request: &str, qstat: &str) -> Script {
    let common = bench.path().join("sge/default/common");
    std::fs::create_dir_all(&common).expect("made");
    std::fs::create_dir_all(bench.path().join("sprint")).expect("made");
    std::fs::write(common.join("sge_request"), request).expect("written");
    std::fs::write(common.join("sge_qstat"), qstat).expect("written");
    std::fs::write(
        bench.path().join("sprint/run_sprint.sh"),
        "#!/bin/bash\n#$ -N rl-sp-a1b2c3-1\n#$ -l h_rt=0:10:00\n# a sprint\ntrue\n#$ -N no\n",
    )
    .expect("written");
    bench.program("getent", "");
    let mut script = bench.script();
    script.plain("SGE_ROOT=$BENCH/sge; export SGE_ROOT; unset SGE_CELL");
    script
}

#[test]
fn default_files_of_grid_engine_change_no_submission() {
    let bench = Bench::new();
    bench.program(
        "qsub",
        "echo \"${LC_ALL-none}\" >\"$BENCH/lc\"; case $* in *'-@ '*) cp .researchloop/qsub-options \"$BENCH/options\" ;; esac; echo 12",
    );
    let submitted = |request: &str| {
        let mut script = cell(&bench, request, "");
        script.section("submit", sge_shell::SUBMIT);
        bench.calls();
        let status = bench.run(script).section("submit").map(|section| section.status);
        assert_eq!(status, Some(0));
        let call = bench.calls().into_iter().find(|call| call.starts_with("qsub")).expect("called");
        let options = std::fs::read_to_string(bench.path().join("options")).unwrap_or_default();
        let _ = std::fs::remove_file(bench.path().join("options"));
        (call, options.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let (call, options) = submitted("# ours\n-P vision -q all.q\n-b y -now y\n");
    assert!(call.contains("-b n -C #$ -sync n -now n -wd ") && !call.contains("-clear"), "{call}");
    assert_eq!(
        (
            options.as_str(),
            std::fs::read_to_string(bench.path().join("lc")).expect("called").trim()
        ),
        ("", "none")
    );
    let own = "-hard -N rl-sp-a1b2c3-1 -l h_rt=0:10:00";
    for hinders in [
        "-h",
        "-t 1-3",
        "-hold_jid 3,4",
        "-verify",
        "-w v",
        "-a 203001010000",
        "-i /tmp/x",
        "-tc 2",
    ] {
        let (call, options) = submitted(&format!("-P vision {hinders} -m e\n"));
        assert!(call.contains("-clear -@ .researchloop/qsub-options -b n"), "{call}");
        assert_eq!(options, format!("-P vision -m e {own}"), "{hinders}");
    }
    // Nothing keeps such a qsub from waiting: it is ended when its job is there.
    bench.program("qsub", "exec sleep 600").program("qstat", "echo 'job_number:    12'");
    let mut script = cell(&bench, "-P vision -sync yes\n", "");
    script.set("RL_NAME", "rl-sp-a1b2c3-1").section("submit", sge_shell::SUBMIT);
    let reply = bench.run(script);
    let section = reply.section("submit").expect("there");
    assert_eq!(
        sge::Sge.read_submission(section.status, section.text().trim()),
        Submission::Accepted(ids(&["12"]).remove(0))
    );
    bench.program("qsub", "echo 12");
    let (call, options) = submitted("-h -P old\n-clear -P new -w e\n");
    assert!(!call.contains("-@"), "{call}: {options}");
}

#[test]
fn default_files_of_qstat_hide_no_job() {
    let bench = Bench::new();
    bench
        .program("qstat", "echo '<job_info><queue_info></queue_info></job_info>'")
        .program("qacct", "exit 0");
    let looked = |defaults: &str| {
        let mut script = cell(&bench, "", defaults);
        let jobs = ids(&["5"]);
        sge::Sge.ask(&mut script, &asked(&jobs));
        sge::Sge.ask_accounting(&mut script, &asked(&jobs));
        bench.calls();
        let seen = sge::Sge.read(&bench.run(script), &asked(&jobs), None).map(|look| look.seen);
        (bench.calls().into_iter().find(|call| call.starts_with("qstat")).unwrap_or_default(), seen)
    };
    for (defaults, given) in [
        ("", "-s prs"),
        ("-s r\n", "-s prs"),
        ("-q all.q\n# -pe x\n", "-s prs -q *"),
        ("-g c\n", "-s prs -g d"),
        ("-ext -f\n", "-s prs"),
    ] {
        let (call, seen) = looked(defaults);
        assert!(call.ends_with(given) && seen.is_ok(), "{defaults}: {call}");
    }
    for defaults in ["-pe smp\n", "-l arch=x\n", "-j 1\n", "-s r -qs d\n", "-help"] {
        let (call, seen) = looked(defaults);
        assert!(
            call.is_empty()
                && seen.as_ref().is_err_and(|error| error.0.contains("hides jobs: take -")),
            "{defaults}: {seen:?}"
        );
    }
}

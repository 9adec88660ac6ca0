//! Pages of results: everything in one file, and nothing in it that runs or leads elsewhere by itself.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use super::{playing, text};
use crate::harness::Project;

/// A project with a sprint that has completed, and its id.
fn completed(idea: &str) -> (Project, String) {
    let project = playing("*:by_idea", "");
    let id = project.submit(idea, &["--rounds", "1"]);
    let ended = project.finish(&id, 60);
    assert_eq!(text(&ended, "status"), "completed", "{ended:#}");
    (project, id)
}

/// The page of a command, and its text.
fn page(project: &Project, arguments: &[&str]) -> (String, String) {
    let output = project.run(arguments).success();
    let path = output.stdout.trim().to_owned();
    let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    (path, page)
}

/// What stands in tags: what a browser does not show as text.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|part| part.split('>').next().unwrap_or_default()).collect()
}

/// Asserts that no tag of the page is one that somebody else could want.
#[track_caller]
fn is_inert(page: &str) {
    for tag in tags(page) {
        let name = tag.split([' ', '\n']).next().unwrap_or_default().to_ascii_lowercase();
        assert!(
            !["script", "iframe", "object", "embed", "link", "form", "base", "audio", "video"]
                .contains(&name.as_str()),
            "<{tag}>"
        );
        // A quotation mark in a value is escaped: what is left are names.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.to_ascii_lowercase().contains(" on"), "<{tag}>");
        let source = tag.split(" src=\"").nth(1);
        assert!(source.is_none_or(|source| source.starts_with("data:image/")), "<{tag}>");
    }
}

#[test]
fn the_page_of_a_sprint_begins_with_its_answer_and_has_everything_in_it() {
    let (project, id) = completed("does it help? [supported] [acc=0.9]");
    let (path, page) = page(&project, &["open", "--path"]);
    assert!(path.ends_with(&format!("artifacts/{id}/index.html")), "{path}");
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions())
            & 0o777,
        0o600
    );
    let at = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part} is missing: {page}"));
    let order = [
        "default-src 'none'",
        "<h1>does it help? [supported] [acc=0.9]</h1>",
        ">supported</span>",
        "<h2>Metrics</h2>",
        "<h2>Report</h2>",
        "data:image/svg+xml;base64,",
        "<summary>Findings</summary>",
        "<summary>Review, round 1</summary>",
        "<summary>Fixes, round 1</summary>",
        "<h2>Code</h2>",
        "<summary>code/descent.awk</summary>",
        "<h2>How to repeat it</h2>",
        &format!("researchloop sprint resubmit {id}"),
    ];
    order.windows(2).for_each(|pair| assert!(at(pair[0]) < at(pair[1]), "{pair:?}"));
    is_inert(&page);
    let json = project.run(&["--json", "open", &id]).success().json();
    assert_eq!((text(&json, "sprint_id"), text(&json, "page")), (id.as_str(), path.as_str()));
    let shown = project.run(&["open", "--term"]).success();
    assert!(shown.stdout.contains("Objective") && !shown.stdout.contains("## "), "{shown}");
    project.run(&["open", "sp-000000"]).code(3);
}

#[test]
fn the_page_of_a_study_leads_to_its_sprints() {
    let (project, id) = completed("does it help? [supported] [acc=0.9]");
    let (path, page) = page(&project, &["study", "open", "s", "--path"]);
    assert!(path.ends_with("artifacts/studies/s/index.html"), "{path}");
    let link = format!("<a href=\"../../{id}/index.html\">{id}</a>");
    assert!(page.contains(&link), "{page}");
    assert!(Path::new(&path).parent().unwrap().join(format!("../../{id}/index.html")).is_file());
    is_inert(&page);
}

#[test]
fn what_others_wrote_runs_nothing_and_asks_for_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let elsewhere = format!("http://{}", listener.local_addr().unwrap());
    let attack = format!(
        "<script>document.title='taken'</script><img src={elsewhere}/a onerror=\"document.title='taken'\">\
         <iframe src={elsewhere}/b></iframe><style>@import '{elsewhere}/c';</style><link rel=stylesheet href={elsewhere}/d>\
         <svg onload=\"document.title='taken'\"><a href=\"javascript:document.title='taken'\">x</a></svg>\
         ![x]({elsewhere}/e.png) [x](javascript:document.title='taken') </title></style></pre></code></td>\
         <meta http-equiv=refresh content=\"0;url={elsewhere}/f\"><base href={elsewhere}/> \"' onmouseover=document.title='taken' '\""
    );
    let (project, id) = completed(&format!("does it help? {attack}"));
    let folder = project.path(&format!("artifacts/{id}"));
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><script>document.title='taken'</script><image href=\"{elsewhere}/g\"/></svg>"
    );
    std::fs::write(folder.join("results/figure.svg"), svg).unwrap();
    for name in ["report.md", "findings.md", "red_team_round_1.md", "fixes_round_1.md"] {
        std::fs::write(folder.join(name), format!("# {attack}\n\n{attack}\n\n```\n{attack}\n```\n\n![{attack}](results/figure.svg)\n\n| {attack} |\n|---|\n| {attack} |\n")).unwrap();
    }
    std::fs::write(folder.join("code/descent.awk"), &attack).unwrap();
    // A link that leads out of the folder is not followed.
    std::fs::write(project.path("secret"), "nobody's business").unwrap();
    std::fs::remove_file(folder.join("code/figure.awk")).unwrap();
    std::os::unix::fs::symlink(project.path("secret"), folder.join("code/figure.awk")).unwrap();
    let database = rusqlite::Connection::open(project.path("researchloop.db")).unwrap();
    database.execute("UPDATE findings SET statement = ?1, numbers = '{}'", [&attack]).unwrap();
    database.execute("UPDATE metrics SET name = name || ?1, unit = ?1", [&attack]).unwrap();
    drop(database);
    let (of_sprint, sprint) = page(&project, &["open", &id, "--path"]);
    let (of_study, study) = page(&project, &["study", "open", "s", "--path"]);
    for (path, page) in [(of_sprint, sprint), (of_study, study)] {
        is_inert(&page);
        assert!(!page.contains("nobody's business") && !page.contains("nobody&#39;s business"));
        in_a_browser(&project, &path);
    }
    assert!(listener.accept().is_err(), "something was asked for");
}

/// Opens a page in a real browser, where there is one, and asserts that nothing of it ran.
#[expect(clippy::print_stderr, reason = "what was not tried is told")]
fn in_a_browser(project: &Project, page: &str) {
    let mut chromium = Command::new("chromium");
    chromium
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", project.path("browser").display()))
        .arg(format!("file://{page}"));
    let output = match chromium.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("there is no chromium here: the page was not opened in a browser");
            return;
        }
        output => output.unwrap(),
    };
    let (dom, log) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    assert!(title.is_some_and(|title| title != "taken" && !title.is_empty()), "{log}\n{dom}");
    assert!(dom.contains("How to repeat it") || dom.contains("Newest sprints"), "{dom}");
    assert!(!log.contains("CONSOLE"), "{log}");
}

#[test]
fn code_takes_no_room_from_results_and_nobody_elses_page_the_place_of_ours() {
    let (project, id) = completed("does it help? [supported] [acc=0.9]");
    let there = std::path::PathBuf::from(text(&project.show(&id), "remote_dir"));
    std::fs::create_dir_all(there.join("code/.venv/lib")).unwrap();
    for number in 0..700 {
        std::fs::write(there.join(format!("code/f{number:04}.py")), "pass\n").unwrap();
        std::fs::write(there.join(format!("code/.venv/lib/f{number:04}.py")), "pass\n").unwrap();
    }
    std::fs::write(there.join("train.py"), "print(1)\n").unwrap();
    std::fs::write(there.join("code/data.py"), vec![b'#'; 3 << 20]).unwrap();
    std::fs::write(there.join("index.html"), "<script>alert(1)</script>").unwrap();
    let here = project.path(&format!("artifacts/{id}"));
    std::fs::remove_dir_all(&here).unwrap();
    let fetched = project.run(&["sprint", "fetch", &id]).success().says("of code: more than 500");
    for name in ["results/metrics.json", "report.md", "results/figure.svg", "code/descent.awk"] {
        assert!(here.join(name).is_file(), "{name}: {fetched}");
    }
    assert_eq!(std::fs::read_dir(here.join("code")).unwrap().count(), 500);
    assert!(!here.join("code/.venv").exists() && !here.join("code/data.py").exists());
    project.run(&["sprint", "fetch", &id, "--all"]).success().says("index.html stays");
    assert!(here.join("code/.venv/lib/f0001.py").is_file());
    // What lies under that name is our page, made of what was fetched.
    is_inert(&std::fs::read_to_string(here.join("index.html")).unwrap());
    let (_, page) = page(&project, &["open", &id, "--path"]);
    is_inert(&page);
    project.run(&["sprint", "fetch", &id, "--all", "--to", "elsewhere"]).success();
    assert!(project.path("elsewhere/index.html").is_file());
    assert!(here.join("train.py").is_file());
}

#[test]
fn an_image_stands_once_in_a_page() {
    let (project, id) = completed("does it help? [supported] [acc=0.9]");
    let folder = project.path(&format!("artifacts/{id}"));
    std::fs::write(folder.join("results/figure.svg"), vec![b' '; 3 << 20]).unwrap();
    let report = "![a](results/figure.svg)\n\n".repeat(40);
    std::fs::write(folder.join("report.md"), report).unwrap();
    let (_, page) = page(&project, &["open", &id, "--path"]);
    assert_eq!(page.matches("data:image/svg+xml").count(), 1);
    std::fs::write(folder.join("report.md"), vec![b'x'; 2 << 20]).unwrap();
    let (_, page) = self::page(&project, &["open", &id, "--path"]);
    assert!(page.contains("report.md is too large"), "{}", page.len());
    project.run(&["open", &id, "--term"]).code(1).says("is larger than 1 MiB");
}

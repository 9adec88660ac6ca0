//! Notices: to an ntfy server of the test, and to a command.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::{playing, text};
use crate::harness::{Project, wait_until};

/// What a server was sent: the authorization and the JSON.
type Posts = Arc<Mutex<Vec<(String, serde_json::Value)>>>;

/// A server that answers every request with this status. Returns its address.
fn server(status: Arc<Mutex<&'static str>>) -> (String, Posts) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let posts = Posts::default();
    let kept = Arc::clone(&posts);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut authorization) = (0, String::new());
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some((name, value)) = line.split_once(':') {
                    match name.to_ascii_lowercase().as_str() {
                        "content-length" => length = value.trim().parse().unwrap(),
                        "authorization" => authorization = value.trim().to_owned(),
                        _ => {}
                    }
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            kept.lock().unwrap().push((authorization, serde_json::from_slice(&body).unwrap()));
            let status = *status.lock().unwrap();
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .unwrap();
        }
    });
    (address, posts)
}

fn configure(project: &Project, top: &str, more: &str) {
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", format!("{top}\n{config}\n{more}\n"));
}

fn titles(posts: &Posts) -> Vec<String> {
    posts.lock().unwrap().iter().map(|(_, post)| text(post, "title").to_owned()).collect()
}

#[test]
fn each_notice_goes_once_to_ntfy_and_to_the_command() {
    let mut project = playing("", "");
    project.set("RESEARCHLOOP_NTFY_TOKEN", "s3cr3t-token");
    project.set("RESEARCHLOOP_KEY_PASSPHRASE", "s3cr3t-phrase");
    let (url, posts) = server(Arc::new(Mutex::new("200 OK")));
    project.write("tell.sh", "#!/bin/sh\ncat >>told\necho \"$*\" >>words\nenv >>environment\necho noise; echo noise >&2\n");
    configure(
        &project,
        "notify_command = [\"sh\", \"tell.sh\", \"a b\"]",
        &format!("[ntfy]\nurl = \"{url}\"\ntopic = \"s3cr3t-topic\"\n"),
    );
    let id = project.submit("prüfe die Vögel 🐦", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    for _ in 0..2 {
        let _ = project.run(&["tick"]).success().never_says("s3cr3t");
    }
    assert_eq!(titles(&posts), [format!("s: {id} started"), format!("s: {id} completed")]);
    let posts = posts.lock().unwrap();
    assert!(posts.iter().all(|(authorization, post)| authorization == "Bearer s3cr3t-token"
        && post["topic"] == "s3cr3t-topic"));
    assert_eq!(text(&posts[0].1, "message"), "prüfe die Vögel 🐦");
    let message = text(&posts[1].1, "message");
    assert!(
        message.starts_with(text(&sprint, "summary").lines().next().unwrap())
            && message.contains("🐦"),
        "{message}"
    );
    let told = std::fs::read_to_string(project.path("told")).unwrap();
    let told: Vec<serde_json::Value> =
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = told.iter().map(|notice| text(notice, "kind")).collect();
    assert_eq!(kinds, ["started", "completed"]);
    assert_eq!(text(&told[1]["data"], "sprint_id"), id);
    assert!(!std::fs::read_to_string(project.path("environment")).unwrap().contains("s3cr3t"));
    assert_eq!(
        std::fs::read_to_string(project.path("words")).unwrap(),
        "a b\na b\n",
        "nothing of ours is an argument"
    );
}

#[test]
fn a_failure_is_told_with_what_to_do_and_a_dead_channel_holds_up_nothing() {
    let mut project = playing("research:replay=not_logged_in", "");
    let status = Arc::new(Mutex::new("503 Service Unavailable"));
    let (url, posts) = server(Arc::clone(&status));
    project.write("tell.sh", "cat >>told\nexit 3\n");
    configure(
        &project,
        "notify_command = \"sh tell.sh\"",
        &format!("[ntfy]\nurl = \"{url}\"\ntopic = \"t\"\n"),
    );
    let id = project.submit("x", &["--rounds", "0"]);
    // The next try comes a minute later by this clock, which stands until it is moved.
    let created: jiff::Timestamp = text(&project.show(&id), "created_at").parse().unwrap();
    project.set("RESEARCHLOOP_TEST_NOW", &created.to_string());
    let mut said = String::new();
    // One tick may see that it began and that it ended: then the second notice is for the next one.
    wait_until("both notices were tried", 60, || {
        let tick = project.run(&["tick", "--quiet"]);
        assert_eq!(tick.code, 0, "{tick}");
        said.push_str(&tick.stderr);
        let titles = titles(&posts);
        ["started", "failed"].iter().all(|word| titles.iter().any(|title| title.contains(word)))
    });
    assert_eq!(text(&project.show(&id), "status"), "failed");
    assert!(said.contains("ntfy: a notice was not sent: the server answered 503 Service Unavailable; it is tried again later"), "{said}");
    assert!(
        said.contains("notify_command: a notice was not sent: it ended with exit status 3"),
        "{said}"
    );
    // Each was tried once; the next try waits, although ticks go on.
    let tried = posts.lock().unwrap().len();
    project.run(&["tick"]).success();
    assert_eq!(posts.lock().unwrap().len(), tried);
    assert_eq!(
        titles(&posts).iter().filter(|title| title.contains("failed")).count(),
        1,
        "{:?}",
        titles(&posts)
    );
    let failed = posts
        .lock()
        .unwrap()
        .iter()
        .map(|(_, post)| post.clone())
        .find(|post| text(post, "title").contains("failed"))
        .unwrap();
    assert_eq!(
        (text(&failed, "title"), &failed["priority"]),
        (format!("s: {id} failed: login").as_str(), &4.into())
    );
    assert!(text(&failed, "message").contains("next: "), "{failed}");
    // A later tick, when the server is well again, sends what is due.
    *status.lock().unwrap() = "200 OK";
    project
        .set("RESEARCHLOOP_TEST_NOW", &(created + jiff::SignedDuration::from_mins(10)).to_string());
    for _ in 0..2 {
        project.run(&["tick"]);
    }
    assert_eq!(posts.lock().unwrap().len(), tried + 2, "{:?}", titles(&posts));
}

#[test]
fn what_happened_before_there_was_a_channel_is_no_flood() {
    let mut project = playing("", "");
    project.set("RESEARCHLOOP_TEST_NOW", "2026-01-01T00:00:00Z");
    let id = project.submit("x", &["--rounds", "0"]);
    project.finish(&id, 60);
    let (url, posts) = server(Arc::new(Mutex::new("200 OK")));
    configure(&project, "", &format!("[ntfy]\nurl = \"{url}\"\ntopic = \"t\"\n"));
    project.set("RESEARCHLOOP_TEST_NOW", "2026-01-02T00:00:01Z");
    project.run(&["tick"]).success();
    assert_eq!(posts.lock().unwrap().len(), 0);
    project.set("RESEARCHLOOP_TEST_NOW", "2026-01-01T23:59:00Z");
    project.run(&["tick"]).success();
    assert_eq!(titles(&posts), [format!("s: {id} started"), format!("s: {id} completed")]);
}

/// A server that speaks TLS with the certificate of the tests, and answers 200.
fn tls_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let read = |name: &str| {
        std::fs::read(crate::harness::sources().join("tests/data/tls").join(name)).unwrap()
    };
    let acceptor = native_tls::TlsAcceptor::new(
        native_tls::Identity::from_pkcs8(&read("cert.pem"), &read("key.pem")).unwrap(),
    )
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&bodies);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Who does not trust us hangs up.
            let Ok(mut stream) = acceptor.accept(stream.unwrap()) else { continue };
            let mut said = Vec::new();
            let mut piece = [0; 4096];
            while !said.ends_with(b"}") {
                match stream.read(&mut piece) {
                    Ok(count @ 1..) => said.extend_from_slice(&piece[..count]),
                    _ => break,
                }
            }
            kept.lock().unwrap().push(String::from_utf8_lossy(&said).into_owned());
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (address, bodies)
}

#[test]
fn a_server_with_tls_must_be_one_that_the_system_trusts() {
    let mut project = playing("", "");
    let (url, bodies) = tls_server();
    configure(&project, "", &format!("[ntfy]\nurl = \"{url}\"\ntopic = \"t\"\n"));
    let id = project.submit("x", &["--rounds", "0"]);
    wait_until("the job runs or is over", 60, || {
        let tick = project.run(&["tick"]);
        tick.stderr.contains("certificate verify failed")
    });
    assert_eq!(bodies.lock().unwrap().len(), 0, "nothing is told to a stranger");
    let cert = crate::harness::sources().join("tests/data/tls/cert.pem");
    project.set("SSL_CERT_FILE", cert.to_str().unwrap());
    project.finish(&id, 60);
    let bodies = bodies.lock().unwrap();
    assert!(bodies.iter().any(|body| body.contains(&format!("{id} completed"))), "{bodies:?}");
}

#[test]
fn ntfy_is_checked_like_the_rest() {
    let project = playing("", "");
    configure(&project, "", "[ntfy]\n");
    let check = project.run(&["config", "check"]);
    assert!(check.to_string().contains("`topic` of [ntfy] is missing: nothing is sent"), "{check}");
    let project = playing("", "");
    configure(&project, "", "[ntfy]\ntopik = \"s3cr3t\"\n");
    let check = project.run(&["config", "check"]).code(1).never_says("s3cr3t");
    assert!(check.to_string().contains("did you mean `topic`?"), "{check}");
    let mut project = playing("", "");
    project.set("RESEARCHLOOP_NTFY_TOPIC", "s3cr3t");
    let check = project.run(&["config", "check"]).success().never_says("s3cr3t");
    assert!(check.stdout.contains("[ntfy]\n  topic ") && check.stdout.contains("(set)"), "{check}");
}

#[test]
fn a_server_that_does_not_answer_holds_up_no_screen() {
    let project = playing("research:slow=3", "");
    // It takes the request, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let held = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&held);
    std::thread::spawn(move || {
        listener.incoming().for_each(|stream| kept.lock().unwrap().push(stream))
    });
    configure(&project, "", &format!("[ntfy]\nurl = \"{url}\"\ntopic = \"t\"\n"));
    let id = project.submit("x", &["--rounds", "0"]);
    let mut watch = project.spawn(&["sprint", "watch", &id]);
    wait_until("it is being told that the sprint has begun", 30, || {
        !held.lock().unwrap().is_empty()
    });
    let asked = std::time::Instant::now();
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&watch),
        rustix::process::Signal::INT,
    )
    .unwrap();
    assert_eq!(watch.wait().unwrap().code(), Some(130));
    // Whoever waits for the answer waits for 10 s.
    assert!(asked.elapsed().as_millis() < 9_500, "{:?}", asked.elapsed());
    // One notice of all ticks has waited for it; the others wait for the channel.
    project.finish(&id, 60);
    for _ in 0..3 {
        project.run(&["tick"]);
    }
    assert!(held.lock().unwrap().len() <= 2, "{}", held.lock().unwrap().len());
}

//! This machine as a login node: the same scripts, without a connection.

use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::script::{Payload, Script};
use super::{Limits, Remote, RemoteError, Reply};
use crate::platform::{clock, process, random};

/// The transport to this machine.
#[derive(Debug, Default)]
pub struct Local;

const PLACE: &str = "this machine";

impl Remote for Local {
    fn run(&mut self, script: Script, limits: Limits) -> Result<Reply, RemoteError> {
        let nonce = random::hex(16);
        let text = script.wire_text(&nonce);
        let shell_problem = |problem: std::io::Error| RemoteError::Shell {
            place: PLACE.to_owned(),
            problem: problem.to_string(),
        };
        let mut command = process::command("/bin/sh");
        command
            .args(["-c", r#"IFS= read -r n; eval "$(head -c "$n")""#])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // An interrupt at the terminal is for this program: what is asked for ends in order.
        command.process_group(0);
        // What is meant for this program is not for jobs: a passphrase may be among it.
        for (name, _) in std::env::vars_os()
            .filter(|(name, _)| name.to_string_lossy().starts_with("RESEARCHLOOP_"))
        {
            command.env_remove(name);
        }
        // cron and some services leave it out, and nothing that we run there can do without it.
        if std::env::var_os("HOME").is_none_or(|home| home.is_empty())
            && let Some(home) = dirs::home_dir()
        {
            command.env("HOME", home);
        }
        let mut child = command.spawn().map_err(shell_problem)?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(RemoteError::Shell {
                place: PLACE.to_owned(),
                problem: "no pipes".to_owned(),
            });
        };
        let payloads = script.payloads().to_vec();
        let writer = std::thread::spawn(move || -> std::io::Result<()> {
            input.write_all(format!("{}\n", text.len()).as_bytes())?;
            input.write_all(text.as_bytes())?;
            for payload in payloads {
                match payload {
                    Payload::Bytes(bytes) => input.write_all(&bytes)?,
                    Payload::File { path, len } => {
                        std::io::copy(&mut std::fs::File::open(path)?.take(len), &mut input)?;
                    }
                }
            }
            Ok(())
        });
        let (sender, answers) = std::sync::mpsc::channel();
        let max_bytes = limits.max_bytes;
        std::thread::spawn(move || {
            let mut raw = Vec::new();
            let read = output.take(max_bytes as u64 + 1).read_to_end(&mut raw);
            let _ = sender.send(read.map(|_| raw));
        });
        let started = clock::instant();
        // In pieces: this process may be stopped meanwhile, and that is no time of the script.
        let raw = loop {
            let left = limits.deadline.saturating_sub(clock::since(started));
            match answers.recv_timeout(left.min(Duration::from_secs(1))) {
                Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
                other => break other,
            }
        };
        if raw.is_err() {
            let _ = child.kill();
        }
        let _ = child.wait();
        let raw = raw
            .map_err(|_| RemoteError::Timeout {
                place: PLACE.to_owned(),
                after: clock::since(started),
            })?
            .map_err(shell_problem)?;
        if raw.len() > limits.max_bytes {
            return Err(RemoteError::TooLarge {
                place: PLACE.to_owned(),
                max_bytes: limits.max_bytes,
            });
        }
        // A script that ends early does not read all of its input: no fault of its own.
        let _ = writer.join();
        Reply::parse(&raw, &nonce).ok_or_else(|| RemoteError::Cut {
            place: PLACE.to_owned(),
            problem: "the last line is missing".to_owned(),
        })
    }

    fn place(&self) -> String {
        PLACE.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_values_arrive_exactly() {
        let mut script = Script::new();
        script.set("A", "it's $HOME `id` \"q\" \\ \n!x");
        script.section("value", r#"printf %s "$A""#);
        let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        script.section_with_input("sum", Payload::Bytes(bytes), "wc -c");
        script.section_with_input("unread", Payload::Bytes(vec![b'x'; 100_000]), "exit 3");
        script.section("after", "cat; echo ok");
        let reply = Local.run(script, Limits::default()).expect("an answer");
        assert_eq!(reply.section("value").expect("there").text(), "it's $HOME `id` \"q\" \\ \n!x");
        assert_eq!(reply.section("sum").expect("there").text().trim(), "300000");
        assert_eq!(reply.section("unread").map(|s| s.status), Some(3));
        assert_eq!(reply.section("after").expect("there").text(), "ok\n");
    }

    #[test]
    fn a_deadline_ends_a_script_that_hangs() {
        let mut script = Script::new();
        script.section("hang", "sleep 30");
        let error = Local
            .run(script, Limits { deadline: Duration::from_millis(100), max_bytes: 1000 })
            .expect_err("too late");
        assert!(matches!(error, RemoteError::Timeout { .. }), "{error}");
    }

    #[test]
    fn too_much_output_is_refused() {
        let mut script = Script::new();
        script.section("much", "yes");
        let error = Local
            .run(script, Limits { max_bytes: 10_000, ..Limits::default() })
            .expect_err("too much");
        assert!(matches!(error, RemoteError::TooLarge { .. }), "{error}");
    }
}

//! The journal on disks and beside programs that do it harm.

use super::*;

#[test]
fn numbers_go_on_behind_a_half_written_line() {
    let temp = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(temp.path().join(OWN_FOLDER)).expect("made");
    let (mut journal, before) = Journal::open(temp.path()).expect("opened");
    assert_eq!((before.len(), journal.incarnation()), (0, 1));
    journal.write(&Entry::Note { text: "one".to_owned() }).expect("written");
    journal.file.write_all(b"{\"v\":1,\"seq\":2,\"ti").expect("written");
    let (mut journal, before) = Journal::open(temp.path()).expect("opened");
    assert_eq!((before.len(), journal.incarnation()), (1, 2));
    journal.write(&Entry::Note { text: "two".to_owned() }).expect("written");
    let (lines, skipped) =
        parse(&std::fs::read(temp.path().join(".researchloop/run.jsonl")).expect("read"));
    assert_eq!(skipped, 1);
    assert_eq!(
        lines.iter().map(|line| (line.seq, line.incarnation)).collect::<Vec<_>>(),
        [(1, 1), (2, 2)]
    );
}

/// A sprint's folder, the runner's own in it, and a journal there.
fn opened() -> (tempfile::TempDir, PathBuf, Journal) {
    let temp = tempfile::tempdir().expect("a folder");
    let own = temp.path().join(OWN_FOLDER);
    std::fs::create_dir(&own).expect("made");
    let (journal, _) = Journal::open(temp.path()).expect("opened");
    (temp, own, journal)
}

fn note(text: &str) -> Entry {
    Entry::Note { text: text.to_owned() }
}

#[test]
fn a_journal_that_was_removed_or_replaced_is_written_again_whole() {
    let (_temp, own, mut journal) = opened();
    let read = || std::fs::read(own.join("run.jsonl")).expect("read");
    journal.write(&note("one")).expect("written");
    let before = read();

    std::fs::remove_dir_all(&own).expect("removed");
    journal.write(&note("two")).expect("written");
    assert!(read().starts_with(&before), "what was read before stays as it was");
    assert_eq!(parse(&read()).0.iter().map(|line| line.seq).collect::<Vec<_>>(), [1, 2, 3]);

    let before = read();
    std::fs::rename(own.join("run.jsonl"), own.join("other")).expect("renamed");
    std::fs::write(own.join("run.jsonl"), "forged\n").expect("written");
    journal.write(&note("three")).expect("written");
    assert!(read().starts_with(&before));
    assert_eq!(parse(&read()).0.len(), 5);
    assert_eq!(std::fs::read(own.join("other")).expect("read"), before);
}

#[test]
fn what_others_write_to_the_journal_is_taken_out_of_it() {
    let (_temp, own, mut journal) = opened();
    let path = own.join("run.jsonl");
    let read = || std::fs::read(&path).expect("read");
    let add = |text: &[u8]| {
        File::options()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(text))
            .expect("written")
    };
    let ended = Entry::StepEnded {
        verdict: "yes".to_owned(),
        detail: String::new(),
        critical: None,
        issues: Vec::new(),
        critical_issues: Vec::new(),
        seconds: 1,
        spent: crate::bundle::formats::Money::default(),
    };
    journal.write(&note("one")).expect("written");
    let forged = br#"{"v":1,"seq":2,"time":"2026-01-02T03:04:05Z","incarnation":1,"kind":"run_ended","status":"completed"}"#;
    for foreign in [[forged.as_slice(), b"\n"].concat(), forged[..20].to_vec(), vec![b'x'; 200_000]]
    {
        let before = read();
        add(&foreign);
        journal.write(&note("two")).expect("written");
        assert!(read().starts_with(&before));
        let (lines, skipped) = parse(&read());
        assert_eq!((skipped, lines.iter().any(|line| line.kind() == "run_ended")), (0, false));
        assert_eq!(
            lines.iter().map(|line| line.seq).collect::<Vec<_>>(),
            (1..=lines.len() as u64).collect::<Vec<_>>()
        );
        assert!(String::from_utf8_lossy(&read()).contains("was changed by something else"));
    }
    // Changed in its place, and as long as before: the lines that others rest on look for that.
    let before = read();
    let changed = String::from_utf8_lossy(&before).replace("\"one\"", "\"uno\"");
    std::fs::write(&path, changed).expect("written");
    journal.write(&ended).expect("written");
    assert!(read().starts_with(&before));
    // Made shorter.
    let before = read();
    File::options().write(true).open(&path).and_then(|file| file.set_len(10)).expect("cut");
    journal.write(&note("three")).expect("written");
    assert!(read().starts_with(&before) && parse(&read()).1 == 0);
}

#[test]
fn numbers_that_were_taken_in_advance_are_not_gone_on_from() {
    let temp = tempfile::tempdir().expect("a folder");
    let own = temp.path().join(OWN_FOLDER);
    std::fs::create_dir(&own).expect("made");
    let line = |seq: u64, incarnation: u32| {
        format!(
            "{{\"v\":1,\"seq\":{seq},\"time\":\"2026-01-02T03:04:05Z\",\"incarnation\":{incarnation},\"kind\":\"note\",\"text\":\"x\"}}\n"
        )
    };
    let text = [
        line(1, 1),
        line(u64::from(u32::MAX) - 2, 1),
        line(u64::MAX, 1),
        line(2, u32::MAX),
        line(2, 999_999),
        line(2, 1),
    ]
    .concat();
    std::fs::write(own.join("run.jsonl"), text).expect("written");
    let (mut journal, before) = Journal::open(temp.path()).expect("opened");
    assert_eq!(
        (before.iter().map(|line| line.seq).collect::<Vec<_>>(), journal.incarnation()),
        (vec![1, 2], 2)
    );
    journal.write(&note("three")).expect("written");
    let (lines, skipped) = parse(&std::fs::read(own.join("run.jsonl")).expect("read"));
    assert_eq!(
        (skipped, lines.iter().map(|line| line.seq).collect::<Vec<_>>()),
        (4, vec![1, 2, 3])
    );
}

#[test]
fn what_stands_in_the_place_of_the_journal_is_moved_or_the_needed_lines_fail() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = temp.path().join("sprint");
    let own = dir.join(OWN_FOLDER);
    std::fs::create_dir_all(&own).expect("made");
    let (mut journal, _) = Journal::open(&dir).expect("opened");
    let ended = Entry::StepEnded {
        verdict: "yes".to_owned(),
        detail: String::new(),
        critical: None,
        issues: Vec::new(),
        critical_issues: Vec::new(),
        seconds: 1,
        spent: crate::bundle::formats::Money::default(),
    };
    let count = || parse(&std::fs::read(own.join("run.jsonl")).expect("read")).0.len();
    journal.write(&note("one")).expect("written");
    std::fs::remove_file(own.join("run.jsonl")).expect("removed");
    std::fs::create_dir(own.join("run.jsonl")).expect("made");
    journal.write(&note("two")).expect("written");
    assert_eq!(count(), 3);

    std::fs::remove_file(own.join("run.jsonl")).expect("removed");
    std::fs::create_dir_all(own.join("run.jsonl/full")).expect("made");
    journal.write(&ended).expect("written");
    assert_eq!(count(), 5);
    let kept = std::fs::read_dir(&own)
        .expect("read")
        .flatten()
        .any(|entry| entry.path().join("full").is_dir());
    assert!(kept, "what was in it is still there");

    std::fs::remove_dir_all(&own).expect("removed");
    std::os::unix::fs::symlink(temp.path(), &own).expect("linked");
    journal.write(&ended).expect("written");
    assert_eq!(count(), 7);
    assert!(!temp.path().join("run.jsonl").exists(), "the link was not followed");

    std::fs::remove_dir_all(&dir).expect("removed");
    journal.write(&note("three")).expect("a note is not worth the run");
    assert!(journal.write(&ended).is_err(), "nobody could read it");
}

#[test]
fn a_line_that_cannot_be_written_is_counted_and_the_needed_ones_fail() {
    let temp = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(temp.path().join(OWN_FOLDER)).expect("made");
    let (mut journal, _) = Journal::open(temp.path()).expect("opened");
    let path = temp.path().join(".researchloop/run.jsonl");
    journal.write(&note("one")).expect("written");
    // A descriptor that cannot write fails as a broken file server does.
    let sound = std::mem::replace(&mut journal.file, File::open(&path).expect("opened"));
    journal.write(&note("two")).expect("told later");
    let ended = Entry::StepEnded {
        verdict: "yes".to_owned(),
        detail: String::new(),
        critical: None,
        issues: Vec::new(),
        critical_issues: Vec::new(),
        seconds: 1,
        spent: crate::bundle::formats::Money::default(),
    };
    assert!(journal.write(&ended).is_err());
    journal.file = sound;
    journal.write(&ended).expect("written");
    let (lines, skipped) = parse(&std::fs::read(&path).expect("read"));
    assert_eq!(
        (skipped, lines.iter().map(|line| line.seq).collect::<Vec<_>>()),
        (0, vec![1, 2, 3])
    );
    assert!(String::from_utf8_lossy(&std::fs::read(&path).expect("read")).contains("1 line of"));
}

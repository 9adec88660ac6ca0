//! Files that are no configuration at all.

use super::*;
use proptest::prelude::*;

fn refused(text: impl AsRef<[u8]>) -> String {
    match Project::new(text).load(&[]) {
        Err(error @ ConfigError::Unreadable { .. }) => {
            error.to_string().rsplit("researchloop.toml: ").next().unwrap_or_default().to_owned()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_text_is_refused_in_words() {
    assert_eq!(refused(b"\x7fELF\x02\x01\0\0"), "it is not a text file");
    assert_eq!(refused(b"name = \"a\"\nx = \"\xff\"\n"), "it is not UTF-8 (line 2)");
    assert_eq!(refused(vec![b'#'; 2_000_000]), "it is larger than 1024 KiB");
}

#[test]
fn a_folder_and_a_missing_file_are_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let environment = Environment::default();
    let error = load(folder.path(), &environment).expect_err("a folder");
    assert!(error.to_string().ends_with("it is a folder, expected a file"), "{error}");
    assert!(error.hints()[0].ends_with("/researchloop.toml?"), "{:?}", error.hints());
    let error = load(&folder.path().join("none.toml"), &environment).expect_err("missing");
    assert!(error.to_string().contains("none.toml: No such file"), "{error}");
}

#[test]
fn an_empty_file_and_one_from_windows_are_fine() {
    assert!(good("").clusters.is_empty());
    assert_eq!(
        good("\u{feff}[[cluster]]\r\nname = \"a\"\r\nworking_dir = \"~/a\"\r\n").clusters.len(),
        1
    );
    let problems = bad("\u{feff}x = 1\r\n\r\ny = 2\r\n");
    assert_eq!(
        shown(&problems),
        "researchloop.toml:1:1: error: unknown key \"x\"\n    1 | x = ***\n      | ^\nresearchloop.toml:3:1: error: unknown key \"y\"\n    3 | y = ***\n      | ^\n"
    );
}

#[test]
fn deep_nesting_does_not_crash() {
    bad(format!("a = {}", "[".repeat(100_000)));
    bad(format!("a = {}", "{a=".repeat(50_000)));
    bad(format!("{}b = 1", "a.".repeat(100_000)));
    bad(format!("[{}b]", "a.".repeat(1000)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn pieces_of_files_never_crash(pieces in proptest::collection::vec(
        prop_oneof![
            Just("[[cluster]]"), Just("[cluster]"), Just("[cluster.environment]"), Just("[[study]]"), Just("[[cluster.preset]]"), Just("[study"),
            Just("name"), Just("port"), Just("host"), Just("working_dir"), Just("context_paths"), Just("job_options"), Just("claude_command"),
            Just("="), Just(" "), Just("\n"), Just("\n"), Just("\""), Just("'"), Just("\"\"\""), Just("\"a\""), Just("\"~/x\""), Just("5"), Just("-1.5"),
            Just("true"), Just("["), Just("]"), Just("{"), Just("}"), Just(","), Just("."), Just("#"), Just("\\u0000"), Just("\t"), Just("\r"), Just("研究"), Just("\u{301}"),
        ], 0..60))
    {
        let project = Project::new(pieces.concat());
        if let Err(error) = project.load(&[]) {
            prop_assert!(!error.to_string().is_empty());
            for problem in error.problems() {
                prop_assert!(problem.line().is_none_or(|line| line >= 1));
            }
        }
    }
}

//! A page of the documentation that is made from the program.

use std::path::Path;

/// Compares a page with what it should be; with `UPDATE_DOCS=1` it is written instead.
///
/// # Panics
/// When the page is not up to date; the first line that differs is named.
#[track_caller]
pub fn is_up_to_date(file: &Path, page: &str) {
    if std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1") {
        std::fs::write(file, page).expect("written");
    }
    let found = std::fs::read_to_string(file).unwrap_or_default();
    if found != page {
        let same =
            found.lines().zip(page.lines()).take_while(|(found, wanted)| found == wanted).count();
        panic!(
            "{} is not up to date, from line {} on. UPDATE_DOCS=1 writes it anew.\n  it says:   {:?}\n  should be: {:?}",
            file.display(),
            same + 1,
            found.lines().nth(same).unwrap_or("(its end)"),
            page.lines().nth(same).unwrap_or("(its end)"),
        );
    }
}

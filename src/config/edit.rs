//! Changes the configuration file for somebody: comments and layout stay, and what would not be read
//! afterwards is not written.

use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use super::source::Source;
use super::{CheckOptions, Config, Environment, KEYS, Kind, Section, check_source};
use crate::domain::text;
use crate::platform::private;
use crate::problem::{Problem, ProblemKind};

/// What is to be changed of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `model`, or `job_options.mem`.
    pub key: String,
    /// The value, as a person types it; none takes the key out.
    pub value: Option<String>,
}

/// Changes keys of a study. A study that is not there is added at the end.
pub fn set_in_study(
    config: &Config,
    environment: &Environment,
    check_options: &CheckOptions,
    study: &str,
    changes: &[Change],
) -> Result<Config, Problem> {
    change(config, environment, check_options, |document| {
        let table = study_table(document, study)?;
        changes.iter().try_for_each(|change| apply(table, change))
    })
}

/// Reads the file, changes it, checks what came of that, and puts it in the place of the file.
fn change(
    config: &Config,
    environment: &Environment,
    check_options: &CheckOptions,
    edit: impl FnOnce(&mut DocumentMut) -> Result<(), Problem>,
) -> Result<Config, Problem> {
    let file = &config.file;
    let failed = |error: std::io::Error| {
        Problem::failed(format!("cannot change {}: {error}", file.display()))
            .hint("nothing was changed")
    };
    // Where the file really is: a link stays one.
    let place = file.canonicalize().map_err(failed)?;
    let _lock = lock(config).map_err(failed)?;
    let before = Source::read(file)?;
    let mut document: DocumentMut = before.text.parse().map_err(|error| {
        Problem::new(ProblemKind::Config, format!("{}: {error}", file.display()))
    })?;
    edit(&mut document)?;
    let after = Source::new(file, document.to_string());
    let changed = check_source(&after, environment, check_options).map_err(|error| {
        Problem::from(error).hint("nothing was changed: the file would not be read like this")
    })?;
    if after.text == before.text {
        return Ok(changed);
    }
    let (new, path) = beside(&place, after.text.as_bytes()).map_err(failed)?;
    let done = (|| {
        new.sync_all()?;
        // Somebody's editor does not know our lock.
        if Source::read(file).ok().is_none_or(|now| now.text != before.text) {
            return Err(std::io::Error::other("somebody else has changed it meanwhile"));
        }
        std::fs::rename(&path, &place)
    })();
    if done.is_err() {
        let _ = std::fs::remove_file(&path);
    }
    done.map_err(failed)?;
    Ok(changed)
}

/// Two who change it at once wait for each other.
fn lock(config: &Config) -> std::io::Result<File> {
    let folder = config.root.join(".researchloop");
    private::make_folder(&folder)?;
    let path = folder.join("config.lock");
    let file = private::options().write(true).create(true).truncate(false).open(path)?;
    file.lock()?;
    Ok(file)
}

/// A new file beside another, with its mode.
fn beside(place: &Path, text: &[u8]) -> std::io::Result<(File, PathBuf)> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let path = place.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let mut file = private::new_file(&path)?;
    file.write_all(text)?;
    let mode = std::fs::metadata(place)?.mode();
    file.set_permissions(Permissions::from_mode(mode & 0o7777))?;
    Ok((file, path))
}

/// The section of a study.
fn study_table<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut Table, Problem> {
    let studies = document.entry("study").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(studies) = studies.as_array_of_tables_mut() else {
        let problem = "the studies are not written as [[study]] sections";
        return Err(Problem::new(ProblemKind::Conflict, problem)
            .hint("only sections can be changed; edit the file by hand"));
    };
    let at = studies.iter().position(|table| {
        table.get("name").and_then(Item::as_str).is_some_and(|known| known == name)
    });
    let at = match at {
        Some(at) => at,
        None => {
            let mut table = Table::new();
            table.insert("name", value(name));
            table.decor_mut().set_prefix("\n");
            studies.push(table);
            studies.len() - 1
        }
    };
    studies.get_mut(at).ok_or_else(|| Problem::failed("a study is gone"))
}

fn apply(table: &mut Table, change: &Change) -> Result<(), Problem> {
    let Some((outer, inner)) = change.key.split_once('.') else {
        let kind = KEYS
            .iter()
            .find(|key| key.section == Section::Study && key.name == change.key)
            .map_or(Kind::Line, |key| key.kind);
        return put(table, &change.key, change.value.as_deref().map(|text| typed(kind, text)));
    };
    let pairs = table.entry(outer).or_insert(value(InlineTable::new()));
    let text = change.value.as_deref().map(|text| typed(Kind::Scalar, text));
    match (pairs.as_inline_table_mut(), text) {
        (Some(pairs), Some(text)) => {
            pairs.insert(inner, text);
        }
        (Some(pairs), None) => {
            pairs.remove(inner);
        }
        (None, text) => match pairs.as_table_mut() {
            Some(pairs) => put(pairs, inner, text)?,
            None => {
                return Err(Problem::new(
                    ProblemKind::Usage,
                    format!("{} is no table of options", text::line(outer)),
                ));
            }
        },
    }
    Ok(())
}

/// Puts a value in its place; what is written behind the old one stays.
fn put(table: &mut Table, key: &str, new: Option<Value>) -> Result<(), Problem> {
    let Some(mut new) = new else {
        table.remove(key);
        return Ok(());
    };
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        Some(Item::None) | None => {
            table.insert(key, value(new));
        }
        Some(_) => {
            return Err(Problem::new(
                ProblemKind::Usage,
                format!("{} is a section: change its keys", text::line(key)),
            ));
        }
    }
    Ok(())
}

/// What a person typed as a value of this kind: quotes are not needed. What does not fit is a text, and
/// the check of the configuration says what was expected.
fn typed(kind: Kind, typed: &str) -> Value {
    let as_toml = || typed.trim().parse::<Value>().ok();
    let found = match kind {
        Kind::Integer(..) | Kind::Hours | Kind::Money | Kind::Boolean => as_toml(),
        Kind::SecondsList => as_toml().or_else(|| format!("[{typed}]").parse().ok()),
        Kind::Options | Kind::Environment => as_toml(),
        Kind::Texts | Kind::Paths | Kind::Command => as_toml().filter(Value::is_array),
        _ => None,
    };
    let mut found = found.unwrap_or_else(|| Value::from(typed));
    found.decor_mut().clear();
    found
}

impl Change {
    /// Reads `KEY=VALUE`; an empty value takes the key out.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let (key, value) = text.split_once('=').filter(|(key, _)| !key.trim().is_empty()).ok_or_else(
            || {
                Problem::new(ProblemKind::Usage, format!("{text:?}: expected KEY=VALUE"))
                    .hint("for example model=opus or job_options.mem=64G; an empty value takes the key out")
            },
        )?;
        let value = (!value.is_empty()).then(|| value.to_owned());
        Ok(Self { key: key.trim().to_owned(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn none(
        _: crate::domain::SchedulerKind,
        _: &[&crate::domain::JobOptions],
    ) -> Vec<crate::config::OptionProblem> {
        Vec::new()
    }

    const TEXT: &str = "# mine\n[[cluster]]\nname = \"c\"\nscheduler_type = \"local\"\nworking_dir = \"~/w\"\n\n# the first\n[[study]]\nname = \"s\" # its name\ncluster = \"c\"\nmodel = \"opus\" # the best\n\n# the end\n";

    fn after(study: &str, changes: &[&str]) -> (Result<Config, Problem>, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("researchloop.toml");
        std::fs::write(&file, TEXT).expect("written");
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("set");
        let environment = Environment::default();
        let config = load(&file, &environment).expect("sound");
        let changes: Vec<Change> =
            changes.iter().map(|text| Change::parse(text).expect("a change")).collect();
        let result = set_in_study(&config, &environment, &none, study, &changes);
        assert_eq!(std::fs::metadata(&file).expect("there").mode() & 0o777, 0o640);
        let left = std::fs::read_dir(folder.path()).expect("there").flatten();
        assert!(
            left.map(|entry| entry.file_name())
                .all(|name| !name.to_string_lossy().ends_with(".new"))
        );
        (result, std::fs::read_to_string(&file).expect("there"))
    }

    #[test]
    fn comments_and_layout_stay_and_values_need_no_quotes() {
        let (result, text) = after(
            "s",
            &["model=sonnet", "max_cost_usd=2.5", "job_options.x=1", "allow_loop=false"],
        );
        result.expect("changed");
        let expected = TEXT.replace("\"opus\" # the best\n", "\"sonnet\" # the best\nmax_cost_usd = 2.5\njob_options = { x = \"1\" }\nallow_loop = false\n");
        assert_eq!(text, expected);
        let (result, text) = after("s", &["model="]);
        result.expect("changed");
        assert_eq!(text, TEXT.replace("model = \"opus\" # the best\n", ""));
    }

    #[test]
    fn what_would_not_be_read_is_not_written() {
        for (change, says) in [
            ("modell=opus", "did you mean `model`?"),
            ("max_cost_usd=much", "expected"),
            ("red_team_max_rounds=-1", "red_team_max_rounds"),
            ("cluster=nowhere", "nowhere"),
            ("description=a\nb\0c", "description"),
        ] {
            let (result, text) = after("s", &[change]);
            let problem = result.expect_err(change);
            let said = format!("{} {}", problem.message, problem.hints.join(" "));
            assert!(
                said.contains(says) && said.contains("nothing was changed"),
                "{change}: {said}"
            );
            assert_eq!(text, TEXT, "{change}");
        }
    }

    #[test]
    fn a_new_study_comes_last() {
        let (result, text) = after("two", &["cluster=c"]);
        assert_eq!(result.expect("changed").studies.len(), 2);
        assert_eq!(
            text,
            TEXT.replace(
                "\n# the end\n",
                "\n[[study]]\nname = \"two\"\ncluster = \"c\"\n\n# the end\n"
            )
        );
    }

    #[test]
    fn a_link_stays_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) =
            (folder.path().join("real.toml"), folder.path().join("researchloop.toml"));
        std::fs::write(&file, TEXT).expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        let environment = Environment::default();
        let config = load(&link, &environment).expect("sound");
        let change = [Change::parse("model=x").expect("a change")];
        set_in_study(&config, &environment, &none, "s", &change).expect("changed");
        assert!(
            link.is_symlink() && std::fs::read_to_string(&file).expect("there").contains("\"x\"")
        );
    }
}

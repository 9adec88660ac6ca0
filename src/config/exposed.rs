//! Whether a configuration that holds secrets can be read by others.

use std::os::unix::fs::MetadataExt as _;

use super::commands::is_secret_name;
use super::{Config, FILE_NAME, Setting};

/// Read permission of the group and of everybody.
const READABLE_BY_OTHERS: u32 = 0o044;

/// Says so, and what to do. Told by the commands that look at the configuration or at a cluster,
/// not by each one.
pub fn exposed(config: &Config) -> Option<String> {
    let mode = std::fs::metadata(&config.file).ok()?.mode();
    if mode & READABLE_BY_OTHERS == 0 {
        return None;
    }
    let name =
        config.file.file_name().map_or_else(|| FILE_NAME.into(), |name| name.to_string_lossy());
    // Of the variables of jobs, most are no secrets.
    let names_none = |path: &str| {
        path.split_once(".environment.").is_some_and(|(_, variable)| !is_secret_name(variable))
    };
    let is_secret = |setting: &Setting| {
        (setting.value == "(set)" || setting.value.contains("***")) && !names_none(&setting.path)
    };
    let in_file = |source: &str| {
        source.rsplit_once(':').is_some_and(|(file, _)| file.ends_with(name.as_ref()))
    };
    let mut keys = config
        .resolved()
        .iter()
        .filter(|setting| is_secret(setting) && in_file(&setting.source))
        .map(|setting| setting.path.as_str());
    let first = keys.next()?;
    let more = if keys.next().is_some() { " and others" } else { "" };
    Some(format!(
        "{} can be read by other users, and holds secrets (`{first}`{more}): `chmod 600` it",
        config.file.display()
    ))
}

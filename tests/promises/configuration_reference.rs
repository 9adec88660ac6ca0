//! `docs/configuration.md` is the table of keys that the program reads by. `UPDATE_DOCS=1`
//! writes it anew.

use researchloop::config::{Fallback, KEYS, Key, Kind, Section, VARIABLES};

use super::document;
use crate::harness::sources;

/// What stands above the tables.
const HEAD: &str = r#"# Configuration

Every key of `researchloop.toml`, made from the program's own table.

`researchloop config check --all` prints what holds for you, and where each value comes from; without `--all`, what differs from the defaults. Secrets are shown as `(set)`. In commands (`claude_command`, `notify_command`, `evaluator`) this is shown as `***`: the value of a variable, header or option whose name has `secret`, `passw`, `credential` or `apikey` in it, or `key`, `token`, `auth`, `authorization`, `bearer`, `pat` or `pass` as one of its words; what follows `Authorization:`, `Bearer` and `Basic`; words that begin with `sk-`; what stands in front of the `@` of an address; what follows the colon after `-u`, `--user` and `--proxy-user`; a command in a command that cannot be taken apart. Other secrets are not recognised. Keep secrets out of commands: `[cluster.environment]` is made for them.

## Where the file is looked for

1. The file that `-c FILE` names.
2. The file that `RESEARCHLOOP_CONFIG` names.
3. `researchloop.toml` in the working directory, then in each folder above it.
4. `researchloop/researchloop.toml` in the user's configuration folder (`~/.config`).

A file that another user put into a folder that anyone can write to, such as `/tmp`, is passed over. Name it with `-c` if you want it.

## Rules

- **Mistakes** are reported all at once, each with its line. An unknown key is a mistake. `config check` also checks the job options of each cluster and each study; other commands check those that they use.
- **Names** of clusters and studies are made of letters, digits, dots, dashes, underscores and blanks between them, at most 100 bytes. They begin with a letter, a digit or an underscore.
- **`retry_delays`** takes at most 20 waits of at most a day each. An empty list tries nothing again.
- **`evaluator`** prints its result as its last line: a finite number, or `{"value": 0.9, "n": 5, "spread": 0.01}` ([findings.md](findings.md)).
- **Paths on this machine** (type "local path") are relative to the folder of the file. `~` is your home folder.
- **Paths on the cluster** are absolute, or begin with `~/` for the home folder there. Variables such as `$USER` are not expanded in them. A relative `sprints_dir` lies under `working_dir`.
- **Variables** go before the file. An empty variable counts as not set.
- **`claude_command`**: study before cluster before the top of the file. `~/` at the beginning of a word is the home folder where it runs: that of the cluster in a job.
- **`job_options`**: cluster, then study, then `-o` of the sprint. A later value wins. An empty value (`""`) or `false` removes one. Other spellings of one option count as that option: `c` and `cpus-per-task`, `-l` and `l`.
- **Context**: the top of the file, then cluster, then study. All parts go into the prompts, in that order. Within each part, `context` comes first, then the files of `context_paths`. For a study, the file of `claude_md_path` follows, then Directive and Constraints of its `program.md`. A file that is not there is a warning, not an error.
- **`environment`**: values reach the job in a private file beside the job script, never in the script. `$NAME` and `${NAME}` are expanded on the node; nothing else is. What the agent repeats of them is masked ([operations.md](operations.md#secrets-that-an-agent-repeats)).
- **Prompts** are templates. A file `templates/skills/research.md.j2` beside the configuration replaces the built-in one of that name: `idea`, `research`, `red_team`, `fix`, `report`, `summarize`, `tweak`, `plan`, `repair`, `continue`, and the parts `_long_running` and `_messages`. Files of other names are ignored.
- **SSH**: the values of `researchloop.toml` come first, then what `ssh -G HOST` says of your own configuration (user, port, keys, certificates, agent, known and revoked host keys, address family), with its tokens and variables. Keys come from the agent or from files. When a login fails, the message names each key that was left out and why: a certificate that has expired, a passphrase that is needed, a file that is not there, a security token. Passwords are not supported, and neither is a jump host yet.
- **Other variables**: `XDG_CONFIG_HOME` says where your own configuration is looked for, otherwise `~/.config`; `https_proxy` and `SSL_CERT_FILE` are a proxy and a file of certificates for notices to ntfy; `NO_COLOR` and `COLUMNS` mean what they usually do.
- **This machine**: an empty `host` is this machine. So is `host = "localhost"` with `scheduler_type = "local"`. Anything else is reached over SSH. `transport` overrides this.
"#;

/// What only tests set; CONTRIBUTING.md names them.
const FOR_TESTS: [&str; 3] =
    ["RESEARCHLOOP_BIN", "RESEARCHLOOP_CRON_TRIAL", "RESEARCHLOOP_TEST_NOW"];

/// The type in the page's words.
fn kind(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Line => "one line of text".to_owned(),
        Kind::Path => "local path".to_owned(),
        Kind::Paths => "local path, or a list of them".to_owned(),
        Kind::Texts => "text, or a list of texts".to_owned(),
        Kind::RemoteDir => "path on the cluster".to_owned(),
        Kind::RemoteSubdir => "path on the cluster; may be relative".to_owned(),
        Kind::Secret => "text, secret".to_owned(),
        Kind::Environment => "table of names and values, secret".to_owned(),
        Kind::Options => "table of options".to_owned(),
        Kind::Choice(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        Kind::Url => "`http://` or `https://` address".to_owned(),
        Kind::Table(section) => format!("section `{}`", section.heading()),
        Kind::Tables(section) => format!("sections `{}`", section.heading()),
        other => other.expected(),
    }
}

fn fallback(key: &Key) -> String {
    match key.fallback {
        Fallback::Required => "**required**".to_owned(),
        Fallback::Nothing => "none".to_owned(),
        Fallback::Value(text) => format!("`{text}`"),
        Fallback::Derived(text) => text.to_owned(),
    }
}

fn row(key: &Key) -> String {
    let variable = key.variable.map_or_else(String::new, |name| format!("`{name}`"));
    let new = if key.is_new { " (new)" } else { "" };
    let cells = [
        format!("`{}`{new}", key.name),
        kind(key.kind),
        fallback(key),
        variable,
        key.meaning.to_owned(),
    ];
    format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n\"new\" marks keys that the Python tool (0.1 to 0.3.11) does not have.\n");
    for section in Section::ALL {
        let title = if section.heading().is_empty() {
            "The top of the file".to_owned()
        } else {
            format!("`{}`", section.heading())
        };
        page.push_str(&format!("\n## {title}\n\n"));
        if !section.is_used() {
            page.push_str("Known, so that a file of the Python tool loads, but not used yet. Mistakes in it are warnings.\n\n");
        }
        page.push_str("| key | type | default | variable | meaning |\n|---|---|---|---|---|\n");
        page.extend(section.keys().map(row));
    }
    page.push_str("\n## Variables that belong to no key\n\n| variable | meaning |\n|---|---|\n");
    let for_users = VARIABLES.iter().filter(|(name, _)| !FOR_TESTS.contains(name));
    page.extend(for_users.map(|(name, meaning)| format!("| `{name}` | {meaning} |\n")));
    page
}

#[test]
fn the_page_of_the_configuration_is_the_table_of_keys() {
    let page = page();
    for key in KEYS {
        assert!(page.contains(&format!("| `{}`", key.name)), "{} is missing", key.name);
    }
    document::is_up_to_date(&sources().join("docs/configuration.md"), &page);
}

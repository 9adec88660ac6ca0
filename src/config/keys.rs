//! Every key and every variable of the configuration, in one table. Checking, the
//! defaults, "did you mean", `config check` and the documentation are read from it.

/// A part of the file that has keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// The keys above the first heading.
    Top,
    /// `[[cluster]]`.
    Cluster,
    /// `[[cluster.preset]]`.
    Preset,
    /// `[[study]]`.
    Study,
    /// `[slack]`.
    Slack,
    /// `[ntfy]`.
    Ntfy,
    /// `[dashboard]`.
    Dashboard,
}

impl Section {
    /// Every section, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::Top,
        Self::Cluster,
        Self::Preset,
        Self::Study,
        Self::Slack,
        Self::Ntfy,
        Self::Dashboard,
    ];

    /// The heading as it is written in the file; empty for the top.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Top => "",
            Self::Cluster => "[[cluster]]",
            Self::Preset => "[[cluster.preset]]",
            Self::Study => "[[study]]",
            Self::Slack => "[slack]",
            Self::Ntfy => "[ntfy]",
            Self::Dashboard => "[dashboard]",
        }
    }

    /// Whether the program uses the section. One that it knows but does not use gives
    /// warnings only.
    pub fn is_used(self) -> bool {
        matches!(self, Self::Top | Self::Cluster | Self::Study | Self::Ntfy)
    }

    /// Its keys.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        KEYS.iter().filter(move |key| key.section == self)
    }

    /// The key of this name.
    pub fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Any text, of several lines perhaps.
    Text,
    /// One line.
    Line,
    /// One word that no program takes for an option: no blanks, no `-` in front.
    Word,
    /// A host name, without a user and without a port.
    Host,
    /// The name of a cluster.
    ClusterName,
    /// The name of a study.
    StudyName,
    /// A path on this machine, relative to the folder of the file; `~` is expanded.
    Path,
    /// A folder on the cluster: absolute, or in the home folder there.
    RemoteDir,
    /// A folder on the cluster that may also be relative, without `..`.
    RemoteSubdir,
    /// A text or a list of texts.
    Texts,
    /// A path on this machine or a list of them.
    Paths,
    /// A command line, split as a shell would, or a list of its words.
    Command,
    /// A text that is never shown.
    Secret,
    /// An address that starts with `http://` or `https://`.
    Url,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number within these bounds.
    Integer(u64, u64),
    /// A number of hours, with a fraction perhaps; at least a minute.
    Hours,
    /// An amount of money above zero.
    Money,
    /// `true` or `false`.
    Boolean,
    /// A list of whole numbers of seconds.
    SecondsList,
    /// A table of options for the scheduler.
    Options,
    /// A table of environment variables; their values are never shown.
    Environment,
    /// A text or a number: a key that nothing reads yet.
    Scalar,
    /// A section of its own.
    Table(Section),
    /// A section that may come several times.
    Tables(Section),
}

impl Kind {
    /// What was expected, for a message and for the documentation.
    pub fn expected(self) -> String {
        match self {
            Self::Text | Self::Line | Self::Secret | Self::Path => "text".to_owned(),
            Self::Word => "a single word".to_owned(),
            Self::Host => "a host name".to_owned(),
            Self::ClusterName | Self::StudyName => "a name".to_owned(),
            Self::RemoteDir => "an absolute path or one that starts with ~/".to_owned(),
            Self::RemoteSubdir => "a path".to_owned(),
            Self::Texts | Self::Paths => "text or a list of texts".to_owned(),
            Self::Command => "a command line or a list of its words".to_owned(),
            Self::Url => "an address that starts with http:// or https://".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Integer(min, u64::MAX) => format!("a whole number from {min}"),
            Self::Integer(min, max) => format!("a whole number from {min} to {max}"),
            Self::Hours => "a number of hours, at least one minute".to_owned(),
            Self::Money => "a number above 0".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::SecondsList => "a list of whole numbers (seconds)".to_owned(),
            Self::Options => "a table of texts, numbers and true or false".to_owned(),
            Self::Environment => "a table of names and values".to_owned(),
            Self::Scalar => "text or a number".to_owned(),
            Self::Table(section) | Self::Tables(section) => {
                format!("the section {}", section.heading())
            }
        }
    }

    /// Whether a value of this kind may hold something that must not be shown.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Environment)
    }
}

/// What holds when a key is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The key has to be given.
    Required,
    /// Nothing.
    Nothing,
    /// This value, written as in a variable.
    Value(&'static str),
    /// Something that follows from other keys, described here.
    Derived(&'static str),
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Where it stands.
    pub section: Section,
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// What holds without it.
    pub fallback: Fallback,
    /// The environment variable that goes before the file.
    pub variable: Option<&'static str>,
    /// One line for the documentation.
    pub meaning: &'static str,
    /// Whether the Python versions 0.1 to 0.3.11 do not know it.
    pub is_new: bool,
}

impl Key {
    const fn new(
        section: Section,
        name: &'static str,
        kind: Kind,
        fallback: Fallback,
        meaning: &'static str,
    ) -> Self {
        Self { section, name, kind, fallback, variable: None, meaning, is_new: false }
    }

    const fn variable(mut self, name: &'static str) -> Self {
        self.variable = Some(name);
        self
    }

    const fn added(mut self) -> Self {
        self.is_new = true;
        self
    }

    /// The default as the documentation shows it.
    pub fn default_text(&self) -> &'static str {
        match self.fallback {
            Fallback::Required => "required",
            Fallback::Nothing => "",
            Fallback::Value(text) | Fallback::Derived(text) => text,
        }
    }
}

const TOP: Section = Section::Top;
const CLUSTER: Section = Section::Cluster;
const PRESET: Section = Section::Preset;
const STUDY: Section = Section::Study;
const SLACK: Section = Section::Slack;
const NTFY: Section = Section::Ntfy;
const DASHBOARD: Section = Section::Dashboard;
const NOTHING: Fallback = Fallback::Nothing;
const REQUIRED: Fallback = Fallback::Required;
const DAY: u64 = 86_400;

const fn value(text: &'static str) -> Fallback {
    Fallback::Value(text)
}

const fn derived(text: &'static str) -> Fallback {
    Fallback::Derived(text)
}

/// Every key, section by section.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    Key::new(TOP, "db_path", Kind::Path, value("researchloop.db"), "the database file").variable("RESEARCHLOOP_DB_PATH"),
    Key::new(TOP, "artifact_dir", Kind::Path, value("artifacts"), "the folder for fetched results").variable("RESEARCHLOOP_ARTIFACT_DIR"),
    Key::new(TOP, "shared_secret", Kind::Secret, NOTHING, "the secret that clients of a server show; not used yet").variable("RESEARCHLOOP_SHARED_SECRET"),
    Key::new(TOP, "orchestrator_url", Kind::Url, NOTHING, "the address of a server that jobs can reach; not used yet").variable("RESEARCHLOOP_ORCHESTRATOR_URL"),
    Key::new(TOP, "claude_command", Kind::Command, value("claude --dangerously-skip-permissions"), "how Claude Code is started in a job"),
    Key::new(TOP, "context", Kind::Text, NOTHING, "what every sprint should know"),
    Key::new(TOP, "context_paths", Kind::Paths, NOTHING, "files with what every sprint should know"),
    Key::new(TOP, "notify_command", Kind::Command, NOTHING, "a command that is run for each notice, in the folder of this file, with the notice as JSON on standard input").added(),
    Key::new(TOP, "cluster", Kind::Tables(CLUSTER), NOTHING, "a place that runs jobs"),
    Key::new(TOP, "study", Kind::Tables(STUDY), NOTHING, "a question, its context and its defaults"),
    Key::new(TOP, "slack", Kind::Table(SLACK), NOTHING, "messages to Slack"),
    Key::new(TOP, "ntfy", Kind::Table(NTFY), NOTHING, "messages to ntfy"),
    Key::new(TOP, "dashboard", Kind::Table(DASHBOARD), NOTHING, "the web pages of a server"),

    Key::new(CLUSTER, "name", Kind::ClusterName, REQUIRED, "the name that studies refer to"),
    Key::new(CLUSTER, "host", Kind::Host, NOTHING, "the login node; empty means this machine"),
    Key::new(CLUSTER, "port", Kind::Integer(1, 65_535), value("22"), "the port of SSH"),
    Key::new(CLUSTER, "user", Kind::Word, NOTHING, "the user on the login node"),
    Key::new(CLUSTER, "key_path", Kind::Path, NOTHING, "the private key for SSH"),
    Key::new(CLUSTER, "scheduler_type", Kind::Choice(&["slurm", "sge", "local"]), value("slurm"), "what runs the jobs there"),
    Key::new(CLUSTER, "working_dir", Kind::RemoteDir, REQUIRED, "the folder for sprints on the cluster"),
    Key::new(CLUSTER, "max_concurrent_jobs", Kind::Integer(1, 100_000), value("4"), "how many jobs may be in the queue or running at once"),
    Key::new(CLUSTER, "environment", Kind::Environment, NOTHING, "environment variables for the job"),
    Key::new(CLUSTER, "job_options", Kind::Options, NOTHING, "options for the scheduler"),
    Key::new(CLUSTER, "claude_command", Kind::Command, NOTHING, "goes before the global claude_command"),
    Key::new(CLUSTER, "context", Kind::Text, NOTHING, "what sprints on this cluster should know"),
    Key::new(CLUSTER, "context_paths", Kind::Paths, NOTHING, "files with what sprints on this cluster should know"),
    Key::new(CLUSTER, "transport", Kind::Choice(&["local", "ssh"]), derived("ssh, unless the cluster is this machine"), "how the login node is reached").added(),
    Key::new(CLUSTER, "known_hosts", Kind::Path, NOTHING, "a file of host keys to use instead of ~/.ssh/known_hosts").added(),
    Key::new(CLUSTER, "poll_interval", Kind::Integer(1, DAY), value("30"), "seconds between two looks at the queue").added(),
    Key::new(CLUSTER, "runner", Kind::Path, NOTHING, "a researchloop binary for this cluster's platform, instead of this program or the `researchloop-runner-ARCH` beside it").added(),
    Key::new(CLUSTER, "connect_timeout", Kind::Integer(1, 3600), value("30"), "seconds until a connection attempt is given up").added(),
    Key::new(CLUSTER, "command_timeout", Kind::Integer(1, DAY), value("240"), "seconds until a command on the login node is given up").added(),
    Key::new(CLUSTER, "retry_delays", Kind::SecondsList, value("30, 120, 300"), "waits in seconds before a passing model error is tried again").added(),
    Key::new(CLUSTER, "gpu_resource", Kind::Word, NOTHING, "the resource that counts GPUs on Grid Engine, for GPU-hours: its value in `l` counts once a job, whatever `pe` says").added(),
    Key::new(CLUSTER, "warn_idle_gpus", Kind::Integer(0, DAY), value("1800"), "seconds that all GPUs of a job may be idle before you are told; 0 for never").added(),
    Key::new(CLUSTER, "preset", Kind::Tables(PRESET), NOTHING, "named resources for the forms of the dashboard"),

    Key::new(PRESET, "name", Kind::Scalar, REQUIRED, "the name in the form"),
    Key::new(PRESET, "gpu", Kind::Scalar, NOTHING, "GPUs"),
    Key::new(PRESET, "gres", Kind::Scalar, NOTHING, "the same as gpu"),
    Key::new(PRESET, "mem", Kind::Scalar, NOTHING, "memory"),
    Key::new(PRESET, "cpus", Kind::Scalar, NOTHING, "processors"),
    Key::new(PRESET, "cpus-per-task", Kind::Scalar, NOTHING, "the same as cpus"),
    Key::new(PRESET, "time", Kind::Scalar, NOTHING, "time limit"),
    Key::new(PRESET, "time_limit", Kind::Scalar, NOTHING, "the same as time"),
    Key::new(PRESET, "extra_options", Kind::Scalar, NOTHING, "more options for the scheduler"),
    Key::new(PRESET, "extra", Kind::Scalar, NOTHING, "the same as extra_options"),

    Key::new(STUDY, "name", Kind::StudyName, REQUIRED, "the name of the study"),
    Key::new(STUDY, "cluster", Kind::Line, derived("the only cluster"), "the cluster that its sprints run on"),
    Key::new(STUDY, "description", Kind::Text, NOTHING, "one line for listings"),
    Key::new(STUDY, "claude_md_path", Kind::Path, NOTHING, "a file that tells Claude about the study"),
    Key::new(STUDY, "context", Kind::Text, NOTHING, "what sprints of this study should know"),
    Key::new(STUDY, "context_paths", Kind::Paths, NOTHING, "files with what sprints of this study should know").added(),
    Key::new(STUDY, "sprints_dir", Kind::RemoteSubdir, derived("the name of the study"), "the folder for its sprints, under working_dir when relative"),
    Key::new(STUDY, "claude_command", Kind::Command, NOTHING, "goes before the cluster's claude_command"),
    Key::new(STUDY, "job_options", Kind::Options, NOTHING, "options for the scheduler, laid over the cluster's"),
    Key::new(STUDY, "max_sprint_duration_hours", Kind::Hours, value("8"), "the time that a sprint's job asks for"),
    Key::new(STUDY, "red_team_max_rounds", Kind::Integer(0, 100), value("3"), "how many rounds of criticism and repair at most"),
    Key::new(STUDY, "allow_loop", Kind::Boolean, value("true"), "whether loops may run sprints of this study"),
    Key::new(STUDY, "model", Kind::Word, NOTHING, "the model that Claude Code should use").added(),
    Key::new(STUDY, "red_team_session", Kind::Choice(&["shared", "fresh"]), value("shared"), "whether the critic continues the conversation or starts a new one").added(),
    Key::new(STUDY, "max_cost_usd", Kind::Money, NOTHING, "the most that one sprint may cost").added(),
    Key::new(STUDY, "max_study_cost_usd", Kind::Money, NOTHING, "the most that all sprints of the study may cost together").added(),
    Key::new(STUDY, "max_study_gpu_hours", Kind::Money, NOTHING, "the most GPU-hours that all sprints of the study may use together").added(),
    Key::new(STUDY, "metric", Kind::Line, NOTHING, "the name of the figure by which sprints of this study are compared").added(),
    Key::new(STUDY, "metric_better", Kind::Choice(&["higher", "lower"]), derived("required with metric"), "which way the metric gets better").added(),
    Key::new(STUDY, "evaluator", Kind::Text, NOTHING, "a shell command that measures the metric in the sprint's directory; the last line that it prints is the number, or an object with it").added(),

    Key::new(SLACK, "bot_token", Kind::Secret, NOTHING, "the token of the bot").variable("RESEARCHLOOP_SLACK_BOT_TOKEN"),
    Key::new(SLACK, "signing_secret", Kind::Secret, NOTHING, "the secret that requests are signed with").variable("RESEARCHLOOP_SLACK_SIGNING_SECRET"),
    Key::new(SLACK, "channel_id", Kind::Line, NOTHING, "the channel").variable("RESEARCHLOOP_SLACK_CHANNEL_ID"),
    Key::new(SLACK, "allowed_user_ids", Kind::Texts, NOTHING, "who may give orders").variable("RESEARCHLOOP_SLACK_ALLOWED_USER_IDS"),
    Key::new(SLACK, "restrict_to_channel", Kind::Boolean, value("false"), "whether orders count only in the channel"),

    Key::new(NTFY, "url", Kind::Url, value("https://ntfy.sh"), "the server").variable("RESEARCHLOOP_NTFY_URL"),
    Key::new(NTFY, "topic", Kind::Secret, NOTHING, "the topic; without one nothing is sent").variable("RESEARCHLOOP_NTFY_TOPIC"),
    Key::new(NTFY, "token", Kind::Secret, NOTHING, "the access token, where the server wants one").variable("RESEARCHLOOP_NTFY_TOKEN").added(),

    Key::new(DASHBOARD, "enabled", Kind::Boolean, value("true"), "whether there are pages at all"),
    Key::new(DASHBOARD, "host", Kind::Host, value("0.0.0.0"), "the address to listen on").variable("RESEARCHLOOP_DASHBOARD_HOST"),
    Key::new(DASHBOARD, "port", Kind::Integer(1, 65_535), value("8080"), "the port to listen on").variable("RESEARCHLOOP_DASHBOARD_PORT"),
    Key::new(DASHBOARD, "password_hash", Kind::Secret, NOTHING, "the hash of the password").variable("RESEARCHLOOP_DASHBOARD_PASSWORD_HASH"),
];

/// Variables that belong to no key: `(name, meaning)`.
pub const VARIABLES: &[(&str, &str)] = &[
    ("RESEARCHLOOP_CONFIG", "the configuration file, as with -c"),
    ("RESEARCHLOOP_KEY_PASSPHRASE", "the passphrase of the SSH key"),
    ("RESEARCHLOOP_LOG", "known from the Python tool; nothing reads it yet"),
    (
        "RESEARCHLOOP_CRON",
        "set in the line of `cron install`, so that `status` can say that cron ran the tick",
    ),
    ("RESEARCHLOOP_COMPLETE", "set by completion scripts when they ask for what may be meant"),
    ("RESEARCHLOOP_CRON_TRIAL", "that `cron install` tries the line"),
    ("RESEARCHLOOP_BIN", "the binary that tests run"),
    ("RESEARCHLOOP_TEST_NOW", "the time that tests see"),
    ("RESEARCHLOOP_SLACK_API_URL", "the address of Slack's interface; not used yet"),
    ("RESEARCHLOOP_DASHBOARD_PASSWORD", "the password of the web pages; not used yet"),
];

/// Beginnings of names that other parts of the program use as they like.
pub const VARIABLE_PREFIXES: &[&str] = &["RESEARCHLOOP_LAB_", "RESEARCHLOOP_JOB"];

/// Names of the variables that hold a secret.
pub fn secret_variables() -> impl Iterator<Item = &'static str> {
    let of_keys = KEYS.iter().filter(|key| key.kind.is_secret()).filter_map(|key| key.variable);
    of_keys.chain(["RESEARCHLOOP_KEY_PASSPHRASE", "RESEARCHLOOP_DASHBOARD_PASSWORD"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::kinds;

    #[test]
    fn every_default_reads_as_its_kind_and_names_are_unique() {
        for (i, key) in KEYS.iter().enumerate() {
            if let Fallback::Value(text) = key.fallback {
                assert!(
                    kinds::read_text(key.kind, text).is_ok(),
                    "{} of {:?}",
                    key.name,
                    key.section
                );
            }
            assert!(
                !KEYS[..i]
                    .iter()
                    .any(|other| other.section == key.section && other.name == key.name),
                "{} comes twice",
                key.name
            );
            assert!(!key.meaning.is_empty() && !key.meaning.ends_with('.'), "{}", key.name);
        }
    }
}

//! Makes typed values of what the file says, and checks what only several keys
//! together can tell: names that refer to each other, hosts and transports, files.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::keys::{Fallback, Section};
use super::kinds::{Pair, did_you_mean};
use super::paths::Base;
use super::problem::quoted;
use super::settings::Ledger;
use super::source::{Origin, Report};
use super::tree::Values;
use super::{CheckOptions, Cluster, Config, Ntfy, SessionMode, Study, Transport};
use crate::domain::finding::MAX_NAME;
use crate::domain::options::OptionProblem;
use crate::domain::{Better, ClusterName, JobOptions, SchedulerKind, Secret, StudyName};

/// The command when nobody gives one: the default of the global key.
pub(super) fn built_in_command() -> Vec<String> {
    match Section::Top.key("claude_command").map(|key| key.fallback) {
        Some(Fallback::Value(text)) => text.split(' ').map(str::to_owned).collect(),
        _ => vec!["claude".to_owned()],
    }
}

/// Returns nothing when something necessary is wrong; then the report says what.
pub(super) fn config(
    top: &Values,
    environment: &Environment,
    check: &CheckOptions,
    report: &mut Report<'_>,
) -> Option<Config> {
    let source = report.source;
    let absolute = std::path::absolute(&source.file).unwrap_or_else(|_| source.file.clone());
    let root = absolute.parent().unwrap_or(Path::new("/")).to_owned();
    let base = Base { root: &root, home: environment.home() };
    let mut build = Build { base, report };
    unique_names(top.children("cluster"), build.report);
    unique_names(top.children("study"), build.report);
    let mut ledger = Ledger { source, base, settings: Vec::new() };
    ledger.add("", top, &[]);

    let clusters: Vec<Option<Cluster>> =
        top.children("cluster").iter().map(|values| build.cluster(values)).collect();
    for (values, cluster) in top.children("cluster").iter().zip(&clusters) {
        if let Some(cluster) = cluster {
            ledger.add(
                &format!("cluster.{}.", cluster.name),
                values,
                &[("transport", cluster.transport.as_str().to_owned())],
            );
        }
    }
    let studies: Vec<Option<Study>> =
        top.children("study").iter().map(|values| build.study(values, top)).collect();
    for (values, study) in top.children("study").iter().zip(&studies) {
        if let Some(study) = study {
            let derived = [
                ("cluster", study.cluster.to_string()),
                ("sprints_dir", study.sprints_dir.clone()),
            ];
            ledger.add(&format!("study.{}.", study.name), values, &derived);
        }
    }
    check_options(top, &clusters, &studies, check, build.report);
    for values in top.children("ntfy") {
        ledger.add("ntfy.", values, &[]);
    }
    let settings = ledger.settings;
    Some(Config {
        db_path: build.path(top, "db_path")?,
        artifact_dir: build.path(top, "artifact_dir")?,
        claude_command: top.command("claude_command"),
        context: top.text("context").unwrap_or_default(),
        context_paths: build.paths(top),
        ntfy: build.ntfy(top),
        notify_command: top.command("notify_command"),
        shared_secret: top.text("shared_secret").map(Secret::new),
        orchestrator_url: top.text("orchestrator_url"),
        clusters: clusters.into_iter().collect::<Option<_>>()?,
        studies: studies.into_iter().collect::<Option<_>>()?,
        warnings: Vec::new(),
        settings,
        file: source.file.clone(),
        root: root.clone(),
    })
}

fn unique_names(all: &[Values], report: &mut Report<'_>) {
    for (i, values) in all.iter().enumerate() {
        let Some(found) = values.found("name") else { continue };
        let Some(first) = all[..i]
            .iter()
            .filter_map(|other| other.found("name"))
            .find(|other| other.value == found.value)
        else {
            continue;
        };
        let line = match &first.origin {
            Origin::File(span) => report.source.line_of(span.start),
            Origin::Variable(_) => 0,
        };
        report.error(
            &found.origin,
            format!("{} comes twice, first in line {line}", values.label),
            None,
        );
    }
}

struct Build<'b, 's> {
    base: Base<'b>,
    report: &'b mut Report<'s>,
}

impl Build<'_, '_> {
    fn ntfy(&mut self, top: &Values) -> Option<Ntfy> {
        let values = top.children("ntfy").first()?;
        let topic = values.text("topic").filter(|topic| !topic.is_empty());
        if topic.is_none() && !values.is_given("topic") {
            self.report.warning(
                &values.place,
                "`topic` of [ntfy] is missing: nothing is sent".to_owned(),
                Some("add topic = \"...\"".to_owned()),
            );
        }
        let token = values.text("token").filter(|token| !token.is_empty());
        Some(Ntfy {
            url: values.text("url")?,
            topic: Secret::new(topic?),
            token: token.map(Secret::new),
        })
    }

    fn cluster(&mut self, values: &Values) -> Option<Cluster> {
        let host = values.text("host").unwrap_or_default();
        let scheduler = SchedulerKind::parse(&values.text("scheduler_type").unwrap_or_default());
        let transport = self.transport(values, &host, scheduler);
        let key_path = self.file(values, "key_path");
        let runner = self.file(values, "runner");
        let known_hosts =
            if values.is_given("known_hosts") { self.path(values, "known_hosts") } else { None };
        let context_paths = self.paths(values);
        if values.found("gpu_resource").is_some()
            && scheduler.is_some_and(|kind| kind != SchedulerKind::Sge)
        {
            let message = format!(
                "`gpu_resource` of {} has no effect: only Grid Engine needs it",
                values.label
            );
            self.report.warning(
                values.place_of("gpu_resource"),
                message,
                Some("remove it".to_owned()),
            );
        }
        Some(Cluster {
            name: ClusterName::new(&values.text("name")?).ok()?,
            port: values.integer("port"),
            user: values.text("user"),
            key_path,
            scheduler: scheduler?,
            transport: transport?,
            working_dir: values.text("working_dir")?,
            max_concurrent_jobs: values.integer("max_concurrent_jobs"),
            environment: values
                .pairs("environment")
                .into_iter()
                .map(|pair| (pair.name, Secret::new(pair.value)))
                .collect(),
            job_options: options(values.pairs("job_options")),
            gpu_resource: values.text("gpu_resource"),
            claude_command: values.command("claude_command"),
            context: values.text("context").unwrap_or_default(),
            context_paths,
            known_hosts,
            poll_interval: values.integer("poll_interval"),
            runner,
            connect_timeout: values.integer("connect_timeout"),
            command_timeout: values.integer("command_timeout"),
            retry_delays: values.waits("retry_delays"),
            warn_idle_gpus: values.integer("warn_idle_gpus"),
            host,
        })
    }

    /// How the login node is reached, if the host and the key `transport` agree.
    fn transport(
        &mut self,
        values: &Values,
        host: &str,
        scheduler: Option<SchedulerKind>,
    ) -> Option<Transport> {
        let of = &values.label;
        let is_this_machine = host.is_empty() || host == "localhost";
        if values.is_given("host")
            && values.found("host").is_none()
            && host.is_empty()
            && self.report.is_incomplete()
        {
            return None;
        }
        let transport = match values.text("transport").as_deref() {
            Some("ssh") if host.is_empty() => {
                self.report.error(
                    values.place_of("transport"),
                    format!("`transport` of {of} is ssh, but `host` is empty"),
                    None,
                );
                return None;
            }
            Some("local") if !is_this_machine => {
                let message =
                    format!("`transport` of {of} is local, but `host` is {}", quoted(host));
                self.report.error(
                    values.place_of("transport"),
                    message,
                    Some("leave out `host`, or write transport = \"ssh\"".to_owned()),
                );
                return None;
            }
            Some("ssh") => Transport::Ssh,
            Some("local") => Transport::Local,
            _ if host.is_empty()
                || host == "localhost" && scheduler == Some(SchedulerKind::Local) =>
            {
                Transport::Local
            }
            _ => Transport::Ssh,
        };
        if transport == Transport::Local
            && !values.is_given("host")
            && !values.is_given("transport")
        {
            for name in ["user", "key_path"].into_iter().filter(|name| values.found(name).is_some())
            {
                let message = format!(
                    "`{name}` of {of} has no effect: without `host` the cluster is this machine"
                );
                self.report.warning(values.place_of(name), message, None);
            }
        }
        Some(transport)
    }

    fn study(&mut self, values: &Values, top: &Values) -> Option<Study> {
        let cluster = self.study_cluster(values, top);
        let metric = self.metric(values);
        let claude_md_path = self.file(values, "claude_md_path");
        let context_paths = self.paths(values);
        let name = StudyName::new(&values.text("name")?).ok()?;
        Some(Study {
            cluster: cluster?,
            description: values.text("description").unwrap_or_default(),
            claude_md_path,
            context: values.text("context").unwrap_or_default(),
            context_paths,
            sprints_dir: values.text("sprints_dir").unwrap_or_else(|| name.to_string()),
            claude_command: values.command("claude_command"),
            job_options: options(values.pairs("job_options")),
            max_sprint_duration: values.integer("max_sprint_duration_hours"),
            red_team_max_rounds: values.integer("red_team_max_rounds"),
            allow_loop: values.boolean("allow_loop"),
            model: values.text("model"),
            red_team_session: match values.text("red_team_session").as_deref() {
                Some("fresh") => SessionMode::Fresh,
                _ => SessionMode::Shared,
            },
            max_cost_usd: values.number("max_cost_usd"),
            max_study_cost_usd: values.number("max_study_cost_usd"),
            max_study_gpu_hours: values.number("max_study_gpu_hours"),
            evaluator: given(values, "evaluator"),
            metric,
            name,
        })
    }

    /// The metric of a study: a name needs a direction, and an evaluator needs a name.
    fn metric(&mut self, values: &Values) -> Option<(String, Better)> {
        let of = &values.label;
        let better = values.text("metric_better").as_deref().and_then(Better::parse);
        match (given(values, "metric"), better) {
            (Some(name), _) if name.chars().count() > MAX_NAME => {
                self.report.error(
                    values.place_of("metric"),
                    format!("`metric` of {of} is longer than {MAX_NAME} characters"),
                    None,
                );
                None
            }
            (Some(name), Some(better)) => Some((name, better)),
            (Some(_), None) => {
                // A direction that could not be read has been told of.
                if !values.is_given("metric_better") {
                    let message = format!("`metric` of {of} needs `metric_better`");
                    let hint = "write metric_better = \"higher\" or metric_better = \"lower\"";
                    self.report.error(values.place_of("metric"), message, Some(hint.to_owned()));
                }
                None
            }
            (None, better) => {
                if given(values, "evaluator").is_some() && !values.is_given("metric") {
                    let message =
                        format!("`evaluator` of {of} needs `metric`: the name of what it measures");
                    let hint =
                        "write metric = \"NAME\" and metric_better = \"higher\" or \"lower\"";
                    self.report.error(values.place_of("evaluator"), message, Some(hint.to_owned()));
                } else if better.is_some() && !values.is_given("metric") {
                    let message = format!("`metric_better` of {of} has no effect without `metric`");
                    self.report.warning(values.place_of("metric_better"), message, None);
                }
                None
            }
        }
    }

    /// The cluster of a study. Without the key it is the only one there is.
    fn study_cluster(&mut self, values: &Values, top: &Values) -> Option<ClusterName> {
        let of = &values.label;
        let clusters = top.children("cluster");
        let names: Vec<String> =
            clusters.iter().filter_map(|cluster| cluster.text("name")).collect();
        match values.text("cluster") {
            Some(name) if names.contains(&name) => ClusterName::new(&name).ok(),
            // A cluster whose name could not be read may be the one.
            Some(_) if self.report.is_incomplete() || names.len() < clusters.len() => None,
            Some(name) => {
                let hint = did_you_mean(&name, names.iter().map(String::as_str))
                    .unwrap_or_else(|| known(&names));
                let message = format!("`cluster` of {of}: no cluster is named {}", quoted(&name));
                self.report.error(values.place_of("cluster"), message, Some(hint));
                None
            }
            None if values.is_given("cluster") || self.report.is_incomplete() => None,
            None if clusters.len() == 1 => ClusterName::new(names.first()?).ok(),
            None => {
                self.report.error(
                    &values.place,
                    format!("`cluster` of {of} is missing"),
                    Some(known(&names)),
                );
                None
            }
        }
    }

    /// A path that was given or has a default.
    fn path(&mut self, values: &Values, name: &str) -> Option<PathBuf> {
        let text = values.text(name)?;
        match self.base.resolve(&text) {
            Ok(path) => Some(path),
            Err(problem) => {
                self.report.error(values.place_of(name), format!("`{name}`: {problem}"), None);
                None
            }
        }
    }

    /// A path to a file that should be there.
    fn file(&mut self, values: &Values, name: &str) -> Option<PathBuf> {
        let path = self.path(values, name)?;
        let origin = values.place_of(name).clone();
        self.should_be_a_file(name, &values.label, &path, &origin);
        Some(path)
    }

    /// The files of `context_paths`.
    fn paths(&mut self, values: &Values) -> Vec<PathBuf> {
        const NAME: &str = "context_paths";
        let mut paths = Vec::new();
        for (text, span) in values.texts(NAME) {
            let origin = span.map_or_else(|| values.place_of(NAME).clone(), Origin::File);
            match self.base.resolve(&text) {
                Ok(path) => {
                    self.should_be_a_file(NAME, &values.label, &path, &origin);
                    paths.push(path);
                }
                Err(problem) => self.report.error(&origin, format!("`{NAME}`: {problem}"), None),
            }
        }
        paths
    }

    fn should_be_a_file(&mut self, name: &str, label: &str, path: &Path, origin: &Origin) {
        let of = if label.is_empty() { String::new() } else { format!(" of {label}") };
        let shown = quoted(&path.display().to_string());
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => self.report.warning(
                origin,
                format!("`{name}`{of}: {shown} is a folder, expected a file"),
                None,
            ),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.report.warning(
                    origin,
                    format!("`{name}`{of}: there is no file {shown}"),
                    None,
                );
            }
            Err(error) => self.report.warning(
                origin,
                format!("`{name}`{of}: {shown} cannot be read: {error}"),
                None,
            ),
        }
    }
}

/// Checks the options of each cluster, and those of each study over its cluster's.
fn check_options(
    top: &Values,
    clusters: &[Option<Cluster>],
    studies: &[Option<Study>],
    check: &CheckOptions,
    report: &mut Report<'_>,
) {
    let mut told = |values: &Values, kind, options: &[&JobOptions], known: &[OptionProblem]| {
        let pairs = values.pairs("job_options");
        let problems = check(kind, options);
        for problem in &problems {
            let own = pairs.iter().find(|pair| pair.name == problem.key);
            // What a study has from its cluster was told there.
            if own.is_none() && known.contains(problem) {
                continue;
            }
            let place = own.map_or_else(
                || values.place_of("job_options").clone(),
                |pair| Origin::File(pair.span.clone()),
            );
            report.error(
                &place,
                format!(
                    "`job_options` of {}: {:?}: {}",
                    values.label, problem.key, problem.problem
                ),
                None,
            );
        }
        problems
    };
    let mut of_clusters = Vec::new();
    for (values, cluster) in top.children("cluster").iter().zip(clusters) {
        let Some(cluster) = cluster else { continue };
        of_clusters.push((cluster, told(values, cluster.scheduler, &[&cluster.job_options], &[])));
    }
    for (values, study) in top.children("study").iter().zip(studies) {
        let Some(study) = study else { continue };
        let Some((cluster, known)) =
            of_clusters.iter().find(|(cluster, _)| cluster.name == study.cluster)
        else {
            continue;
        };
        if !study.job_options.is_empty() {
            told(values, cluster.scheduler, &[&cluster.job_options, &study.job_options], known);
        }
    }
}

/// A text that is given and not blank.
fn given(values: &Values, name: &str) -> Option<String> {
    values.text(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn known(names: &[String]) -> String {
    if names.is_empty() {
        "add a [[cluster]]".to_owned()
    } else {
        format!("known: {}", names.join(", "))
    }
}

fn options(pairs: Vec<Pair>) -> JobOptions {
    pairs.into_iter().map(|pair| (pair.name, pair.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::built_in_command;

    #[test]
    fn the_built_in_command_is_the_default_of_the_table() {
        assert_eq!(built_in_command(), ["claude", "--dangerously-skip-permissions"]);
    }
}

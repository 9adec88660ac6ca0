//! Shows a command without the secrets that may stand in it: what is called like a secret, what
//! follows an option that is called so, and what stands in front of the `@` of an address.

/// How a secret is shown.
const HIDDEN: &str = "***";

/// A command line, fit to be shown: whole as it is when nothing in it looks like a secret. What
/// cannot be taken apart is hidden whole.
pub fn shown_command(line: &str) -> String {
    let Ok(words) = shell_words::split(line) else { return HIDDEN.to_owned() };
    let shown = without_secrets(words.iter().map(String::as_str));
    // What follows a `#` is in no word.
    if shown == words && !line.contains('#') { line.to_owned() } else { shown.join(" ") }
}

/// What separates words.
const BLANKS: [char; 3] = [' ', '\t', '\n'];

/// The words, each fit to be shown.
pub(super) fn without_secrets<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut next_is_secret = false;
    let mut next_is_login = false;
    let mut shown = Vec::new();
    for word in words {
        let hide = std::mem::take(&mut next_is_secret);
        if hide && !word.starts_with('-') {
            shown.push(HIDDEN.to_owned());
            // `Authorization: Bearer ...`
            next_is_secret = is_scheme(word);
            continue;
        }
        if std::mem::take(&mut next_is_login) && !word.starts_with('-') {
            shown.push(login(word));
            continue;
        }
        next_is_login = is_login_option(word);
        next_is_secret = is_scheme(word)
            || word.split_once(['=', ':']).is_none_or(|(_, value)| value.is_empty())
                && is_secret_name(word);
        shown.push(one(word));
    }
    shown
}

fn one(word: &str) -> String {
    if let Some(at) = word.to_ascii_lowercase().find("authorization:") {
        // Within a command in a command, something stands in front of it. A quote may be open there.
        let (front, name) =
            word.get(..at + "authorization:".len()).unwrap_or_default().split_at(at);
        let whole = front.trim_end_matches(['"', '\'']).trim_end();
        // What cannot be read as a shell would read it may hold anything.
        let Ok(words) = shell_words::split(whole) else { return HIDDEN.to_owned() };
        let shown = without_secrets(words.iter().map(String::as_str)).join(" ");
        return format!("{shown}{}{name}{HIDDEN}", front.get(whole.len()..).unwrap_or_default());
    }
    // A command within a command: `sh -c '...'`. What begins with a secret may be one with blanks.
    let begins_with_secret = word
        .split_once(['=', ':'])
        .is_some_and(|(name, _)| !name.contains(BLANKS) && is_secret_name(name));
    if word.contains(BLANKS) && !begins_with_secret {
        return shown_command(word);
    }
    if word.starts_with("sk-") {
        return HIDDEN.to_owned();
    }
    match word.split_once(['=', ':']) {
        Some((name, value)) if is_secret_name(name) && !value.is_empty() => {
            format!("{name}{}{HIDDEN}", word.get(name.len()..=name.len()).unwrap_or("="))
        }
        Some((name, value)) if is_login_option(name) => {
            format!("{name}{}{}", word.get(name.len()..=name.len()).unwrap_or("="), login(value))
        }
        // `-ume:secret`
        Some((name, _))
            if (name.starts_with("-u") || name.starts_with("-U"))
                && word.get(name.len()..).is_some_and(|rest| rest.starts_with(':')) =>
        {
            format!("{name}:{HIDDEN}")
        }
        Some((name, value)) if !name.contains("://") && !value.starts_with("//") => {
            format!("{name}{}{}", &word[name.len()..=name.len()], one(value))
        }
        _ => match without_password(word).split_once('?') {
            Some((place, query)) => {
                format!("{place}?{}", query.split('&').map(one).collect::<Vec<_>>().join("&"))
            }
            None => without_password(word),
        },
    }
}

/// Whether a variable or an option of this name holds a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts = || name.split(|c: char| !c.is_ascii_alphanumeric());
    ["secret", "passw", "credential", "apikey"].iter().any(|word| name.contains(word))
        || parts().any(|part| {
            matches!(part, "key" | "token" | "auth" | "authorization" | "bearer" | "pat" | "pass")
        })
}

/// Whether a name, a colon and a password follow this option: `curl -u me:secret`, or with other
/// letters in front, `-su`.
fn is_login_option(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    matches!(word, "--user" | "--proxy-user")
        || letters.ends_with(['u', 'U']) && letters.chars().all(|c| c.is_ascii_alphabetic())
}

/// A name and a password, without the password.
fn login(word: &str) -> String {
    match word.split_once(':') {
        Some((name, _)) => format!("{name}:{HIDDEN}"),
        None => one(word),
    }
}

/// Whether what follows this word is what one shows to be let in.
fn is_scheme(word: &str) -> bool {
    let last = word.trim_end().rsplit(' ').next().unwrap_or_default();
    ["bearer", "basic"].iter().any(|scheme| last.eq_ignore_ascii_case(scheme))
}

/// An address without what stands in front of its `@`.
pub(super) fn without_password(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or(rest);
            match host.rsplit_once('@') {
                Some((user, _)) => {
                    format!("{scheme}://{HIDDEN}{}", rest.get(user.len()..).unwrap_or_default())
                }
                None => url.to_owned(),
            }
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{shown_command, without_secrets};

    #[test]
    fn a_line_without_secrets_stays_as_it_is() {
        for (line, shown) in [
            (
                "python eval.py  --split 'a b' | tail -n 1",
                "python eval.py  --split 'a b' | tail -n 1",
            ),
            ("API_KEY='a b' python eval.py", "API_KEY=*** python eval.py"),
            ("python eval.py # --token hunter2", "python eval.py"),
            (
                "sh -c 'API_TOKEN=\"a hunter2\" curl -H \"Authorization: Bearer hunter3\" y'",
                "sh -c API_TOKEN=*** curl -H \"Authorization:***",
            ),
            ("it's not closed", "***"),
        ] {
            assert_eq!(shown_command(line), shown);
        }
    }

    #[test]
    fn what_looks_like_a_secret_is_not_shown() {
        for (command, shown) in [
            (
                "env ANTHROPIC_API_KEY=sk-hunter2 claude --model opus",
                "env ANTHROPIC_API_KEY=*** claude --model opus",
            ),
            (
                "curl -H 'Authorization: Bearer hunter2' https://example.org/x",
                "curl -H 'Authorization:***' https://example.org/x",
            ),
            (
                "curl -H Authorization: Bearer hunter2 -d @-",
                "curl -H Authorization:*** *** *** -d @-",
            ),
            ("curl https://me:hunter2@example.org/a@b", "curl https://***@example.org/a@b"),
            ("notify --token hunter2 --topic=x", "notify --token *** --topic=x"),
            ("notify --token=hunter2 -v", "notify --token=*** -v"),
            ("sh -c 'notify --token hunter2 -v'", "sh -c notify --token *** -v"),
            ("notify --header=X-Api-Key:hunter2", "notify --header=X-Api-Key:***"),
            ("notify PROXY=http://me:hunter2@proxy:3128", "notify PROXY=http://***@proxy:3128"),
            (
                "notify https://example.org/?token=hunter2",
                "notify 'https://example.org/?token=***'",
            ),
            (
                "sh -c 'notify --token hunter2 -H \"Authorization: Bearer hunter2\"'",
                "sh -c notify --token *** -H \"Authorization:***",
            ),
            (
                "sh -c 'API_KEY=hunter2 curl -H \"Authorization: Bearer hunter2\" x'",
                "sh -c API_KEY=*** curl -H \"Authorization:***",
            ),
            ("sh -c 'notify --token \"a hunter2\" -v'", "sh -c notify --token *** -v"),
            ("sh -c 'notify --token \"hunter2'", "sh -c ***"),
            ("curl -u me:hunter2 x", "curl -u me:*** x"),
            (
                "curl -su me:hunter2:hunter2 --proxy-user me:hunter2 x",
                "curl -su me:*** --proxy-user me:*** x",
            ),
            ("curl --user=me:hunter2 -Ume:hunter2", "curl --user=me:*** -Ume:***"),
            ("sh -c 'curl -u me:hunter2 x | tail'", "sh -c curl -u me:*** x | tail"),
            ("sh -c 'echo \"a  b\" | tail' -u me", "sh -c 'echo \"a  b\" | tail' -u me"),
            (
                "claude --max-tokens 100 --dangerously-skip-permissions",
                "claude --max-tokens 100 --dangerously-skip-permissions",
            ),
        ] {
            let words = shell_words::split(command).expect("words");
            let masked = without_secrets(words.iter().map(String::as_str));
            assert!(!masked.iter().any(|word| word.contains("hunter2")), "{masked:?}");
            assert_eq!(masked.join(" "), shown.replace('\'', ""));
        }
    }
}

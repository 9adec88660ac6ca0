//! Shows a command without the secrets that may stand in it: what is called like a secret, what
//! follows an option that is called so, and what stands in front of the `@` of an address.

/// How a secret is shown.
const HIDDEN: &str = "***";

/// The words, each fit to be shown.
pub(super) fn without_secrets<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut next_is_secret = false;
    let mut shown = Vec::new();
    for word in words {
        let hide = std::mem::take(&mut next_is_secret);
        if hide && !word.starts_with('-') {
            shown.push(HIDDEN.to_owned());
            // `Authorization: Bearer ...`
            next_is_secret = is_scheme(word);
            continue;
        }
        next_is_secret = is_scheme(word) || word.split_once(['=', ':']).is_none_or(|(_, value)| value.is_empty()) && is_secret_name(word);
        shown.push(one(word));
    }
    shown
}

fn one(word: &str) -> String {
    if let Some(at) = word.to_ascii_lowercase().find("authorization:") {
        return format!("{}{HIDDEN}", word.get(..at + "authorization:".len()).unwrap_or_default());
    }
    // A command within a command: `sh -c '...'`.
    if word.contains(' ') {
        return without_secrets(word.split(' ')).join(" ");
    }
    if word.starts_with("sk-") {
        return HIDDEN.to_owned();
    }
    match word.split_once(['=', ':']) {
        Some((name, value)) if is_secret_name(name) && !value.is_empty() => {
            format!("{name}{}{HIDDEN}", word.get(name.len()..=name.len()).unwrap_or("="))
        }
        Some((name, value)) if !name.contains("://") && !value.starts_with("//") => format!("{name}{}{}", &word[name.len()..=name.len()], one(value)),
        _ => match without_password(word).split_once('?') {
            Some((place, query)) => format!("{place}?{}", query.split('&').map(one).collect::<Vec<_>>().join("&")),
            None => without_password(word),
        },
    }
}

/// Whether a variable or an option of this name holds a secret.
fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts = || name.split(|c: char| !c.is_ascii_alphanumeric());
    ["secret", "passw", "credential", "apikey"].iter().any(|word| name.contains(word))
        || parts().any(|part| matches!(part, "key" | "token" | "auth" | "authorization" | "bearer" | "pat" | "pass"))
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
                Some((user, _)) => format!("{scheme}://{HIDDEN}{}", rest.get(user.len()..).unwrap_or_default()),
                None => url.to_owned(),
            }
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn what_looks_like_a_secret_is_not_shown() {
        for (command, shown) in [
            ("env ANTHROPIC_API_KEY=sk-hunter2 claude --model opus", "env ANTHROPIC_API_KEY=*** claude --model opus"),
            ("curl -H 'Authorization: Bearer hunter2' https://example.org/x", "curl -H 'Authorization:***' https://example.org/x"),
            ("curl -H Authorization: Bearer hunter2 -d @-", "curl -H Authorization:*** *** *** -d @-"),
            ("curl https://me:hunter2@example.org/a@b", "curl https://***@example.org/a@b"),
            ("notify --token hunter2 --topic=x", "notify --token *** --topic=x"),
            ("notify --token=hunter2 -v", "notify --token=*** -v"),
            ("sh -c 'notify --token hunter2 -v'", "sh -c notify --token *** -v"),
            ("notify --header=X-Api-Key:hunter2", "notify --header=X-Api-Key:***"),
            ("notify PROXY=http://me:hunter2@proxy:3128", "notify PROXY=http://***@proxy:3128"),
            ("notify https://example.org/?token=hunter2", "notify 'https://example.org/?token=***'"),
            ("claude --max-tokens 100 --dangerously-skip-permissions", "claude --max-tokens 100 --dangerously-skip-permissions"),
        ] {
            let words = shell_words::split(command).expect("words");
            let masked = without_secrets(words.iter().map(String::as_str));
            assert!(!masked.iter().any(|word| word.contains("hunter2")), "{masked:?}");
            assert_eq!(masked.join(" "), shown.replace('\'', ""));
        }
    }
}

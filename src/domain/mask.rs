//! Takes values of the job's environment out of what a job tells: the agent may repeat them.
//!
//! Hides what counts as a secret, and in which clothes it may come: as it is, quoted for a shell or
//! in JSON, in base64, in hexadecimal, or in an address.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;

/// What stands in the place of a secret.
const MASK: &str = "***";
/// A shorter value is none: it would be found in ordinary words.
const LEAST: usize = 8;
/// A shorter line of a value of several lines is not looked for by itself.
const LEAST_LINE: usize = 16;
/// Names of variables that hold secrets, whatever their values look like.
const TELLING: [&str; 11] = [
    "TOKEN",
    "SECRET",
    "PASS",
    "PWD",
    "KEY",
    "CRED",
    "COOKIE",
    "WEBHOOK",
    "PRIVATE",
    "DSN",
    "SIGNATURE",
];
/// Fields that programs go by. None of them holds words of an agent.
const OURS: [&str; 14] = [
    "kind",
    "type",
    "subtype",
    "session_id",
    "job_id",
    "plan",
    "certain",
    "stream",
    "status",
    "reason",
    "hint",
    "verdict",
    "name",
    "title",
];

/// Masks values. Without any it does nothing.
#[derive(Clone, Default)]
pub struct Masker {
    /// The longest first: one may be a part of another.
    looks: Vec<String>,
    values: Vec<String>,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masker").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

impl Masker {
    /// For those of the variables (name, value) that are secret.
    pub fn new<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut values: Vec<String> = Vec::new();
        for (name, value) in variables {
            let value = value.trim();
            if is_secret(name, value) {
                values.push(value.to_owned());
                // Programs print such a value line by line.
                values.extend(
                    value
                        .lines()
                        .map(str::trim)
                        .filter(|line| line.len() >= LEAST_LINE)
                        .map(str::to_owned),
                );
                values.extend(
                    password(value).filter(|password| password.len() >= LEAST).map(str::to_owned),
                );
            }
        }
        values.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        values.dedup();
        let mut looks: Vec<String> = values.iter().flat_map(|value| looks_of(value)).collect();
        looks.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        looks.dedup();
        Self { looks, values }
    }

    /// Whether it hides nothing.
    pub fn is_empty(&self) -> bool {
        self.looks.is_empty()
    }

    /// Whether there is something to hide in it.
    pub fn finds(&self, text: &str) -> bool {
        self.looks.iter().any(|look| text.contains(look.as_str()))
    }

    /// The text without the secrets. One that was shortened (`…`) may end with a part of one.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut masked = Cow::Borrowed(text);
        for look in &self.looks {
            if masked.contains(look.as_str()) {
                masked = Cow::Owned(masked.replace(look.as_str(), MASK));
            }
        }
        for value in &self.values {
            if let Some(left) = without_end(&masked, value) {
                masked = Cow::Owned(left);
            }
        }
        masked
    }

    /// The same for the end of a longer text, of which at most so many bytes were read: it may begin
    /// with a part of a secret.
    pub fn tail(&self, text: &str, most: usize) -> String {
        let masked = self.text(text).into_owned();
        if text.len() < most {
            return masked;
        }
        self.values.iter().find_map(|value| without_start(&masked, value)).unwrap_or(masked)
    }

    /// Masks all texts in it.
    pub fn json(&self, value: &mut Value) {
        if self.looks.is_empty() {
            return;
        }
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.text(text) {
                    *text = masked;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Value::Object(fields) => self.fields(fields),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The same for the fields of a line, but not those that programs go by.
    pub fn fields(&self, fields: &mut serde_json::Map<String, Value>) {
        if !self.looks.is_empty() {
            fields
                .iter_mut()
                .filter(|(name, _)| !OURS.contains(&name.as_str()))
                .for_each(|(_, value)| self.json(value));
        }
    }

    /// A line that a program printed, which may be JSON.
    pub fn line<'t>(&self, line: &'t [u8]) -> Cow<'t, [u8]> {
        if self.looks.is_empty() {
            return Cow::Borrowed(line);
        }
        let text = String::from_utf8_lossy(line);
        if !self.finds(&text) {
            return Cow::Borrowed(line);
        }
        if let Ok(mut fields) = serde_json::from_slice::<serde_json::Map<String, Value>>(line) {
            self.fields(&mut fields);
            return Cow::Owned(Value::Object(fields).to_string().into_bytes());
        }
        Cow::Owned(self.text(&text).into_owned().into_bytes())
    }
}

/// Whether a value must not be shown. Every one of 8 and more characters is taken for a secret, but
/// what is plainly none: a path, a number, one word, the name of a model or a host, an address
/// without a password. A name that tells of a secret leaves only paths.
fn is_secret(name: &str, value: &str) -> bool {
    if value.chars().count() < LEAST || is_path(value) {
        return false;
    }
    let name = name.to_ascii_uppercase();
    // `AUTH` alone: an author's name is no secret.
    if TELLING.iter().any(|word| name.contains(word))
        || name.split('_').any(|part| matches!(part, "AUTH" | "AUTHORIZATION"))
    {
        return true;
    }
    let is_number =
        value.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ':' | '+' | '-' | ' '));
    let is_word = value.len() <= 12 && value.chars().all(|c| c.is_ascii_alphabetic());
    let is_host = (name.contains("HOST") || name.contains("ADDR"))
        && value
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | ':'));
    !(is_number
        || is_word
        || is_host
        || is_name(value)
        || name.contains("MODEL")
        || is_open_address(value))
}

/// `imagenet-1k`, `val_accuracy`, `resnet50.v2`: words of letters, with at most three other signs in a row
/// beside them. What is worked on is called so, and an idea or a figure must not lose it.
fn is_name(value: &str) -> bool {
    let mut parts = value.split(['-', '_', '.']);
    let is_part = |part: &str| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let word = letters.len() <= 16 && letters.chars().all(|c| c.is_ascii_alphabetic());
        !part.is_empty()
            && ((word && part.len() - letters.len() <= 3)
                || (part.len() <= 3 && part.chars().all(|c| c.is_ascii_alphanumeric())))
    };
    value.len() <= 40
        && value
            .split(['-', '_', '.'])
            .any(|part| part.chars().take_while(char::is_ascii_alphabetic).count() >= 3)
        && parts.all(is_part)
}

/// `/usr/bin:/opt/bin`, `~/data`: but a key in base64 may begin so as well.
fn is_path(value: &str) -> bool {
    let is_one = |part: &str| {
        let rooted = part.starts_with('/') || part.starts_with("~/") || part.starts_with("./");
        rooted && !part.contains(char::is_whitespace) && !part.split('/').any(looks_random)
    };
    value.split(':').all(|part| part.is_empty() || is_one(part))
}

/// `http://proxy:3128/`, `https://hub.example.org/api`.
fn is_open_address(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    !rest.contains(['@', '?', '#', ' ']) && !rest.split('/').skip(1).any(looks_random)
}

/// The password in an address.
fn password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let (user, _) = rest.rsplit_once('@')?;
    Some(user.split_once(':').map_or(user, |(_, password)| password))
}

/// A long piece with letters and digits is no word.
fn looks_random(piece: &str) -> bool {
    let has = |test: fn(&char) -> bool| piece.chars().any(|c| test(&c));
    piece.len() >= 20
        && has(char::is_ascii_digit)
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
}

/// The clothes in which a value may come.
fn looks_of(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let mut looks = vec![
        value.to_owned(),
        in_json(value),
        in_json(&in_json(value)),
        value.replace('\'', r"'\''"),
        value.replace('\'', r#"'"'"'"#),
    ];
    looks.push(escaped_for_shell(value));
    for upper in [false, true] {
        looks.push(in_address(value, "%20", upper));
        looks.push(in_address(value, "+", upper));
        looks.push(
            bytes
                .iter()
                .map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") })
                .collect(),
        );
    }
    for engine in [&STANDARD, &URL_SAFE] {
        looks.push(engine.encode(bytes));
        // Inside of something longer its letters depend on what stands before it, and those at the
        // ends on the neighbours, too.
        for before in 0..3 {
            let encoded = engine.encode([&vec![0; before][..], bytes].concat());
            let (start, end) = ([0, 2, 3][before], (before + bytes.len()) * 8 / 6);
            looks.extend(
                encoded.get(start..end).filter(|core| core.len() >= LEAST).map(str::to_owned),
            );
        }
    }
    looks.retain(|look| look.len() >= LEAST);
    looks
}

fn in_json(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn escaped_for_shell(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:,@%+=".contains(c);
    value.chars().flat_map(|c| (!plain(c)).then_some('\\').into_iter().chain([c])).collect()
}

fn in_address(value: &str, blank: &str, upper: bool) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        b' ' => blank.to_owned(),
        _ if upper => format!("%{byte:02X}"),
        _ => format!("%{byte:02x}"),
    };
    value.bytes().map(one).collect()
}

/// The text without the beginning of the value where it was shortened. Without the mark of that it may
/// be a word like any other.
fn without_end(text: &str, value: &str) -> Option<String> {
    let (body, mark) =
        ["…", "..."].iter().find_map(|mark| Some((text.strip_suffix(mark)?, *mark)))?;
    let starts = value.char_indices().map(|(at, _)| at).filter(|at| *at >= LEAST).rev();
    let found = starts.map(|at| &value[..at]).find(|start| body.ends_with(start))?;
    Some(format!("{}{MASK}{mark}", &body[..body.len() - found.len()]))
}

/// The text without the end of the value at its beginning.
fn without_start(text: &str, value: &str) -> Option<String> {
    let ends =
        value.char_indices().map(|(at, _)| &value[at..]).skip(1).filter(|end| end.len() >= LEAST);
    let body = text.trim_start_matches(['…', '.', '\u{fffd}']);
    ends.into_iter().find_map(|end| body.strip_prefix(end)).map(|rest| format!("{MASK}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "s3cr3t-Value/with+odd='q\"x";

    fn masker() -> Masker {
        Masker::new([
            ("MY_SETTING", TOKEN),
            ("PATH_LIST", "/usr/bin:/opt/bin"),
            ("MODE", "disabled"),
        ])
    }

    #[test]
    fn a_value_is_found_in_all_its_clothes() {
        let masker = masker();
        for look in [
            TOKEN.to_owned(),
            Value::String(TOKEN.to_owned()).to_string(),
            Value::String(Value::String(TOKEN.to_owned()).to_string()).to_string(),
            escaped_for_shell(TOKEN),
            format!("'{}'", TOKEN.replace('\'', r"'\''")),
            STANDARD.encode(TOKEN),
            URL_SAFE.encode(TOKEN),
            STANDARD.encode(format!("user:{TOKEN}")),
            STANDARD.encode(format!("me:{TOKEN}\n")),
            STANDARD.encode(format!("a:{TOKEN}!")),
            "s3cr3t-Value%2Fwith%2Bodd%3D%27q%22x".to_owned(),
            "s3cr3t-Value%2fwith%2bodd%3d%27q%22x".to_owned(),
            TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ] {
            let masked = masker.text(&look).into_owned();
            assert!(masked.contains(MASK) && masked.len() < 20, "{look} -> {masked}");
        }
    }

    #[test]
    fn a_part_of_a_value_at_a_cut_is_masked_as_well() {
        let masker = masker();
        for (text, masked) in [
            ("the key is s3cr3t-Value/wi…", "the key is ***…"),
            // A word like any other.
            ("the key is s3cr3t-Value/wi", "the key is s3cr3t-Value/wi"),
            ("+odd='q\"x was its end", "+odd='q\"x was its end"),
            ("about s3cr3t…", "about s3cr3t…"),
            ("", ""),
        ] {
            assert_eq!(masker.text(text), masked);
        }
        assert_eq!(
            (masker.tail("+odd='q\"x was its end", 20), masker.tail("+odd='q\"x", 20)),
            ("*** was its end".to_owned(), "+odd='q\"x".to_owned())
        );
    }

    #[test]
    fn ordinary_words_stay() {
        for (name, value) in [
            ("A", "true"),
            ("TOKEN", "short"),
            ("A", "disabled"),
            ("A", "123456789.5"),
            ("CUDA_VISIBLE_DEVICES", "0,1,2,3,4"),
            ("A", "/usr/bin:/home/u/project"),
            ("AUTH_FILE", "/home/u/credentials.json"),
            ("A", "~/data/train"),
            ("ANTHROPIC_MODEL", "claude-sonnet-4-5"),
            ("HTTPS_PROXY", "http://proxy.example.org:3128"),
            ("MASTER_ADDR", "gpu-node-017"),
        ] {
            assert!(!is_secret(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("A_TOKEN", "password"),
            ("PIN_KEY", "12345678"),
            ("A", "hunter2hunter2"),
            ("A", "correct horse battery"),
            ("A", "/abcDEF123456ghiJKL7890mno=="),
            ("HTTPS_PROXY", "http://me:hunter2@proxy:3128"),
            ("HOOK", "https://hooks.example.org/services/T0/aBcDeFgH1234567890xyz"),
        ] {
            assert!(is_secret(name, value), "{name}={value}");
        }
        let text = "it is disabled in /usr/bin:/opt/bin";
        assert!(matches!(masker().text(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn a_password_in_an_address_and_a_line_of_a_key_are_values_too() {
        let pem = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nshort\n-----END KEY-----";
        let masker = Masker::new([("DB", "postgres://me:hunter2hunter2@db/x"), ("PEM", pem)]);
        assert_eq!(masker.text("login with hunter2hunter2"), "login with ***");
        assert_eq!(masker.text("a MIIEvQIBADANBgkqhkiG9w0BAQ b"), "a *** b");
        assert_eq!(masker.text(&format!("a {} b", in_json(pem))), "a *** b");
    }

    #[test]
    fn a_line_stays_json_and_keeps_what_programs_go_by() {
        let masker = Masker::new([("A", "run-started-2026"), ("B", "ends in \\ back\\")]);
        let line = serde_json::json!({ "kind": "run-started-2026", "n": [1, "run-started-2026"], "deep": { "x": "ends in \\ back\\" } }).to_string();
        let masked: Value = serde_json::from_slice(&masker.line(line.as_bytes())).expect("JSON");
        assert_eq!(
            masked,
            serde_json::json!({ "kind": "run-started-2026", "n": [1, MASK], "deep": { "x": MASK } })
        );
        assert_eq!(
            masker.line(b"say run-started-2026 \xff").as_ref(),
            "say *** \u{fffd}".as_bytes()
        );
        assert!(matches!(Masker::default().line(b"x"), Cow::Borrowed(_)));
        assert!(!format!("{masker:?}").contains("run-started"));
        // What is worked on keeps its name, and so do fields that programs go by.
        for (name, value) in [
            ("DATASET", "imagenet-1k"),
            ("METRIC", "val_accuracy"),
            ("GIT_AUTHOR_NAME", "research"),
            ("ARCH", "resnet50.v2"),
        ] {
            assert!(Masker::new([(name, value)]).is_empty(), "{name}");
        }
        for (name, value) in [
            ("X", "tok-4f9a8b7c6d5e"),
            ("AUTH", "open-sesame"),
            ("Y", "hunter2hunter2"),
            ("Z", "swordfish-2026"),
        ] {
            assert!(!Masker::new([(name, value)]).is_empty(), "{name}");
        }
        let mut plan = serde_json::json!({ "certain": ["research-key"], "plan": [["research-key", "x"]], "text": "research-key" });
        Masker::new([("A_KEY", "research-key")]).json(&mut plan);
        assert_eq!(
            plan,
            serde_json::json!({ "certain": ["research-key"], "plan": [["research-key", "x"]], "text": MASK })
        );
    }
}

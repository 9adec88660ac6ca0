//! Builds HTML. A text goes in escaped; only what this program itself says goes in as it is, which the
//! compiler sees to: it must be a part of the program.

use std::fmt::Write as _;

/// What stands in a page for a character: no control characters, and none that turn the direction of
/// what follows.
pub(super) fn harmless(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => Some(c),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        c if c.is_control() => Some('\u{fffd}'),
        c => Some(c),
    }
}

/// A piece of a page.
#[derive(Debug, Default, Clone)]
pub struct Html(String);

impl Html {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds markup of ours.
    pub fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds a text of anybody's.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.extend(harmless(c)),
            }
        }
        self
    }

    /// Adds an element around a text.
    pub fn element(&mut self, tag: &'static str, class: &'static str, text: &str) -> &mut Self {
        self.open(tag, class).text(text).close(tag)
    }

    /// Begins an element.
    pub fn open(&mut self, tag: &'static str, class: &'static str) -> &mut Self {
        let _ = match class {
            "" => write!(self.0, "<{tag}>"),
            class => write!(self.0, "<{tag} class=\"{class}\">"),
        };
        self
    }

    /// Ends an element.
    pub fn close(&mut self, tag: &'static str) -> &mut Self {
        let _ = write!(self.0, "</{tag}>");
        self
    }

    /// Adds an image that is a part of the page.
    pub fn image(&mut self, image: &Image, about: &str) -> &mut Self {
        self.markup("<img src=\"").text(&image.0).markup("\" alt=\"").text(about).markup("\">")
    }

    /// Adds a link to another page of ours: a path that is relative to this one.
    pub fn link(&mut self, path: &str, text: &str) -> &mut Self {
        let is_ours = path.split('/').all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        });
        if !is_ours {
            return self.text(text);
        }
        self.markup("<a href=\"").text(path).markup("\">").text(text).markup("</a>")
    }

    /// Adds what a Markdown text means. HTML in it is shown as text.
    pub fn markdown(&mut self, text: &str, image: &dyn Fn(&str) -> Option<Image>) -> &mut Self {
        self.0.push_str(&super::markdown::to_html(text, image));
        self
    }

    /// Adds another piece.
    pub fn piece(&mut self, piece: &Html) -> &mut Self {
        self.0.push_str(&piece.0);
        self
    }

    /// The piece, if anything is in it.
    pub fn into_piece(self) -> Option<Self> {
        (!self.0.is_empty()).then_some(self)
    }

    /// The text of it.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// An image as a part of the page.
#[derive(Debug, Clone)]
pub struct Image(String);

impl Image {
    /// Kinds of images that browsers show, by the end of their name. As an image, SVG runs no scripts and
    /// loads nothing.
    const KINDS: [(&'static str, &'static str); 6] = [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("gif", "image/gif"),
        ("webp", "image/webp"),
        ("svg", "image/svg+xml"),
    ];

    /// Whether a file of this name is an image.
    pub fn is_one(name: &str) -> bool {
        Self::kind(name).is_some()
    }

    /// The image in these bytes.
    pub fn new(name: &str, bytes: &[u8]) -> Option<Self> {
        use base64::Engine as _;
        let kind = Self::kind(name)?;
        let data = base64::engine::general_purpose::STANDARD.encode(bytes);
        Some(Self(format!("data:{kind};base64,{data}")))
    }

    /// Its address.
    pub fn address(&self) -> &str {
        &self.0
    }

    fn kind(name: &str) -> Option<&'static str> {
        let (_, end) = name.rsplit_once('.')?;
        let end = end.to_ascii_lowercase();
        Self::KINDS.iter().find(|(known, _)| *known == end).map(|(_, kind)| *kind)
    }
}

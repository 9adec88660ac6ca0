//! Markdown that a model wrote, as HTML or as lines for a terminal. HTML in it is text, links lead only to
//! the web, and images come only from where the caller finds them.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::html::{Image, harmless};

/// Longer texts are cut here, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// The text as HTML.
pub fn to_html(text: &str, image: &dyn Fn(&str) -> Option<Image>) -> String {
    let text: String = text.replace("\r\n", "\n").chars().filter_map(harmless).collect();
    let text = text.as_str();
    let mut html = String::new();
    let mut links: Vec<bool> = Vec::new();
    // The alternative text of an image that is not there stands in its place.
    let mut images: Vec<bool> = Vec::new();
    let events = parser(text).filter_map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Some(Event::Text(html)),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            links.push(is_web(&dest_url));
            links.last().copied().unwrap_or_default().then_some(Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }))
        }
        Event::End(TagEnd::Link) => links.pop().unwrap_or_default().then_some(event),
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let found = image(&dest_url);
            images.push(found.is_some());
            found.map(|found| {
                let dest_url = CowStr::from(found.address().to_owned());
                Event::Start(Tag::Image { link_type, dest_url, title, id })
            })
        }
        Event::End(TagEnd::Image) => images.pop().unwrap_or_default().then_some(event),
        // A page has one heading of the first rank, and it is ours.
        Event::Start(Tag::Heading { level, .. }) => Some(Event::Start(Tag::Heading {
            level: lower(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        })),
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(lower(level)))),
        event => Some(event),
    });
    pulldown_cmark::html::push_html(&mut html, events);
    html
}

/// The text as lines for a terminal, without their breaks: headings, items and code are marked.
pub fn to_lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut depth = 0_usize;
    let mut kind = Kind::Text;
    let mut end = |line: &mut String, kind: Kind| {
        if !line.trim().is_empty() || kind == Kind::Code {
            lines.push(Line { kind, text: std::mem::take(line) });
        }
    };
    let mut rows: Vec<String> = Vec::new();
    for event in parser(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => kind = Kind::Heading,
            Event::End(TagEnd::Heading(_)) => {
                end(&mut line, kind);
                kind = Kind::Text;
            }
            Event::Start(Tag::List(_)) => {
                end(&mut line, if depth > 0 { Kind::Item } else { kind });
                depth += 1;
            }
            Event::End(TagEnd::List(_)) => depth = depth.saturating_sub(1),
            Event::Start(Tag::Item) => line = format!("{}- ", "  ".repeat(depth.saturating_sub(1))),
            Event::End(TagEnd::Item) => end(&mut line, Kind::Item),
            Event::Start(Tag::CodeBlock(_)) => kind = Kind::Code,
            Event::End(TagEnd::CodeBlock) => kind = Kind::Text,
            Event::End(TagEnd::TableCell) => rows.push(std::mem::take(&mut line)),
            Event::End(TagEnd::TableHead | TagEnd::TableRow) => {
                line = std::mem::take(&mut rows).join("  |  ");
                end(&mut line, Kind::Code);
            }
            Event::End(TagEnd::Paragraph) => {
                end(&mut line, if depth > 0 { Kind::Item } else { Kind::Text });
            }
            Event::Text(text) if kind == Kind::Code => {
                for part in text.lines() {
                    line.push_str(part);
                    end(&mut line, Kind::Code);
                }
            }
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                line.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak => line.push(' '),
            Event::Rule => end(&mut "----".to_owned(), Kind::Text),
            _ => {}
        }
    }
    end(&mut line, Kind::Text);
    lines
}

/// A line of a text, as long as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: Kind,
    /// What it says.
    pub text: String,
}

/// What a line of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of a paragraph.
    Text,
    /// A heading.
    Heading,
    /// Of a list.
    Item,
    /// Of code or a table: its breaks and blanks matter.
    Code,
}

fn parser(text: &str) -> Parser<'_> {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    Parser::new_ext(text.get(..end).unwrap_or_default(), options)
}

fn is_web(address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    address.starts_with("https://") || address.starts_with("http://")
}

fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        to_html(text, &|name| Image::new(name, b"x").filter(|_| name == "results/a.png"))
    }

    #[test]
    fn what_a_model_wrote_runs_nothing_and_loads_nothing() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "a <b onclick=\"alert(1)\">b</b>",
            "[a](javascript:alert(1))",
            "[a](JaVaScRiPt:alert(1))",
            "[a](data:text/html,<script>alert(1)</script>)",
            "[a]( javascript:alert(1) )",
            "![a](https://elsewhere.example/a.png)",
            "![a](javascript:alert(1))",
            "<https://a.example\"onmouseover=alert(1)>",
            "[a]: javascript:alert(1)\n\n[a]",
            "# a {onclick=alert(1)}",
            "| a |\n|---|\n| <svg/onload=alert(1)> |",
            "```\"><script>\nalert(1)\n```",
            "<style>@import 'https://elsewhere.example'</style>",
            "<!-- --><iframe src=https://elsewhere.example></iframe>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
        ] {
            let shown = html(text);
            for tag in [
                "<script", "<img", "<svg", "<b ", "<iframe", "<style", "href=\"j", "href=\"J",
                "href=\"d",
            ] {
                assert!(!shown.contains(tag), "{text}: {shown}");
            }
            // Whatever stands in a tag is ours: no attribute of theirs.
            for part in shown.split('<').skip(1) {
                let tag = part.split('>').next().unwrap_or_default();
                assert!(!tag.contains(" on"), "{text}: {shown}");
            }
        }
    }

    #[test]
    fn figures_that_were_fetched_are_a_part_of_the_page() {
        let shown = html("![the loss](results/a.png) and ![gone](results/b.png)");
        assert!(
            shown.contains("<img src=\"data:image/png;base64,eA==\" alt=\"the loss\""),
            "{shown}"
        );
        assert!(shown.contains("and gone"), "{shown}");
        assert!(html("[a](https://a.example/?b=1)").contains("href=\"https://a.example/?b=1\""));
        assert!(html("# Title").contains("<h3>Title</h3>"));
    }

    #[test]
    fn on_a_terminal_a_text_keeps_its_order() {
        let lines = to_lines(
            "# A\n\nb *c*\nd\n\n- e\n  - f\n\n```\n g  h\n```\n\n| i | j |\n|---|---|\n| k | l |\n",
        );
        let shown: Vec<(Kind, &str)> =
            lines.iter().map(|line| (line.kind, line.text.as_str())).collect();
        assert_eq!(
            shown,
            [
                (Kind::Heading, "A"),
                (Kind::Text, "b c d"),
                (Kind::Item, "- e"),
                (Kind::Item, "  - f"),
                (Kind::Code, " g  h"),
                (Kind::Code, "i  |  j"),
                (Kind::Code, "k  |  l"),
            ]
        );
    }
}

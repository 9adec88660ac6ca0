//! What colors mean: one thing each, on every screen. A refuted idea is a result and no error.

use console::Style;

/// What a colored text says beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It worked, or was confirmed.
    Good,
    /// It failed.
    Bad,
    /// Somebody has to look at it.
    Attention,
    /// It goes on now, or can be done next.
    Active,
    /// An idea that was tested and does not hold.
    Refuted,
    /// It matters less than what stands beside it.
    Faint,
    /// Nothing.
    Plain,
}

impl Tone {
    /// The color, where there are colors. Only those that light and dark terminals show.
    pub fn style(self) -> Style {
        match self {
            Self::Good => Style::new().green(),
            Self::Bad => Style::new().red(),
            Self::Attention => Style::new().yellow(),
            Self::Active => Style::new().cyan(),
            Self::Refuted => Style::new().magenta(),
            Self::Faint => Style::new().dim(),
            Self::Plain => Style::new(),
        }
    }
}

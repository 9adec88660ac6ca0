//! Conversations that will never work again: whatever is asked in them, the same comes back, because
//! what they hold already is what is wrong. Trying again helps nothing; a new conversation does.

use super::event::Failure;

/// What is wrong with the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadEnd {
    /// It is too long.
    TooLong,
    /// The model's safety filter stops each answer.
    Refused,
    /// The service does not take what it holds: a picture that is too large, half a call of a tool.
    Invalid,
    /// A part of it is lost.
    Damaged,
}

impl DeadEnd {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "context_full",
            Self::Refused => "refused",
            Self::Invalid => "invalid_request",
            Self::Damaged => "session_damaged",
        }
    }

    /// What is the matter with the session, as the rest of a sentence.
    pub fn problem(self) -> &'static str {
        match self {
            Self::TooLong => "has become too long",
            Self::Refused => "is stopped by the model's safety filter",
            Self::Invalid => "holds something that the service does not take",
            Self::Damaged => "is not whole",
        }
    }
}

/// What a failed request says of its conversation; nothing if that is not what is wrong.
pub(super) fn of_request(
    failure: &Failure,
    terminal_reason: &str,
    refused: bool,
) -> Option<DeadEnd> {
    let word = failure.word.as_deref().unwrap_or_default();
    let kind = failure.kind.as_deref().unwrap_or_default();
    if matches!(terminal_reason, "prompt_too_long" | "blocking_limit" | "rapid_refill_breaker")
        || failure.status == Some(413)
        || kind == "request_too_large"
    {
        return Some(DeadEnd::TooLong);
    }
    if refused {
        return Some(DeadEnd::Refused);
    }
    // The wrong model is not the conversation's fault.
    let invalid = matches!(failure.status, Some(400 | 422))
        || terminal_reason == "image_error"
        || failure.status.is_none()
            && (word == "invalid_request" || kind == "invalid_request_error");
    (invalid && word != "model_not_found").then_some(DeadEnd::Invalid)
}

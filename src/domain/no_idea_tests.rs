//! Texts that are no ideas, and ideas about such texts.

use proptest::prelude::*;

use super::no_idea::{NoIdea, no_idea, no_idea_of_model};

#[test]
fn what_is_no_idea_is_known_by_its_beginning() {
    for (what, texts) in [
        (
            NoIdea::Nothing,
            &["", " \n", "\u{200b}\u{2060}\u{feff}", "…", "???", "\u{3164}\u{ad}"][..],
        ),
        (
            NoIdea::Apology,
            &[
                "I'm sorry, but I have no new idea: everything that could be tried in this study was tried already.",
                "I’m sorry, but I can’t help with that.",
                "Sorry. I cannot propose another experiment.",
                "I apologize, but I was unable to find anything.",
                "I apologize for the confusion.",
                "Unfortunately, I have no further ideas for this study.",
                "I have run out of ideas for this study.",
                "All ideas have been exhausted.",
                "I have no new ideas.",
                "There are no new ideas left to try in this study.",
                "As an AI language model, I cannot come up with more experiments.",
                "Es tut mir leid, aber ich habe keine neue Idee mehr.",
                "Leider habe ich keine weiteren Ideen für diese Studie.",
                "Je suis désolée, mais je n'ai plus d'idée nouvelle.",
                "Lo siento, no tengo ninguna idea nueva.",
                "Mi dispiace, ma non ho altre idee.",
                "Desculpe, mas não tenho novas ideias.",
                "Извините, но у меня нет новых идей.",
                "抱歉，我没有新的想法了。",
                "申し訳ありませんが、新しいアイデアはありません。",
                "죄송합니다. 더 이상 새로운 아이디어가 없습니다.",
            ],
        ),
        (
            NoIdea::Question,
            &[
                "Could you please tell me which data set I should use before I propose an idea?",
                "I need more information. Can you clarify what the baseline is?",
                "What would you like me to investigate?",
                "Könnten Sie mir bitte sagen, welchen Datensatz ich nehmen soll?",
                "Pourriez-vous me dire quel jeu de données utiliser ?",
                "¿Podría decirme qué conjunto de datos debo usar?",
                "请告诉我应该使用哪个数据集？",
                "どのデータセットを使えばよいか教えてください。",
                "어떤 데이터 세트를 사용해야 하는지 알려주세요.",
            ],
        ),
        (
            NoIdea::Error,
            &[
                "API Error: 529 Overloaded. This is a server-side issue, usually temporary",
                "Error code: 529 - overloaded",
                "You've hit your limit · resets 3pm",
                "5-hour limit reached ∙ resets 3am",
                "API Error 500 {\"type\":\"error\"}",
                "Traceback (most recent call last):\n  File \"x.py\", line 1",
                "ValueError: could not convert string to float",
                "Error: connect ECONNREFUSED",
                "Prompt is too long",
                "Prompt is too long: 210000 tokens > 200000 maximum",
                "Credit balance is too low",
                "502 Bad Gateway",
                "bash: line 1: claude: command not found",
                "<html><head><title>504 Gateway Time-out</title></head></html>",
                "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}",
            ],
        ),
        (
            NoIdea::Placeholder,
            &[
                "<one new research idea, 20 to 4000 characters, self-contained>",
                "TODO",
                "[your idea here]",
            ],
        ),
    ] {
        for text in texts {
            assert_eq!(no_idea(text), Some(what), "{text}");
        }
    }
    for text in [
        "Which data set should I use for the next experiment?",
        "Soll ich mit Adam oder mit SGD anfangen?",
        "May I use the test set?",
        "Please provide the path of the data set.",
    ] {
        assert_eq!(
            (no_idea(text), no_idea_of_model(text)),
            (None, Some(NoIdea::Question)),
            "{text}"
        );
    }
}

#[test]
fn an_idea_about_such_texts_is_an_idea() {
    for text in [
        "Tell me how dropout works together with batch norm",
        "Please provide a comparison of Adam and SGD",
    ] {
        assert_eq!(no_idea(text), None, "{text}");
    }
    for text in [
        "Does warmup help?",
        "Does removing \"I'm sorry, but I cannot help\" from dialogue data make answers more useful?",
        "Sorry messages in dialogue data: does leaving them out change the tone of answers?",
        "Apologies in dialogue data: how often does the model begin with one, by its size?",
        "I'm sorry in dialogue data: does the phrase predict a refusal?",
        "Unfortunately worded prompts: how much do they cost?",
        "I cannot reproduce the baseline's 0.93: does another seed explain it?",
        "No new data, only longer training: does it help?",
        "No ideation step: is the result worse?",
        "There is no effect of dropout at width 64: is there one at 1024?",
        "Leider steigt der Verlust nach 10 Epochen: hilft eine kleinere Lernrate?",
        "Can you train a ResNet with half of the data and tell whether it still learns?",
        "Please test whether warmup helps.",
        "Ich habe eine Idee: weniger Daten, länger lernen.",
        "I see no drop of the loss, which would suggest a bug: does a smaller rate help?",
        "Could a smaller batch tell us which layers matter?",
        "Error analysis of the ten worst classes",
        "Generalization error: does it scale with width?",
        "API error messages in prompts: do they confuse the model?",
        "Prompt is too long for small models: does truncation help?",
        "Overloaded operators in the training code: are they slower?",
        "All ideas of curriculum learning in one run: does the order matter?",
        "Limit reached: does clipping at 1.0 bound the gradient?",
        "Killed neurons: how many ReLUs are dead after an epoch?",
        "Out-of-memory prediction from the batch size",
        "500 errors of the classifier, sorted by cause: which one is most frequent?",
        "没有预热的训练是否更差？",
        "新しい最適化手法は効果があるでしょうか",
        "我们研究标签平滑对小模型校准的影响",
        "an idea",
        "x",
    ] {
        assert_eq!(no_idea(text), None, "{text}");
        assert_eq!(no_idea_of_model(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_judged(text in "\\PC{0,200}|.{0,200}|(sorry|i can't|抱歉|error:|[ ,.:?<>{}])*") {
        let _ = no_idea_of_model(&text);
        prop_assert_eq!(no_idea(&format!("Does warmup help with {}", text)), None);
    }
}

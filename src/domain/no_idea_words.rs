//! By which words a text is known that is no idea: all in small letters.

/// Words of one language, in small letters.
pub struct Language {
    /// An apology that somebody makes for himself.
    pub sorry: &'static [&'static str],
    /// A word of regret, which may also begin an idea.
    pub sadly: &'static [&'static str],
    /// That somebody has or can not.
    pub cannot: &'static [&'static str],
    /// What he should have had.
    pub wanted: &'static [&'static str],
    /// A request for an answer.
    pub tell: &'static [&'static str],
}

/// The languages in which models answer most.
#[rustfmt::skip]
pub const LANGUAGES: &[Language] = &[
    Language {
        sorry: &["i'm sorry", "i am sorry", "im sorry", "sorry", "i apologize", "i apologise", "apologies", "my apologies"],
        sadly: &[
            "unfortunately", "regrettably", "i'm afraid", "i am afraid", "i regret", "as an ai", "as a language model", "currently",
            "at this time",
        ],
        cannot: &[
            "i have no", "i've no", "i do not have", "i don't have", "i cannot", "i can't", "i can not", "i could not", "i couldn't",
            "i am unable", "i'm unable", "i was unable", "i am not able", "i'm not able", "i was not able", "i wasn't able", "i am out of",
            "i'm out of", "i see no", "i found no", "i find no", "i did not find", "i didn't find", "i don't see", "i won't", "i will not",
            "i do not know", "i don't know", "i have run out of", "i've run out of", "i ran out of", "all ideas have been", "all ideas were",
            "every idea has been", "every idea was", "no new idea", "no new ideas", "no further idea", "no further ideas", "no more ideas",
            "no other idea", "no other ideas", "no ideas left", "there is no new idea", "there is no idea left", "there is no other idea",
            "there are no new ideas", "there are no more ideas", "there are no further ideas", "there are no other ideas",
            "there are no ideas left", "nothing new", "nothing left", "nothing more", "nothing else",
        ],
        wanted: &["idea", "ideas", "suggestion", "suggestions", "proposal", "proposals"],
        tell: &[
            "please clarify", "please specify", "could you clarify", "could you please clarify", "could you specify",
            "could you please specify", "can you clarify", "can you please clarify", "can you specify", "can you please specify",
            "would you like me", "do you want me", "what would you like", "how can i help", "how may i help", "how can i assist",
            "shall i proceed", "should i proceed", "before i propose", "before i can propose", "before i proceed",
        ],
    },
    Language {
        sorry: &["es tut mir leid", "tut mir leid", "entschuldigung", "entschuldige", "ich entschuldige mich", "verzeihung"],
        sadly: &["leider", "bedauerlicherweise"],
        cannot: &[
            "ich habe keine", "ich habe leider keine", "habe ich keine", "ich kann keine", "ich kann nicht", "ich kann leider",
            "kann ich keine", "kann ich nicht", "kann ich leider", "kann ich dir", "kann ich ihnen", "mir fällt keine", "mir fällt nichts",
            "mir fällt leider", "fällt mir keine", "fällt mir nichts", "ich weiß nicht", "ich weiß keine", "es gibt keine", "gibt es keine",
            "keine neue", "keine neuen", "keine weiteren",
        ],
        wanted: &["idee", "ideen", "vorschlag", "vorschläge", "vorschlagen", "helfen"],
        tell: &[
            "können sie mir", "könnten sie mir", "kannst du mir", "könntest du mir", "bitte teilen sie mir", "bitte sagen sie mir",
            "bitte sag mir", "bitte geben sie",
        ],
    },
    Language {
        sorry: &["je suis désolé", "je suis désolée", "désolé", "désolée", "je m'excuse", "pardon", "toutes mes excuses"],
        sadly: &["malheureusement", "je regrette"],
        cannot: &["je n'ai", "je ne peux", "je ne vois", "je ne sais", "aucune idée", "aucune nouvelle", "il n'y a", "pas de nouvelle"],
        wanted: &["idée", "idées", "proposition", "proposer", "aider"],
        tell: &["pourriez-vous me", "pouvez-vous me", "peux-tu me", "pourrais-tu me", "veuillez préciser", "veuillez me", "dites-moi", "dis-moi"],
    },
    Language {
        sorry: &["lo siento", "disculpe", "disculpa", "perdón"],
        sadly: &["lamentablemente", "desafortunadamente", "desgraciadamente"],
        cannot: &["no tengo", "no puedo", "no se me ocurre", "no hay", "ninguna"],
        wanted: &["idea", "ideas", "propuesta", "proponer", "ayudar"],
        tell: &["podría decirme", "podrías decirme", "puede decirme", "puedes decirme", "por favor, dime", "por favor dime", "por favor, indique"],
    },
    Language {
        sorry: &["mi dispiace", "scusa", "scusi", "chiedo scusa"],
        sadly: &["purtroppo"],
        cannot: &["non ho", "non posso", "non riesco", "nessuna", "non ci sono"],
        wanted: &["idea", "idee", "proposta", "proporre", "aiutare", "aiutarti"],
        tell: &["potrebbe dirmi", "potresti dirmi", "può dirmi", "puoi dirmi"],
    },
    Language {
        sorry: &["desculpe", "sinto muito", "peço desculpa", "lamento"],
        sadly: &["infelizmente"],
        cannot: &["não tenho", "não posso", "não consigo", "nenhuma", "não há"],
        wanted: &["ideia", "ideias", "idéia", "proposta", "propor", "ajudar"],
        tell: &["poderia me dizer", "pode me dizer", "você poderia me", "podes dizer-me"],
    },
    Language {
        sorry: &["извините", "простите", "прошу прощения", "мне жаль"],
        sadly: &["к сожалению"],
        cannot: &["у меня нет", "я не могу", "не могу", "нет новых", "нет идей", "новых идей"],
        wanted: &["идей", "идеи", "идею", "идея", "предложить", "помочь"],
        tell: &["не могли бы вы", "подскажите", "скажите, пожалуйста", "пожалуйста, скажите", "уточните"],
    },
    Language {
        sorry: &["抱歉", "很抱歉", "非常抱歉", "对不起", "對不起"],
        sadly: &["遗憾的是", "遺憾的是"],
        cannot: &["没有", "沒有", "无法", "無法", "不能", "想不出"],
        wanted: &["想法", "主意", "点子", "建议", "创意", "建議"],
        tell: &["请告诉我", "請告訴我", "请问您", "请问你", "您能告诉我", "你能告诉我"],
    },
    Language {
        sorry: &["申し訳", "すみません", "ごめんなさい"],
        sadly: &["残念ながら"],
        cannot: &["ありません", "ございません", "できません", "思いつ"],
        wanted: &["アイデア", "アイディア", "案"],
        tell: &["教えてください", "教えて下さい", "教えていただけ", "お知らせください"],
    },
    Language {
        sorry: &["죄송", "미안"],
        sadly: &["유감스럽게도", "안타깝게도"],
        cannot: &["없습니다", "없어요", "할 수 없", "못"],
        wanted: &["아이디어", "제안"],
        tell: &["알려주세요", "알려 주세요", "알려주시", "알려 주시", "말씀해 주"],
    },
];

/// With these a question is one to the reader when a model asks it; a person may mean the question itself.
#[rustfmt::skip]
pub const MAY_I: &[&str] = &[
    "should i", "can i have", "can i get", "do you have", "shall i", "may i", "do you want", "would you like", "do you prefer",
    "would you prefer", "soll ich", "dois-je", "debo",
];

/// What a model asks for, and a person may ask of the one who is to try it.
#[rustfmt::skip]
pub const ASKS_FOR: &[&str] = &[
    "tell me", "let me know", "please provide", "please share", "please confirm", "please give me", "please send",
    "could you provide", "could you share", "could you please provide", "could you please share", "can you provide", "can you share",
    "请提供", "請提供",
];

/// That somebody asks what he himself is to do, or what the reader has.
#[rustfmt::skip]
pub const TELLS: &[&str] = &["tell me", "let me know"];
#[rustfmt::skip]
pub const ADDRESSES: &[&str] =
    &["i should", "should i", "do i", "i can", "can i", "i need", "you want", "you have", "you mean", "you would like", "you prefer", "your"];

/// What somebody can not do who has no idea.
#[rustfmt::skip]
pub const VERBS: &[&str] = &["propose", "suggest", "come up", "help", "assist", "comply", "think of", "offer"];

/// What programs say when they fail, as far as nobody begins an idea with it.
#[rustfmt::skip]
pub const ERRORS: &[&str] = &[
    "error code:", "[error]", "exception in thread", "fatal error", "your credit balance is", "you've hit your",
    "failed to authenticate", "traceback (most recent call last)", "{\"type\":\"error\"", "{\"error\"", "{\"is_error\"", "<!doctype",
    "<html", "<?xml", "npm err!", "fatal:", "curl: (", "segmentation fault", "panic:", "thread 'main' panicked", "error[", "error (",
];

/// Messages that are known with their end, or with a mark behind them.
#[rustfmt::skip]
pub const MESSAGES: &[&str] = &[
    "5-hour limit reached", "weekly limit reached", "request was aborted", "oauth token has expired", "api error",
    "prompt is too long", "credit balance is too low", "invalid api key", "request timed out", "connection error",
    "connection refused", "connection reset", "internal server error", "bad gateway", "service unavailable", "gateway timeout",
    "too many requests", "overloaded", "overloaded_error", "rate limit exceeded", "usage limit reached", "claude usage limit reached",
    "claude ai usage limit reached", "execution error", "permission denied", "out of memory", "killed", "authentication failed",
    "not logged in", "please run /login", "broken pipe", "no space left on device",
];

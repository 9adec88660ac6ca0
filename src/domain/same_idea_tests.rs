//! What makes two ideas one, and what does not.

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use super::same_idea::{Meaning, is_same};

#[test]
fn what_differs_in_a_number_a_sign_a_role_or_a_word_is_another_idea() {
    for (one, other) in [
        ("weight decay 0.0005 and three seeds", "weight decay 0.05 and three seeds"),
        ("a rate of 1e-3", "a rate of 1e+3"),
        ("a rate of 1e-3", "a rate of 1e3"),
        ("a rate of 10⁻³", "a rate of 10³"),
        ("n of 10²", "n of 102"),
        ("n of 1e99999999", "n of 1"),
        ("lr1e-3 and Adam", "lr1e3 and Adam"),
        ("kernel sizes 3,5", "kernel size 3.5"),
        ("Python 3.1 is slower", "Python 3.10 is slower"),
        ("shift by -1", "shift by +1"),
        ("shift by −1", "shift by 1"),
        ("minimize -log p", "minimize log p"),
        ("Is accuracy higher for batch size > 256?", "Is accuracy higher for batch size < 256?"),
        ("size >= 256", "size > 256"),
        ("size ≤ 256", "size ≥ 256"),
        ("size == 256", "size != 256"),
        ("Is the C implementation faster?", "Is the C++ implementation faster?"),
        ("Is the C implementation faster?", "Is the C# implementation faster?"),
        ("Is the F# compiler faster?", "Is the F compiler faster?"),
        (
            "Does dropout help when batch norm is removed?",
            "Does batch norm help when dropout is removed?",
        ),
        ("transfer from A to B", "transfer to A from B"),
        ("train on A, test on B", "train on B, test on A"),
        ("Does smoothing improve calibration?", "Does smoothing NOT improve calibration?"),
        ("Does smoothing help with mixup?", "Does smoothing help without mixup?"),
        ("It does help small models", "It doesn't help small models"),
        ("It can help small models", "It can't help small models"),
        ("no augmentation with Adam", "augmentation with Adam"),
        ("Adam with decay", "SGD with decay"),
        ("power of 5 mW", "power of 5 MW"),
        ("the t statistic", "the T statistic"),
        ("vitamin A matters", "vitamin matters"),
        ("Is a high IS good?", "Is a high good?"),
        ("50 % of the data", "50 of the data"),
        ("p(x|y) as a score", "p(x, y) as a score"),
        ("A → B", "A ← B"),
        ("モデルAでBを学習する", "モデルBでAを学習する"),
        ("効果がある場合を調べる", "効果がない場合を調べる"),
        ("标签平滑有效", "标签平滑无效"),
        ("เก่ามาก", "เก้ามาก"),
        (
            "As an AI I propose this with rate 0.1. Does it help?",
            "As an AI I propose this with rate 0.2. Does it help?",
        ),
    ] {
        assert!(!is_same(one, other), "{one} | {other}: {:?}", Meaning::of(one));
    }
}

#[test]
fn what_only_looks_different_is_the_same_idea() {
    for (one, other) in [
        (
            "Does efficient fine-tuning beat full fine-tuning?",
            "Does eﬃcient ﬁne‑tuning beat full ﬁne–tuning",
        ),
        ("Améliore-t-on la précision?", "Ame\u{301}liore-t-on la pre\u{301}cision?"),
        ("ABC rank 8, rate 0.1", "ＡＢＣ ｒａｎｋ ８， ｒａｔｅ ０．１"),
        ("a rate of 1e-3", "a rate of 0.001"),
        ("a rate of 1e-3", "a rate of 1E-03"),
        ("a rate of 1e-3", "a rate of 10⁻³"),
        ("a rate of 1e-3", "a rate of 1 × 10^-3"),
        ("a rate of 5e-4", "a rate of 5·10^{−4}"),
        ("a rate of .5", "a rate of 0.50"),
        ("10,000 steps", "10000 steps"),
        ("a 3x3 kernel", "a 3×3 kernel"),
        ("10 x 10^3 steps", "1e4 steps"),
        ("shift by -1", "shift by −1"),
        ("size <= 256", "size ≤ 256"),
        ("ResNet-18 on CIFAR-10", "resnet18 on CIFAR 10"),
        ("50% of data", "50 percent of data"),
        ("**Does** warmup `help`?", "does warmup help"),
        ("Does warmup help?\r\n\r\nWith three seeds.", "Does warmup help?\nWith three seeds."),
        ("zero\u{200b}width so\u{ad}ft", "zerowidth soft"),
        ("# Idea\n\nDoes warmup help?", "Does warmup help?"),
        ("Does the model’s size matter?", "Does the model's size matter?"),
        (
            "研究标签平滑对小模型校准的影响，使用三个随机种子。",
            "研究标签平滑对小模型校准的影响;使用三个随机种子",
        ),
        ("勾配降下法における運動量項の効果", "勾配降下法での運動量項の効果"),
        ("ﾊﾞｯﾁ ｻｲｽﾞ", "バッチサイズ"),
        (
            "Does warmup help?",
            "Sure! Here is my idea: Does warmup help? Let me know if you have any questions.",
        ),
        (
            "Does warmup help? (short) for transformers",
            "Does warmup help? (short) for transformers. As an AI research assistant I propose this promising and novel direction, which is worth \
             trying next given the earlier outcomes of this study.",
        ),
    ] {
        assert!(
            is_same(one, other),
            "{one} | {other}: {:?} {:?}",
            Meaning::of(one),
            Meaning::of(other)
        );
        assert_eq!(Meaning::of(one).mark(), Meaning::of(other).mark());
    }
}

#[test]
fn texts_without_any_word_are_not_all_the_same() {
    assert!(!is_same("the a is", "to be or that") && !is_same("???", "!!!") && !is_same("", ""));
}

proptest! {
    #[test]
    fn any_text_has_one_meaning_in_all_its_spellings(text in "\\PC{0,80}|.{0,200}|[-+0-9.eE^x{} ,%]{0,40}") {
        prop_assert_eq!(Meaning::of(&text), Meaning::of(&text.replace('\n', "\r\n")));
        let decomposed: String = text.nfd().collect();
        prop_assert_eq!(Meaning::of(&text), Meaning::of(&decomposed));
        prop_assert!(is_same(&text, &text) || Meaning::of(&text).is_empty());
    }

    #[test]
    fn two_numbers_are_one_only_if_their_values_are(one in -1e9..1e9_f64, other in -1e9..1e9_f64) {
        let text = |number: f64| format!("a rate of {number} with Adam");
        prop_assert_eq!(is_same(&text(one), &text(other)), one == other);
        let spelled = format!("a rate of {one:e} with Adam");
        prop_assert!(is_same(&text(one), &spelled));
    }
}

//! Reviews as models write them, and what they say.

use super::review::{Review, read_review};

fn issues(expected: &[&str]) -> Review {
    Review::Issues(expected.iter().map(|&issue| issue.to_owned()).collect())
}

#[test]
fn the_marker_alone_in_the_last_section_is_clear() {
    for text in [
        "## Critical Issues\n\nNO CRITICAL ISSUES\n",
        "## Critical Issues\r\n\r\nNO CRITICAL ISSUES\r\n",
        "\u{feff}# critical issues\nNO CRITICAL ISSUES",
        "###### 3. CRITICAL ISSUES ######\n**NO CRITICAL ISSUES**",
        "## **Critical Issues**\n- NO CRITICAL ISSUES",
        "## Critical Issues\n1. **NO CRITICAL ISSUES**\n",
        "## Critical Issues\n`NO CRITICAL ISSUES`",
        "## Critical Issues\nno\u{a0}critical issues!",
        "## Critical Issues\nNO CRITICAL ISSUES.\n---\n",
        "## Critical Issues\n### NO CRITICAL ISSUES\n",
        "## Critical Issues\n\n## NO CRITICAL ISSUES\n",
        "Critical Issues\n---------------\nNO CRITICAL ISSUES\n",
        "## Critical Issues\n```\nNO CRITICAL ISSUES\n```\n",
        "# Review\n## Minor\n1. a typo\n## Critical Issues\nNO CRITICAL ISSUES\n",
    ] {
        assert_eq!(read_review(text), Review::Clear, "{text:?}");
    }
}

fn prose(expected: &[&str]) -> Review {
    Review::Prose(expected.iter().map(|&text| text.to_owned()).collect())
}

#[test]
fn a_list_in_the_section_names_issues() {
    for (text, expected) in [
        (
            "## Critical Issues\n1. leak\n   in the split\n2. no control\n",
            issues(&["leak", "no control"]),
        ),
        ("## Critical Issues\nNO CRITICAL ISSUES\n- leak", issues(&["leak"])),
        ("## Critical Issues\n- leak\n\nNO CRITICAL ISSUES", issues(&["leak"])),
        ("## Critical Issues\nNO CRITICAL ISSUES\n### Leak\nThe split leaks.", issues(&["Leak"])),
        ("## Critical Issues\nNO CRITICAL ISSUES\n\n> 1. leak", issues(&["leak"])),
        (
            "## Critical Issues\nNO CRITICAL ISSUES\n\n| # | issue |\n|---|---|\n| 1 | leak |",
            issues(&["# | issue", "---|---", "1 | leak"]),
        ),
        ("## Critical Issues\n- [ ] NO CRITICAL ISSUES", issues(&["[ ] NO CRITICAL ISSUES"])),
        ("## Critical Issues\n1. leak\n```\nNO CRITICAL ISSUES\n```\n", issues(&["leak"])),
        // What another section says clears nothing.
        (
            "## Critical Issues\n- leak\n# End\n## Critical Issues\nNO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "## Critical issues not fixed\n- leak\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "## Critical Issues\n- leak\n\n> ## Critical Issues\n> NO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        ("## Critical Issues\n- a\u{1b}[31m red leak", issues(&["a [31m red leak"])),
    ] {
        assert_eq!(read_review(text), expected, "{text:?}");
    }
}

/// Whether it names issues or says that there are none is not guessed from words.
#[test]
fn a_text_in_the_section_is_kept_as_it_is() {
    for (text, expected) in [
        (
            "## Critical Issues\nThere are NO CRITICAL ISSUES left except: 1. leak",
            prose(&["There are NO CRITICAL ISSUES left except: 1. leak"]),
        ),
        ("## Critical Issues\nNO CRITICAL ISSUES?", prose(&["NO CRITICAL ISSUES?"])),
        ("## Critical Issues\n~~NO CRITICAL ISSUES~~", prose(&["~~NO CRITICAL ISSUES~~"])),
        ("## Critical Issues\nNone.\n", prose(&["None."])),
        ("## Critical Issues\nThe split\nleaks.\n\nSo.", prose(&["The split", "So."])),
    ] {
        assert_eq!(read_review(text), expected, "{text:?}");
    }
}

#[test]
fn a_marker_that_is_not_all_is_in_doubt() {
    for text in [
        "## Critical Issues\nNO CRITICAL ISSUES\nexcept the leak",
        "## Critical Issues\nNO CRITICAL ISSUES\n\nAll earlier findings are repaired.",
        "## Critical Issues\nNO CRITICAL ISSUES\n```\nassert leak\n```\n",
        "## Critical Issues\n```\nNO CRITICAL ISSUES\nleak\n```\n",
        "## Critical Issues\nNO CRITICAL ISSUES\n<!-- 1. leak -->",
        "## Critical Issues\n<!--\nNO CRITICAL ISSUES\n-->\n",
        "## Critical Issues\nNO CRITICAL ISSUES\n## Blocking issues\n1. leak",
        "## Critical Issues of round 2\nNO CRITICAL ISSUES\n",
        "[CRITICAL] leak\n## Critical Issues\nNO CRITICAL ISSUES\n",
        "## Non-critical issues\n- a\n## Critical Issues\nNO CRITICAL ISSUES\n",
        "# Review of the critical issues\n## Critical issues\nNO CRITICAL ISSUES",
        "## Critical Issues",
        "## Critical Issues\n\n## Summary\nNO CRITICAL ISSUES\n",
        "## Critical Issues: NO CRITICAL ISSUES\n",
    ] {
        assert_eq!(read_review(text), Review::Unclear, "{text:?}");
    }
}

#[test]
fn without_a_section_nothing_counts() {
    for text in [
        "",
        "NO CRITICAL ISSUES",
        "# Review\nNO CRITICAL ISSUES\n",
        "# NO CRITICAL ISSUES\n",
        "**Critical Issues**\n\nNO CRITICAL ISSUES",
        "#Critical Issues\nNO CRITICAL ISSUES",
        "## Non-critical issues\nNO CRITICAL ISSUES",
        "## Critical thoughts\n## Issues\nNO CRITICAL ISSUES",
        "```\n## Critical Issues\nNO CRITICAL ISSUES\n```",
        "> ## Critical Issues\n> NO CRITICAL ISSUES",
        "<!--\n## Critical Issues\nNO CRITICAL ISSUES\n-->",
        "    ## Critical Issues\n    NO CRITICAL ISSUES",
    ] {
        assert_eq!(read_review(text), Review::NoSection, "{text:?}");
    }
}

#[test]
fn a_huge_review_is_read_once() {
    let body = "- an old remark about nothing\n".repeat(200_000);
    assert_eq!(
        read_review(&format!("# Review\n{body}## Critical Issues\nNO CRITICAL ISSUES\n")),
        Review::Clear
    );
    let Review::Issues(issues) = read_review(&format!("## Critical Issues\n{body}")) else {
        panic!("not clear")
    };
    assert_eq!(issues.len(), 100);
    assert_eq!(read_review(&"#".repeat(10_000_000)), Review::NoSection);
    assert_eq!(read_review(&"\n".repeat(10_000_000)), Review::NoSection);
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "([#>`~|*-]{0,4} ?(critical issues|NO CRITICAL ISSUES|é|\r)?\n?){0,12}", bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        read_review(&text);
        read_review(&String::from_utf8_lossy(&bytes));
    }

    /// Whatever stands behind the marker, in its section or after it, takes the clearance back.
    #[test]
    fn only_blanks_may_follow_the_marker(behind in "[ \ta-z#>`<*.!?-]{1,12}") {
        let text = format!("## Critical issues\n\nNO CRITICAL ISSUES\n\n{behind}x\n");
        proptest::prop_assert_ne!(read_review(&text), Review::Clear);
    }
}

/// Reviews that were misjudged once: the body below the title, and whether nothing critical is left.
const MISJUDGED: &[(&str, bool)] = &[
    ("## Critical issues\n\nNO CRITICAL ISSUES", true),
    ("## Critical\u{a0}issues\n\nNO CRITICAL ISSUES", true),
    ("## Critical issues\n\n**✅ NO CRITICAL ISSUES**", true),
    ("## 3. Critical issues\n\nNO CRITICAL ISSUES", true),
    ("## Kritische Punkte (critical issues)\n\nNO CRITICAL ISSUES", true),
    ("## Kritische Punkte\n\nDie Testdaten sind im Training.", false),
    ("## Critical issues\n\nKeine.", true),
    ("## Critical issues\n\n没有关键问题。", true),
    ("## Critical issues\n\nThere are no critical issues.", true),
    ("## Critical issues\n\nNO CRITICAL ISSUES\n\n| # | issue |\n|---|---|\n| - | none |", true),
    ("## Critical issues\n\nNO CRITICAL ISSUES\n\nThe leak of round 1 is repaired.", true),
    (
        "## Critical issues\n\nNO CRITICAL ISSUES, except that the test set is in the training data.",
        false,
    ),
    ("## Critical issues\n\nNO CRITICAL ISSUES, though accuracy is on training data.", false),
    ("## Critical issues\n\nNO CRITICAL ISSUES\n\n| # | issue |\n|---|---|\n| 1 | leak |", false),
    ("## Critical issues\n\nNO CRITICAL ISSUES\n\n> The test set leaks.", false),
    (
        "## Critical issues\n\nNO CRITICAL ISSUES\n\n<details><summary>1 blocker</summary>\n\n1. leak\n\n</details>",
        false,
    ),
    ("## Critical issues\n\nNO CRITICAL ISSUES\n\n<!-- 1. Test data are in training. -->", false),
    ("## Critical issues\n\nNO CRITICAL ISSUES\n\nDie Testdaten sind im Training.", false),
    ("## Critical issues\n\nNO CRITICAL ISSUES\n\n测试数据在训练集中。", false),
    ("## Critical issues\n\nNO CRITICAL ISSUES? I cannot say that.", false),
    ("## Critical issues\n\nThe notes say \"NO CRITICAL ISSUES\", but the test set leaks.", false),
    ("## Critical issues\n\n~~NO CRITICAL ISSUES~~ Test data leak.", false),
    ("## Critical issues\n\n```\nNO CRITICAL ISSUES\n```\n\nTest data leak.", false),
    ("## Critical issues\n\nNO CRITICAL ISSUES\n\n## Blocking issues\n\n1. leak", false),
    (
        "- **[CRITICAL]** train.py:12 uses test data.\n\n## Critical issues\n\nNO CRITICAL ISSUES",
        false,
    ),
    ("## Critical issues\n\nNO CRITICAL ISSUES remain once the leak is fixed.", false),
    (
        "## Critical issues\n\nNO CRITICAL ISSUES could be checked because the code does not run.",
        false,
    ),
    ("## Critical issues\n\n(write the issues here, or NO CRITICAL ISSUES)", false),
    ("## Critical issues\n\nNO CRITICAL ISSUES (assuming the numbers are right)", false),
];

#[test]
fn nothing_critical_is_ever_taken_for_clear_and_what_is_clear_is_so_or_in_doubt() {
    let mut clear = 0;
    for (body, is_clear) in MISJUDGED {
        let review = read_review(&format!("# Review round 1\n\nI checked the code.\n\n{body}\n"));
        assert!(*is_clear || review != Review::Clear, "{body:?}");
        clear += usize::from(review == Review::Clear);
    }
    assert_eq!(clear, 3, "only the exact form is clear by the file alone");
}

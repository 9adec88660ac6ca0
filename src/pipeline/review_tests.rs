//! Reviews as models write them, and what they say.

use super::review::{Review, review_is_clear};

fn issues(expected: &[&str]) -> Review {
    Review::Issues(expected.iter().map(|&issue| issue.to_owned()).collect())
}

#[test]
fn the_marker_alone_in_its_section_is_clear() {
    for text in [
        "## Critical Issues\n\nNO CRITICAL ISSUES\n",
        "## Critical Issues\r\n\r\nNO CRITICAL ISSUES\r\n",
        "\u{feff}# critical issues\nNO CRITICAL ISSUES",
        "###### 3. CRITICAL ISSUES (must fix) ######\n**NO CRITICAL ISSUES**",
        "## **Critical Issues**\n> NO CRITICAL ISSUES",
        "## Critical Issues\nNone. NO CRITICAL ISSUES.",
        "## Critical Issues\n- NO CRITICAL ISSUES",
        "## Critical Issues\n1. **NO CRITICAL ISSUES**\n",
        "## Critical Issues\n`NO CRITICAL ISSUES`",
        "## Critical Issues\n✅ **NO** CRITICAL ISSUES!",
        "## Critical Issues\n\"NO CRITICAL ISSUES\"",
        "## Critical Issues\nNo critical issues were found in this round.",
        "## Critical Issues\n<!-- list what must be fixed -->\nNO CRITICAL ISSUES",
        "## Critical Issues\nNO CRITICAL ISSUES\n---\n",
        "## Critical Issues\n### NO CRITICAL ISSUES\n",
        "## Critical Issues\n\n## NO CRITICAL ISSUES\n",
        "Critical Issues\n---------------\nNO CRITICAL ISSUES\n",
        "## Critical Issues\nNO CRITICAL ISSUES\nAll earlier findings are repaired.\n\nAll issues of the previous round were fixed.\n",
        "## Critical Issues\n```\nNO CRITICAL ISSUES\n```\n",
        "## Critical Issues\n> ~~~\n> NO CRITICAL ISSUES\n> ~~~\n",
        "## Critical Issues\nNO CRITICAL ISSUES (all repaired)",
        "## Critical Issues\nNone\n\nNO CRITICAL ISSUES\n",
        "# Review\n## Critical Issues\nNO CRITICAL ISSUES\n## Minor\n1. a typo\n",
        "## Critical Issues\nNO CRITICAL ISSUES\n## Non-critical issues\n- a typo\n",
        // Several sections, each of them clear.
        "## Earlier critical issues\nNO CRITICAL ISSUES\n## Critical Issues\nNO CRITICAL ISSUES",
        "# Review: critical issues\n## Critical Issues\nNO CRITICAL ISSUES",
        // What is told of earlier ones decides nothing.
        "## Status of the critical issues of round 1\n1. Seeds shared: fixed, verified in `run.sh`.\n## Minor\n- a label\n## Critical issues\nNO CRITICAL ISSUES",
        "## Earlier critical issues\n### 1. Leak\nThe test set was in the training set. Repaired.\n## Critical issues\nNO CRITICAL ISSUES",
        "# Red team, round 2\n## Critical issues of round 1\n- leak\n## 3. **Critical issues**\nNO CRITICAL ISSUES",
        "## Critical issues of round 1\n- leak\n## Critical issues of round 2\nNO CRITICAL ISSUES",
        "## Critical issues\nNO CRITICAL ISSUES\n### Resolved critical issues\n- leak: repaired in `split.py`\n",
        "## Follow-up on the critical issues\n1. Leak: fixed and verified.\n2. No control: has been corrected.\n## Critical issues\nNO CRITICAL ISSUES",
        "# Review of the critical issues\nI ran everything.\n## What I checked\n- the split\n## Critical issues\nNO CRITICAL ISSUES",
        "# Round 2\n## Response to the critical issues of round 1\n- leak\n## Critical issues\nNO CRITICAL ISSUES",
        "## Critical Issues\nNO CRITICAL ISSUES (remaining in this round)\n",
        "## Critical Issues\nNO CRITICAL ISSUES\nwere found in this round. All earlier findings\nare fixed and verified.\n",
    ] {
        assert_eq!(review_is_clear(text), Review::Clear, "{text:?}");
    }
}

#[test]
fn a_section_with_anything_else_is_not_clear() {
    for (text, expected) in [
        (
            "## Critical Issues\n1. leak\n   in the split\n2. no control\n",
            issues(&["leak", "no control"]),
        ),
        (
            "## Critical Issues\nThere are NO CRITICAL ISSUES left except: 1. leak",
            issues(&["There are NO CRITICAL ISSUES left except: 1. leak"]),
        ),
        (
            "## Critical Issues\nNO CRITICAL ISSUES left except the leak",
            issues(&["NO CRITICAL ISSUES left except the leak"]),
        ),
        (
            "## Critical Issues\nNO CRITICAL ISSUES\nexcept the leak",
            issues(&["NO CRITICAL ISSUES"]),
        ),
        (
            "## Critical Issues\nNO CRITICAL ISSUES: the leak",
            issues(&["NO CRITICAL ISSUES: the leak"]),
        ),
        (
            "## Critical Issues\nNO CRITICAL ISSUES. 1. leak",
            issues(&["NO CRITICAL ISSUES. 1. leak"]),
        ),
        ("## Critical Issues\nNO CRITICAL ISSUES?", issues(&["NO CRITICAL ISSUES?"])),
        ("## Critical Issues\nNO CRITICAL ISSUES\n- leak", issues(&["leak"])),
        ("## Critical Issues\nNO CRITICAL ISSUES\n\n> 1. leak", issues(&["leak"])),
        ("## Critical Issues\nNO CRITICAL ISSUES\n### Leak\nThe split leaks.", issues(&["Leak"])),
        (
            "## Critical Issues\nNO CRITICAL ISSUES\n\nHowever, the split leaks.",
            issues(&["However, the split leaks."]),
        ),
        (
            "## Critical Issues\nNO CRITICAL ISSUES\n\n| # | issue |\n|---|---|\n| 1 | leak |",
            issues(&["# | issue", "1 | leak"]),
        ),
        (
            "## Critical Issues\n- NO CRITICAL ISSUES\n  but the leak",
            issues(&["NO CRITICAL ISSUES"]),
        ),
        ("## Critical Issues\n- [ ] NO CRITICAL ISSUES", issues(&["[ ] NO CRITICAL ISSUES"])),
        ("## Critical Issues\n~~NO CRITICAL ISSUES~~", issues(&["~~NO CRITICAL ISSUES~~"])),
        ("## Critical Issues\nNO CRITICAL ISSUESX", issues(&["NO CRITICAL ISSUESX"])),
        (
            "## Critical Issues\nWrite NO CRITICAL ISSUES if there are none.",
            issues(&["Write NO CRITICAL ISSUES if there are none."]),
        ),
        ("## Critical Issues\n```\nNO CRITICAL ISSUES\nleak\n```\n", issues(&[])),
        ("## Critical Issues\nNO CRITICAL ISSUES\n```\nassert leak\n```\n", issues(&["(code)"])),
        ("## Critical Issues\n1. leak\n```\nNO CRITICAL ISSUES\n```\n", issues(&["leak"])),
        (
            "## Critical Issues\nNO CRITICAL ISSUES\n\nThe test set is in the training set.",
            issues(&["The test set is in the training set."]),
        ),
        (
            "## Critical Issues\nNO CRITICAL ISSUES\nThe split leaks.",
            issues(&["NO CRITICAL ISSUES"]),
        ),
        (
            "## Critical Issues\nNO CRITICAL ISSUES. The split leaks.",
            issues(&["NO CRITICAL ISSUES. The split leaks."]),
        ),
        (
            "## Critical Issues\nNO CRITICAL ISSUES (the leak is small)",
            issues(&["NO CRITICAL ISSUES (the leak is small)"]),
        ),
        // Another section clears nothing but itself.
        (
            "## Critical issues of round 1\n- leak\n\n## Critical Issues\nNO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "## Critical Issues\n- leak\n# End\n## Critical Issues\nNO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "## Critical issues\n1. leak\n### Earlier critical issues\nNO CRITICAL ISSUES remain.\n",
            issues(&["leak"]),
        ),
        (
            "## Critical issues\n### Earlier critical issues\nNO CRITICAL ISSUES remain.\n### Leak\nIt leaks.\n",
            issues(&["Leak"]),
        ),
        (
            "## Critical issues\n### Earlier critical issues\nNO CRITICAL ISSUES remain.\n",
            issues(&[]),
        ),
        (
            "# Red team, round 1\n## Critical issues of round 1\n- leak\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "## Critical issues that must be fixed\n- leak\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "## Critical issues not fixed\n- leak\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "## Other critical issues\n- leak: must be fixed\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["leak: must be fixed"]),
        ),
        (
            "## Critical issues\nNO CRITICAL ISSUES\n## Critical issues in the data\n- leak",
            issues(&["leak"]),
        ),
        (
            "## Status of the critical issues\n1. leak: not yet fixed\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["leak: not yet fixed"]),
        ),
        (
            "## Earlier critical issues\n1. a: fixed\n2. leak: still open\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["a: fixed", "leak: still open"]),
        ),
        (
            "## Earlier critical issues\n1. leak: only partially repaired\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["leak: only partially repaired"]),
        ),
        (
            "# Red team, round 2\n## Critical issues of round 1 that are still open\n- leak\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "## Other critical issues\n- a fixed seed for all runs\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["a fixed seed for all runs"]),
        ),
        (
            "## Status of critical issues\n- the fixed seed is still there\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["the fixed seed is still there"]),
        ),
        (
            "## Open critical issues\n1. leak\n### Critical issues\nNO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "# Critical issues found\n1. leak\n## Critical issues\nNO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "## Critical issues\nNO CRITICAL ISSUES\n\nThe earlier critical issues were confirmed and remain.",
            issues(&["The earlier critical issues were confirmed and remain."]),
        ),
        (
            "## Critical issues\nNO CRITICAL ISSUES. The earlier critical issues remain.",
            issues(&["NO CRITICAL ISSUES. The earlier critical issues remain."]),
        ),
        (
            "## Critical issues\nNO CRITICAL ISSUES\n\nAll fixed. The previous findings were noted.",
            issues(&["All fixed. The previous findings were noted."]),
        ),
        (
            "## Critical issues\nNO CRITICAL ISSUES (all checked)",
            issues(&["NO CRITICAL ISSUES (all checked)"]),
        ),
        ("## Critical Issues\n<!--\nNO CRITICAL ISSUES\n-->\n", issues(&[])),
        ("## Critical Issues\n\n## Summary\nNO CRITICAL ISSUES\n", issues(&[])),
        ("## Critical Issues\nNone.\n", issues(&[])),
        ("## Critical Issues", issues(&[])),
        ("NO CRITICAL ISSUES\n## Critical Issues\n- leak", issues(&["leak"])),
        ("## Critical Issues\nNO CRITICAL ISSUES\n## Critical Issues\n1. leak", issues(&["leak"])),
        ("## Critical Issues: NO CRITICAL ISSUES\n", issues(&[])),
        // The cleaner section stands in a quotation, in code, or in an instruction.
        (
            "## Critical Issues\n- leak\n\n> ## Critical Issues\n> NO CRITICAL ISSUES",
            issues(&["leak"]),
        ),
        (
            "## Critical Issues\n- leak\n```md\n## Critical Issues\nNO CRITICAL ISSUES\n```",
            issues(&["leak"]),
        ),
        ("## Critical Issues\n- a\u{1b}[31m red leak", issues(&["a [31m red leak"])),
    ] {
        assert_eq!(review_is_clear(text), expected, "{text:?}");
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
        "## Noncritical issues\nNO CRITICAL ISSUES",
        "## Critical thoughts\n## Issues\nNO CRITICAL ISSUES",
        "```\n## Critical Issues\nNO CRITICAL ISSUES\n```",
        "```\n## Critical Issues\nNO CRITICAL ISSUES",
        "> ## Critical Issues\n> NO CRITICAL ISSUES",
        "<!--\n## Critical Issues\nNO CRITICAL ISSUES\n-->",
        "    ## Critical Issues\n    NO CRITICAL ISSUES",
    ] {
        assert_eq!(review_is_clear(text), Review::NoSection, "{text:?}");
    }
}

#[test]
fn a_huge_review_is_read_once() {
    let body = "- an old remark about nothing\n".repeat(200_000);
    assert_eq!(
        review_is_clear(&format!("# Review\n{body}## Critical Issues\nNO CRITICAL ISSUES\n")),
        Review::Clear
    );
    let Review::Issues(found) = review_is_clear(&format!("## Critical Issues\n{body}")) else {
        panic!("not clear")
    };
    assert_eq!(found.len(), 100);
    assert!(matches!(
        review_is_clear(&format!(
            "## Critical Issues\nNO CRITICAL ISSUES {}",
            "x".repeat(10_000_000)
        )),
        Review::Issues(_)
    ));
    assert_eq!(review_is_clear(&"#".repeat(10_000_000)), Review::NoSection);
    assert_eq!(review_is_clear(&"\n".repeat(10_000_000)), Review::NoSection);
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "([#>`~|*-]{0,4} ?(critical issues|NO CRITICAL ISSUES|é|\r)?\n?){0,12}", bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        review_is_clear(&text);
        review_is_clear(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_heading_alone_makes_no_issue_a_thing_of_the_past() {
    for open in [
        "## Status of critical issues of round 1\n1. Leak: unchanged, the test set is used for training.",
        "## Previous critical issues\nLeak: no change at all. Baseline: fix is wrong.",
        "## Critical issues: status\n1. The control is missing.",
        "## Critical issues with previously reported numbers\nTable 2 uses the test set for selection.",
        "## Critical issues with the fixed baseline\nIt was tuned on the test set.",
        "## Critical issues: closed-loop experiment\nThe loop sees the labels.",
        "## Critical issues in the evaluation\nThe threshold is fixed by looking at the test set.",
        "## Critical issues of round 1\n1. Leak: fixed.\n2. Seeds: as before.",
    ] {
        let text =
            format!("# Review, round 2\n\n{open}\n\n## Critical issues\n\nNO CRITICAL ISSUES\n");
        assert!(
            matches!(review_is_clear(&text), Review::Issues(issues) if !issues.is_empty()),
            "{open}"
        );
    }
    for past in [
        "## Status of the critical issues of round 1\n1. Leak: fixed, verified.\n2. Seeds – repaired in fixes_round_1.md",
        "## Earlier critical issues\nThe leak was fixed.",
        "## Critical issues of round 1\n- (resolved) The leak",
    ] {
        let text =
            format!("# Review, round 2\n\n{past}\n\n## Critical issues\n\nNO CRITICAL ISSUES\n");
        assert_eq!(review_is_clear(&text), Review::Clear, "{past}");
    }
}

//! The catalogue of texts: complete in both languages.

use std::collections::BTreeSet;

use proto::catalog::{CliText, Lang, Text, Wording, error_wording, fill, sentence};
use proto::error::{ErrorCode, WireError};

use crate::samples;

fn placeholders(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some((_, tail)) = rest.split_once('{') {
        let (name, behind) = tail.split_once('}').unwrap();
        assert!(
            !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
            "placeholder {name:?} in {text:?}"
        );
        names.insert(name);
        rest = behind;
    }
    names
}

fn check(name: &str, wording: Wording) {
    for text in [wording.en, wording.ru] {
        assert!(!text.trim().is_empty(), "{name} is not worded");
    }
    assert_eq!(
        placeholders(wording.en),
        placeholders(wording.ru),
        "{name}: placeholders differ"
    );
}

#[test]
fn every_text_is_worded_in_both_languages_with_the_same_placeholders() {
    for text in Text::ALL {
        check(&format!("{text:?}"), text.wording());
        assert_eq!(text.get(Lang::En), text.wording().en);
        assert_eq!(text.get(Lang::Ru), text.wording().ru);
    }
}

#[test]
fn every_text_of_the_command_line_is_worded_in_both_languages() {
    for text in CliText::ALL {
        check(&format!("{text:?}"), text.wording());
    }
}

#[test]
fn every_refusal_is_worded_in_both_languages_and_filled() {
    let other = ErrorCode::Other("out_of_tea".into());
    for code in ErrorCode::ALL.iter().chain([&other]) {
        let wording = error_wording(code);
        check(code.as_str(), wording);
        assert!(
            wording.ru.chars().any(|c| ('а'..='я').contains(&c)),
            "{code} has no Russian wording"
        );
        let error = WireError {
            code: code.clone(),
            params: samples::params(code),
            retry_after_ms: Some(2500),
        };
        for lang in [Lang::En, Lang::Ru] {
            let text = sentence(lang, &error);
            assert!(!text.contains(['{', '}']), "{code}: {text}");
            for param in code.params() {
                assert!(text.contains(&format!("<{param}>")), "{code}: {text}");
            }
        }
    }
    let wait = WireError::new(ErrorCode::RateLimited).retry_after(2500);
    assert!(sentence(Lang::En, &wait).contains("3 s"));
}

#[test]
fn every_code_has_a_sentence_of_its_own() {
    let sentences: BTreeSet<_> = ErrorCode::ALL.iter().map(|c| error_wording(c).en).collect();
    assert_eq!(sentences.len(), ErrorCode::ALL.len());
}

#[test]
fn values_are_put_in_once_and_made_safe() {
    assert_eq!(fill("{a}-{b}", &[("a", "{b}"), ("b", "x")]), "{b}-x");
    assert_eq!(fill("{a} {gone} {", &[("a", "x")]), "x {gone} {");
    let nasty = WireError::new(ErrorCode::UsernameTaken).with("name", "\u{1b}[2Jx\u{202e}");
    assert_eq!(
        sentence(Lang::En, &nasty),
        "The name \u{fffd}[2Jx\u{fffd} is taken. Choose another one."
    );
    let nasty = WireError::new(ErrorCode::Other("\u{1b}]0;x".into()));
    assert!(!sentence(Lang::Ru, &nasty).contains('\u{1b}'));
}

#[test]
fn a_locale_chooses_the_language() {
    for (locale, lang) in [
        ("ru_RU.UTF-8", Lang::Ru),
        ("ru", Lang::Ru),
        ("en_GB.UTF-8", Lang::En),
        ("C", Lang::En),
        ("", Lang::En),
    ] {
        assert_eq!(Lang::from_locale(locale), lang, "{locale}");
    }
}

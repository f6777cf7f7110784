//! Checked text: what is a name, a password, a message, and what of it may
//! reach a terminal.

use proptest::prelude::*;
use proto::limits;
use proto::text::{
    Bio, ChatName, Description, DeviceName, DisplayName, Email, Emoji, MessageText, Password,
    StatusText, TextError, Token, Username, is_steering, mentions, printable_line, printable_text,
    search_fold, search_words, username_key,
};

fn username(text: &str) -> Result<String, TextError> {
    Username::try_from(text).map(String::from)
}

#[test]
fn user_names_are_kept_in_nfc_and_compared_by_their_key() {
    // "é" of two characters becomes one.
    assert_eq!(username("re\u{301}mi").unwrap(), "r\u{e9}mi");
    let key = |text: &str| Username::try_from(text).unwrap().key();
    assert_eq!(key("Re\u{301}mi"), key("r\u{e9}MI"));
    // Full width, ligature and circled forms are the same name.
    assert_eq!(key("\u{ff21}nna"), key("anna"));
    assert_eq!(key("\u{fb01}n"), key("fin"));
    assert_eq!(key("Борис"), key("борис"));
    assert_ne!(key("anna"), key("anne"));
    // Cyrillic а is another letter than Latin a.
    assert_ne!(key("аnna"), key("anna"));
    assert_eq!(username_key("  Anna "), "anna");
}

#[test]
fn user_names_are_letters_digits_and_a_few_signs() {
    for good in ["a", "7", "anna.b_c-d", "Борис", "李雷", " anna "] {
        assert!(username(good).is_ok(), "{good:?}");
    }
    for bad in [
        "a b",
        "-anna",
        ".anna",
        "_anna",
        "@anna",
        "an/na",
        "a\u{0}b",
        "a\u{1b}[2Jb",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\u{200d}b",
        "a\u{feff}b",
        "\u{3164}",
        "a\u{1160}",
        "\u{ffa0}b",
        "a👋",
        "a\nb",
        "a\tb",
        // Greek ypogegrammeni and parenthesised one: not plain once compared.
        "\u{37a}",
        "a\u{2474}",
    ] {
        assert_eq!(
            username(bad),
            Err(TextError::Forbidden("user name")),
            "{bad:?}"
        );
    }
    assert_eq!(username(""), Err(TextError::Empty("user name")));
    assert_eq!(username("  "), Err(TextError::Empty("user name")));
}

#[test]
fn lengths_are_counted_where_the_limit_says() {
    let edge = |n: usize| "é".repeat(n);
    assert!(username(&edge(limits::USERNAME_CHARS)).is_ok());
    assert!(matches!(
        username(&edge(limits::USERNAME_CHARS + 1)),
        Err(TextError::TooLong { limit: 64, .. })
    ));
    // Counted after normalisation: two characters that become one are one.
    assert!(username(&"e\u{301}".repeat(limits::USERNAME_CHARS)).is_ok());
    assert!(ChatName::try_from(edge(limits::NAME_CHARS)).is_ok());
    assert!(ChatName::try_from(edge(limits::NAME_CHARS + 1)).is_err());
    assert!(DisplayName::try_from(edge(limits::NAME_CHARS)).is_ok());
    assert!(DisplayName::try_from(edge(limits::NAME_CHARS + 1)).is_err());
    assert!(DeviceName::try_from(edge(limits::DEVICE_CHARS)).is_ok());
    assert!(DeviceName::try_from(edge(limits::DEVICE_CHARS + 1)).is_err());
    assert!(Token::try_from("a".repeat(limits::TOKEN_BYTES)).is_ok());
    assert!(Token::try_from("a".repeat(limits::TOKEN_BYTES + 1)).is_err());
    assert!(Password::try_from("é".repeat(limits::PASSWORD_MIN_CHARS)).is_ok());
    assert!(Password::try_from("é".repeat(limits::PASSWORD_MIN_CHARS - 1)).is_err());
    assert!(Password::try_from("a".repeat(limits::PASSWORD_BYTES)).is_ok());
    assert!(Password::try_from("a".repeat(limits::PASSWORD_BYTES + 1)).is_err());
    assert!(MessageText::try_from("é".repeat(limits::MESSAGE_BYTES / 2)).is_ok());
    assert!(MessageText::try_from("é".repeat(limits::MESSAGE_BYTES / 2) + "a").is_err());
    assert!(Bio::try_from(edge(limits::BIO_CHARS)).is_ok());
    assert!(Bio::try_from(edge(limits::BIO_CHARS + 1)).is_err());
    assert!(Description::try_from(edge(limits::DESCRIPTION_CHARS)).is_ok());
    assert!(Description::try_from(edge(limits::DESCRIPTION_CHARS + 1)).is_err());
    assert!(StatusText::try_from(edge(limits::STATUS_CHARS)).is_ok());
    assert!(StatusText::try_from(edge(limits::STATUS_CHARS + 1)).is_err());
    assert!(Emoji::try_from("a".repeat(limits::EMOJI_BYTES)).is_ok());
    assert!(Emoji::try_from("a".repeat(limits::EMOJI_BYTES + 1)).is_err());
    let host = "@b.example";
    let email = |n: usize| "a".repeat(n - host.len()) + host;
    assert!(Email::try_from(email(limits::EMAIL_BYTES)).is_ok());
    assert!(Email::try_from(email(limits::EMAIL_BYTES + 1)).is_err());
}

#[test]
fn names_are_one_trimmed_line() {
    let name = |text: &str| ChatName::try_from(text).map(String::from);
    assert_eq!(name("  Our  chat 👩‍🚀 ").unwrap(), "Our  chat 👩‍🚀");
    for bad in ["a\nb", "a\u{1b}b", "a\u{202e}b", "a\u{2066}b", "a\u{9b}b"] {
        assert_eq!(name(bad), Err(TextError::Forbidden("chat name")), "{bad:?}");
    }
    assert_eq!(name("\u{a0} "), Err(TextError::Empty("chat name")));
}

#[test]
fn words_about_oneself_and_a_chat_may_be_several_lines_or_none() {
    let bio = |text: &str| Bio::try_from(text).map(String::from);
    assert_eq!(bio(" a\r\nb\n\nc ").unwrap(), "a\nb\n\nc");
    assert_eq!(bio("  ").unwrap(), "");
    assert_eq!(Description::try_from("").unwrap().as_str(), "");
    for bad in ["a\rb", "a\tb", "a\u{1b}b", "a\u{202e}b", "a\u{2028}b"] {
        assert_eq!(bio(bad), Err(TextError::Forbidden("bio")), "{bad:?}");
        assert!(Description::try_from(bad).is_err(), "{bad:?}");
    }
    assert!(StatusText::try_from("a\nb").is_err());
    assert_eq!(
        StatusText::try_from(" "),
        Err(TextError::Empty("status text"))
    );
}

#[test]
fn reactions_are_short_and_without_spaces() {
    // The longest there are: a kiss with skin tones, a family, flags of tags.
    for good in ["👍", "👍🏽", "❤️", "1️⃣", "🏳️‍🌈", "👨‍👩‍👧‍👦", "👩🏽‍❤️‍💋‍👨🏿", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "+1", "да"]
    {
        assert_eq!(Emoji::try_from(good).unwrap().as_str(), good);
    }
    for bad in ["", " ", "a b", "a\n", "\u{202e}a", "\u{1b}", "\u{a0}"] {
        assert!(Emoji::try_from(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn addresses_have_two_sides() {
    for good in ["a@b", "anna+x@example.org", "анна@пример.рф", "\"a@b\"@c"] {
        assert!(Email::try_from(good).is_ok(), "{good}");
    }
    for bad in ["", "a", "@b", "a@", "a b@c", "a@b\u{1b}", "a\u{202e}@b"] {
        assert!(Email::try_from(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn tokens_are_plain_ascii() {
    assert!(Token::try_from("eyJ.abc-DEF_1~").is_ok());
    for bad in ["", "a b", "a/b", "a+b", "a=", "é", "a\n"] {
        assert!(Token::try_from(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn messages_are_kept_as_written() {
    let text = "  a\r\n\tb\u{1b}[31m e\u{301}  ";
    assert_eq!(MessageText::try_from(text).unwrap().as_str(), text);
    for empty in ["", " ", "\n\t\u{a0}\u{2003}"] {
        assert_eq!(
            MessageText::try_from(empty),
            Err(TextError::Empty("message"))
        );
    }
}

#[test]
fn secrets_are_not_shown_by_debug() {
    let register = crate::samples::requests().remove(0);
    let shown = format!("{register:?} {register:#?}");
    assert!(!shown.contains("correct horse"), "{shown}");
    assert!(!shown.contains("aaaa.bbbb"), "{shown}");
    assert!(shown.contains("Password(…)") && shown.contains("Token(…)"));
    let text = MessageText::try_from("between us").unwrap();
    assert!(!format!("{text:?}").contains("between"));
    let hello = format!(
        "{:?} {:?}",
        crate::samples::hello(),
        crate::samples::welcome()
    );
    assert!(!hello.contains("aaaa.bbbb"), "{hello}");
}

#[test]
fn remote_text_is_made_safe_and_otherwise_left_alone() {
    assert_eq!(printable_line("Привет 👨‍👩‍👧 e\u{301}"), "Привет 👨‍👩‍👧 e\u{301}");
    assert_eq!(printable_line("a\tb\r\nc"), "a b  c");
    assert_eq!(printable_line("\u{1b}]0;x\u{7}"), "\u{fffd}]0;x\u{fffd}");
    assert_eq!(printable_text("a\r\nb\nc\rd"), "a\nb\nc d");
    assert_eq!(
        printable_text("a\u{202e}b\n\u{9b}2J"),
        "a\u{fffd}b\n\u{fffd}2J"
    );
    // The flag of Wales is made of tag characters.
    let wales = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}";
    assert_eq!(printable_line(wales), wales);
}

/// Text with many of the characters that matter here.
fn nasty() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        '\u{0}',
        '\t',
        '\n',
        '\r',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{9b}',
        '\u{61c}',
        '\u{200d}',
        '\u{200e}',
        '\u{2028}',
        '\u{202e}',
        '\u{2066}',
        '\u{206a}',
        '\u{feff}',
        '\u{fffa}',
        '\u{e0001}',
        '\u{301}',
        ' ',
        '{',
        '}',
    ]);
    prop::collection::vec(
        prop_oneof![special, any::<char>(), prop::char::range('a', 'z')],
        0..40,
    )
    .prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn a_printable_line_steers_nothing(text in nasty()) {
        let line = printable_line(&text);
        prop_assert!(!line.chars().any(is_steering), "{line:?}");
        prop_assert_eq!(line.chars().count(), text.chars().count());
        prop_assert_eq!(printable_line(&line), line.as_ref());
    }

    #[test]
    fn a_printable_text_steers_nothing_but_line_feeds(text in nasty()) {
        let safe = printable_text(&text);
        prop_assert!(!safe.chars().any(|c| c != '\n' && is_steering(c)), "{safe:?}");
        prop_assert_eq!(printable_text(&safe), safe.as_ref());
        let feeds = |text: &str| text.matches('\n').count();
        prop_assert_eq!(feeds(&safe), feeds(&text));
    }

    #[test]
    fn accepted_names_are_accepted_again_unchanged(text in nasty()) {
        if let Ok(name) = Username::try_from(text.as_str()) {
            prop_assert!(!name.as_str().chars().any(is_steering));
            prop_assert!(name.as_str().chars().count() <= limits::USERNAME_CHARS);
            prop_assert_eq!(&Username::try_from(name.as_str()).unwrap(), &name);
        }
        if let Ok(name) = ChatName::try_from(text.as_str()) {
            prop_assert!(!name.as_str().chars().any(is_steering));
            prop_assert_eq!(&ChatName::try_from(name.as_str()).unwrap(), &name);
        }
    }

    #[test]
    fn lines_accepted_once_are_accepted_again_unchanged(text in nasty()) {
        if let Ok(bio) = Bio::try_from(text.as_str()) {
            prop_assert!(!bio.as_str().chars().any(|c| c != '\n' && is_steering(c)));
            prop_assert_eq!(&Bio::try_from(bio.as_str()).unwrap(), &bio);
        }
        if let Ok(status) = StatusText::try_from(text.as_str()) {
            prop_assert!(!status.as_str().chars().any(is_steering));
            prop_assert_eq!(&StatusText::try_from(status.as_str()).unwrap(), &status);
        }
    }

    #[test]
    fn a_folded_text_is_folded(text in any::<String>()) {
        let folded = search_fold(&text);
        prop_assert!(folded.chars().all(|c| c == ' ' || c.is_alphanumeric()), "{folded:?}");
        prop_assert_eq!(search_fold(&folded), folded.as_str());
        for word in search_words(&text) {
            prop_assert!(folded.split(' ').any(|known| known == word));
        }
    }

    #[test]
    fn who_is_named_is_found(name in "[a-zа-яA-ZА-Я0-9][a-zA-Z0-9._-]{0,10}[a-z0-9]", before in "[ (,:\n]?", behind in "[ .,!?)\n]?") {
        let text = format!("{before}@{name}{behind}");
        prop_assert_eq!(mentions(&text), [username_key(&name)]);
    }

    #[test]
    fn names_found_in_a_text_are_in_their_compared_form(text in "(@?[\\pL\\pN._ -]{0,8}){0,6}") {
        for name in mentions(&text) {
            prop_assert_eq!(username_key(&name), name.as_str());
            prop_assert!(!name.contains(char::is_whitespace), "{name:?}");
        }
    }

    #[test]
    fn a_key_is_its_own_key(text in "[\\pL\\pN]{1,12}") {
        if let Ok(name) = Username::try_from(text.as_str()) {
            let key = name.key();
            prop_assert_eq!(username_key(&key), key);
        }
    }
}

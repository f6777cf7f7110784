//! What a person means who gives an emoji.

/// Joins emoji to one.
const JOINER: char = '\u{200d}';
/// Asks for the picture of a character that is text, too.
const PICTURE: char = '\u{fe0f}';
/// Around a key's digit or sign.
const KEYCAP: char = '\u{20e3}';

/// The emoji of a short code, `:smile:` or `smile`.
pub fn of_code(code: &str) -> Option<&'static str> {
    let code = code.trim_matches(':').to_lowercase();
    emojis::get_by_shortcode(&code).map(emojis::Emoji::as_str)
}

/// The emoji of a short code, `:smile:` or `smile`, or the emoji itself; none
/// where it is neither.
pub fn meant(given: &str) -> Option<String> {
    let given = given.trim();
    if let Some(emoji) = of_code(given).or_else(|| Some(emojis::get(given)?.as_str())) {
        return Some(emoji.to_owned());
    }
    is_emoji(given).then(|| given.to_owned())
}

/// Whether a text is one emoji, be it newer than the table: parts that are
/// emoji, joined, in whatever skin, with or without the sign that asks for a
/// picture.
fn is_emoji(text: &str) -> bool {
    let mut parts = text.split(JOINER);
    parts.all(|part| {
        let bare: String = part.chars().filter(|c| !is_selector(*c)).collect();
        // A digit may ask for a picture, and is none.
        if bare.is_ascii() {
            return false;
        }
        emojis::get(part).is_some()
            || emojis::get(&bare).is_some()
            || emojis::get(&format!("{bare}{PICTURE}")).is_some()
            || is_keycap(&bare)
    })
}

fn is_selector(c: char) -> bool {
    c == PICTURE || ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

fn is_keycap(bare: &str) -> bool {
    let mut chars = bare.chars();
    matches!(chars.next(), Some('0'..='9' | '#' | '*'))
        && chars.next() == Some(KEYCAP)
        && chars.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_code_stands_for_its_emoji() {
        for code in ["heart", ":heart:", "Heart", " :HEART: "] {
            assert_eq!(meant(code).as_deref(), Some("❤️"), "{code}");
        }
        assert_eq!(meant("+1").as_deref(), Some("👍"));
    }

    #[test]
    fn an_emoji_is_one_in_all_its_forms() {
        for emoji in [
            "👍",
            "👍🏽",
            "❤️",
            "❤",
            "👨‍👩‍👧",
            "👩🏽‍💻",
            "🏳️‍🌈",
            "🇩🇪",
            "1️⃣",
            "#\u{20e3}",
            "❤️‍🔥",
            "☹",
            "🧑🏿‍🤝‍🧑🏻",
            // In no table yet: a family of firemen.
            "🧑‍🚒‍🔥",
        ] {
            assert!(meant(emoji).is_some(), "{emoji}");
        }
    }

    #[test]
    fn words_and_signs_are_none() {
        for text in [
            "",
            ":",
            "nonsense",
            ":no-such-code:",
            "abc def",
            "7",
            "#",
            "👍👍",
            "👍 ok",
            "!",
            "❤️x",
            "\u{200d}",
            "\u{fe0f}",
            "\u{1f3fb}\u{1f3fb}",
        ] {
            assert_eq!(meant(text), None, "{text:?}");
        }
    }
}

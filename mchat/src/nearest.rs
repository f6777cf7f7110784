//! The name that was probably meant.

/// The one of `names` that is nearest to what was written: at most a third of
/// its letters, and never more than three, are others.
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = written.to_lowercase().chars().collect();
    names
        .into_iter()
        .map(|name| {
            let letters: Vec<char> = name.chars().collect();
            let bound = (letters.len().max(written.len()) / 3).clamp(1, 3);
            (distance(&written, &letters), bound, name)
        })
        .filter(|(distance, bound, _)| distance <= bound)
        .min_by_key(|(distance, ..)| *distance)
        .map(|(.., name)| name)
}

/// Letters to be put in, taken out, changed or swapped with their neighbour
/// (Damerau and Levenshtein, without touching a letter twice).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = usize::from(a[i - 1] != b[j - 1]);
                let mut least = (table[i - 1][j] + 1)
                    .min(table[i][j - 1] + 1)
                    .min(table[i - 1][j - 1] + change);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(table[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    table[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_and_something_else_finds_none() {
        let names = ["mouse", "lang", "layout", "notify.bell", "theme.name"];
        for (written, meant) in [
            ("mosue", Some("mouse")),
            ("Mouse", Some("mouse")),
            ("notify.bel", Some("notify.bell")),
            ("lan", Some("lang")),
            ("zzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, names), meant, "{written}");
        }
    }
}

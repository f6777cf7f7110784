//! Variables from a file `.env`: lines `NAME=value`, as shells and Compose
//! read them. Nothing is expanded; the program's environment stays as it is.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use super::Problems;

/// Reads a file; there need not be one.
///
/// # Errors
///
/// Where it cannot be read, or lines are none of those described above.
pub(super) fn read(path: &Path) -> Result<HashMap<String, String>, Problems> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text).map_err(|problems| {
            let of_file = |problem| format!("{}: {problem}", path.display());
            Problems(problems.into_iter().map(of_file).collect())
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashMap::new()),
        Err(error) => Err(Problems(vec![format!("{}: {error}", path.display())])),
    }
}

/// Parses the text of such a file. Problems name lines and never repeat values.
fn parse(text: &str) -> Result<HashMap<String, String>, Vec<String>> {
    let (mut variables, mut problems) = (HashMap::new(), Vec::new());
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, written)) = line.split_once('=') else {
            problems.push(format!("line {number} is not NAME=value"));
            continue;
        };
        let name = name.trim_end();
        if !is_name(name) {
            problems.push(format!("line {number} does not begin with a name"));
            continue;
        }
        match value(written.trim()) {
            Ok(value) => {
                variables.insert(name.to_owned(), value);
            }
            Err(problem) => problems.push(format!("line {number}: {problem}")),
        }
    }
    if problems.is_empty() {
        Ok(variables)
    } else {
        Err(problems)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A value: between quotes, or up to ` #`.
fn value(written: &str) -> Result<String, &'static str> {
    let (text, rest) = if let Some(quoted) = written.strip_prefix('\'') {
        let (text, rest) = quoted.split_once('\'').ok_or("a quote is not closed")?;
        (text.to_owned(), rest)
    } else if let Some(quoted) = written.strip_prefix('"') {
        let mut text = String::new();
        let mut characters = quoted.chars();
        loop {
            match characters.next().ok_or("a quote is not closed")? {
                '"' => break,
                '\\' => match characters.next().ok_or("a quote is not closed")? {
                    'n' => text.push('\n'),
                    other => text.push(other),
                },
                other => text.push(other),
            }
        }
        (text, characters.as_str())
    } else {
        if written.starts_with('#') {
            return Ok(String::new());
        }
        let comment = written.find(" #").or_else(|| written.find("\t#"));
        let text = comment.map_or(written, |at| &written[..at]);
        return Ok(text.trim_end().to_owned());
    };
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        Ok(text)
    } else {
        Err("there is something behind the closing quote")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn values_are_plain_or_quoted() {
        let text = "\u{feff}# comment\r\n\nA=1\r\nexport B = two words # said\n\
                    C='# $x \\n'\nD=\"a \\\"b\\\" \\\\ \\n\" # said\nE=\nF=a#b=c\nG= # nothing\n";
        let variables = parse(text).unwrap();
        for (name, value) in [
            ("A", "1"),
            ("B", "two words"),
            ("C", "# $x \\n"),
            ("D", "a \"b\" \\ \n"),
            ("E", ""),
            ("F", "a#b=c"),
            ("G", ""),
        ] {
            assert_eq!(variables[name], value, "{name}");
        }
        assert_eq!(variables.len(), 7);
    }

    #[test]
    fn bad_lines_are_told_by_number_and_not_repeated() {
        let problems =
            parse("hunter2\n=hunter2\n1A=hunter2\nB='hunter2\nC=\"a\" hunter2").unwrap_err();
        assert_eq!(problems.len(), 5);
        for (number, problem) in (1..).zip(&problems) {
            assert!(problem.contains(&format!("line {number}")), "{problem}");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }
}

//! Section 1: a page for each program and each of its commands.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use mchat::cli::schema::VERBS;

use super::roff::Page;

/// The pages, by file name.
pub(super) fn pages() -> io::Result<Vec<(String, String)>> {
    let mut pages = Vec::new();
    let mchat = named(mchat::cli::Cli::command(), "mchat");
    pages.push(("mchat.1".to_owned(), page(&mchat, mchat_more())?));
    commands(&mchat, &[], &mut pages)?;
    let messengerd = named(messengerd::cli::Cli::command(), "messengerd");
    pages.push(("messengerd.1".to_owned(), page(&messengerd, daemon_more())?));
    commands(&messengerd, &[], &mut pages)?;
    Ok(pages)
}

/// The pages of the commands of a command.
fn commands(parent: &Command, words: &[&str], pages: &mut Vec<(String, String)>) -> io::Result<()> {
    for command in parent.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let words: Vec<&str> = words.iter().copied().chain([command.get_name()]).collect();
        let program = parent.get_name().split('-').next().unwrap_or_default();
        let name = format!("{program}-{}", words.join("-"));
        let usage = format!("{program} {}", words.join(" "));
        let command = named(command.clone(), &name).bin_name(usage);
        pages.push((
            format!("{name}.1"),
            page(&command, command_more(program, &words))?,
        ));
        commands(&command, &words, pages)?;
    }
    Ok(())
}

/// A command under the name of its page, as it is printed there.
fn named(command: Command, name: &str) -> Command {
    // A name is kept for the life of the program, as are all of a parser.
    let kept: &'static str = name.to_owned().leak();
    command
        .name(kept)
        .display_name(name.to_owned())
        .disable_help_subcommand(true)
        .disable_help_flag(true)
}

fn page(command: &Command, more: Page) -> io::Result<String> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .source(format!("Messenger {}", env!("CARGO_PKG_VERSION")))
        .manual("Messenger")
        .render(&mut page)?;
    let page = String::from_utf8(page).map_err(io::Error::other)?;
    Ok(page + &more.finish())
}

fn command_more(program: &str, words: &[&str]) -> Page {
    let mut page = Page::more();
    if program != "mchat" {
        page.section("SEE ALSO");
        page.text("messengerd(1), messengerd.toml(5)");
        return page;
    }
    let verb = words.join(" ");
    if let Some(prints) = VERBS.iter().find(|prints| prints.verb == verb) {
        page.section("JSON");
        let shapes = prints.shapes.join(", ");
        let how = if verb == "hook run" {
            "The program gets lines of this sort"
        } else {
            "With --json, lines of this sort are printed"
        };
        page.text(&format!("{how}: {shapes}. See mchat-json(5)."));
    }
    page.section("SEE ALSO");
    page.text(
        "mchat(1) has the options for all commands, how chats and messages are named, and the \
         exit codes.",
    );
    page
}

fn mchat_more() -> Page {
    let mut page = Page::more();
    page.section("EXIT STATUS");
    for (code, about) in [
        ("0", "Done."),
        ("1", "Refused or failed."),
        ("2", "Wrong usage."),
        ("3", "The server is not reached."),
        ("4", "Nobody is signed in."),
        ("5", "The server's certificate changed."),
        (
            "6",
            "Not found: a chat, a person, a message; with wait-for: nothing came in time.",
        ),
        ("7", "Too many tries."),
        (
            "8",
            "Queued: in the outbox, will be sent by whichever mchat connects next.",
        ),
    ] {
        page.item(code, about);
    }
    page.section("ENVIRONMENT");
    page.item("MCHAT_SERVER", "Server, where --server gives none.");
    page.item(
        "XDG_DATA_HOME, XDG_CONFIG_HOME",
        "Where profiles and settings are.",
    );
    page.item("NO_COLOR", "The screen has no colours.");
    page.item("LC_ALL, LC_MESSAGES, LANG", "English or Russian.");
    page.section("FILES");
    page.item(
        "$XDG_DATA_HOME/mchat/profiles/PROFILE",
        "Cache, outbox and session of a profile; ~/.local/share where the variable is not set.",
    );
    page.item(
        "$XDG_CONFIG_HOME/mchat/config.toml",
        "Settings, see mchat-config(5); ~/.config where the variable is not set.",
    );
    page.section("EXAMPLES");
    page.verbatim(
        "echo 'Backup done.' | mchat send @boris -\n\
         mchat react Team last :+1:\n\
         mchat wait-for --from @boris --timeout 60\n\
         mchat hook run --exec ./on-message\n\
         mchat export --all > messages.jsonl",
    );
    page.section("SEE ALSO");
    page.text("mchat-config(5), mchat-json(5), messengerd(1)");
    page
}

fn daemon_more() -> Page {
    let mut page = Page::more();
    page.section("SEE ALSO");
    page.text("messengerd.toml(5), mchat(1)");
    page
}

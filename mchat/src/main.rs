//! `mchat`: without a command the screen, else the command.

use std::process::ExitCode;

use clap::Parser;
use mchat::cli::{self, Cli};

fn main() -> ExitCode {
    cli::answer();
    let cli = Cli::parse();
    match cli.verb {
        Some(verb) => ExitCode::from(cli::run(&cli.global, verb)),
        None => ExitCode::from(mchat::screen::run(&cli.global, cli.plain)),
    }
}

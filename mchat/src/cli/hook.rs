//! `hook run`: a program for each entry.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use proto::catalog::CliText;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::args::{HookRun, HookVerb};
use super::context::Context;
use super::failure::Failure;
use super::follow::Follow;
use super::json::entry_json;
use super::output::{json_line, name};

/// How long a program that was told to end may take to do so.
const GRACE: Duration = Duration::from_secs(1);

pub(super) async fn hook(context: &Context, verb: HookVerb) -> Result<(), Failure> {
    match verb {
        HookVerb::Run(args) => run(context, args).await,
    }
}

/// How a run ended.
enum Ended {
    By(ExitStatus),
    NotStarted(std::io::Error),
    Lost(std::io::Error),
    Killed,
}

async fn run(context: &Context, args: HookRun) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (since, chat) = (args.since.as_deref(), args.chat.as_deref());
    let mut follow = Follow::start(context, since, chat, true).await?;
    let own = follow.client.account().map(|own| own.user);
    let exec: Arc<[OsString]> = args.exec.into();
    let mut waiting: VecDeque<String> = VecDeque::new();
    // Dropped with everything that still runs in it.
    let mut running = JoinSet::new();
    let code = loop {
        while running.len() < usize::from(args.parallel)
            && let Some(event) = waiting.pop_front()
        {
            running.spawn(once(Arc::clone(&exec), event, args.limit));
        }
        tokio::select! {
            rows = follow.next(context), if waiting.is_empty() => {
                for row in rows? {
                    if args.own || Some(row.actor) != own {
                        let mut value = entry_json(&row);
                        value["cursor"] = follow.cursor(&row).into();
                        waiting.push_back(json_line(&value));
                    }
                }
            }
            Some(ended) = running.join_next() => {
                let ended = ended.map_err(|error| Failure::Other(error.to_string()))?;
                report(context, &exec, args.limit, ended)?;
            }
            _ = terminate.recv() => break 128 + Signal::TERM.as_raw(),
            _ = interrupt.recv() => break 128 + Signal::INT.as_raw(),
        }
    };
    running.shutdown().await;
    follow.client.close().await;
    Err(Failure::Quiet(u8::try_from(code).unwrap_or(u8::MAX)))
}

/// A failure is said and the next entry goes on, unless no run can succeed.
fn report(
    context: &Context,
    exec: &[OsString],
    limit: Duration,
    ended: Ended,
) -> Result<(), Failure> {
    let command = exec
        .first()
        .map(|command| name(&command.to_string_lossy()))
        .unwrap_or_default();
    let say =
        |text: CliText, what: &str| context.say(text, &[("command", &command), ("what", what)]);
    match ended {
        Ended::By(status) if status.success() => {}
        Ended::By(status) => context
            .output
            .talk(&say(CliText::HookFailed, &status.to_string())),
        Ended::Killed => {
            let limit = limit.as_secs_f64().to_string();
            context.output.talk(&say(CliText::HookKilled, &limit));
        }
        Ended::Lost(error) => context
            .output
            .talk(&say(CliText::HookFailed, &error.to_string())),
        Ended::NotStarted(error) => {
            let sentence = say(CliText::HookNotStarted, &error.to_string());
            let lasting = [ErrorKind::NotFound, ErrorKind::PermissionDenied];
            if lasting.contains(&error.kind()) {
                return Err(Failure::Other(sentence));
            }
            context.output.talk(&sentence);
        }
    }
    Ok(())
}

/// Runs the program once with an event on its standard input.
async fn once(exec: Arc<[OsString]>, event: String, limit: Duration) -> Ended {
    let Some((program, args)) = exec.split_first() else {
        return Ended::NotStarted(ErrorKind::NotFound.into());
    };
    let started = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        // Of its own, so that what it starts can be ended with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return Ended::NotStarted(error),
    };
    let mut group = Group::of(&child);
    match tokio::time::timeout(limit, fed(&mut child, event)).await {
        Ok(Ok(status)) => {
            group.release();
            Ended::By(status)
        }
        Ok(Err(error)) => Ended::Lost(error),
        Err(_) => {
            group.send(Signal::TERM);
            // Whether it ended by itself or not, the rest of the group goes.
            let _ = tokio::time::timeout(GRACE, child.wait()).await;
            drop(group);
            // Not to leave a zombie behind.
            let _ = child.wait().await;
            Ended::Killed
        }
    }
}

/// Writes the event and waits for the end. A program may leave its input
/// unread.
async fn fed(child: &mut Child, event: String) -> std::io::Result<ExitStatus> {
    let stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin {
            // An error means that nobody reads, which is the reader's choice.
            let _ = stdin.write_all(format!("{event}\n").as_bytes()).await;
        }
        std::future::pending::<()>().await;
    };
    // Two halves of one select: the input is closed once it is written.
    tokio::select! {
        status = child.wait() => status,
        () = feed => Err(ErrorKind::Other.into()),
    }
}

/// The processes of one run; killed when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        Self(pid.and_then(Pid::from_raw))
    }

    fn send(&self, signal: Signal) {
        if let Some(pid) = self.0 {
            // Nobody left in it is what is wanted.
            let _ = kill_process_group(pid, signal);
        }
    }

    /// Lets what was left running run on.
    fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.send(Signal::KILL);
    }
}

//! The adapter by which `packetspec` drives the library: commands on the standard input, replies on
//! the standard output, one JSON object on each line.
//!
//! Its connections are over named pipes, or, with the argument `--sockets`, over Unix-domain sockets.

mod field;
mod json;
mod session;
mod standard;

use json::Value;
use session::{Error, Outcome, Reply, Session};
use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::thread;

/// How much stack a command's thread gets, in bytes. It only waits, and writes a line.
const STACK: usize = 256 << 10;

fn main() -> ExitCode {
    let session = Session::new(std::env::args().any(|argument| argument == "--sockets"));
    let mut stdin = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        line.shrink_to(1 << 20); // after a long line
        match stdin.read_until(b'\n', &mut line) {
            Ok(0) => return ExitCode::SUCCESS, // threads end with the process
            Ok(_) => {}
            Err(error) => {
                eprintln!("reading a command: {error}");
                return ExitCode::FAILURE;
            }
        }
        serve(&session, &line);
    }
}

/// Carries out the command on a line, and writes its reply, now or in a thread.
fn serve(session: &Session, line: &[u8]) {
    let parsed = std::str::from_utf8(line)
        .map_err(|error| error.to_string())
        .and_then(json::parse);
    let command = match parsed {
        Ok(command) => command,
        Err(error) => return reply(&Value::Null, Err(Error::invalid(error))),
    };
    let id = command.get("id").cloned().unwrap_or(Value::Null);
    match session.command(&command) {
        Outcome::Now(result) => reply(&id, result),
        Outcome::Later(work) => {
            let for_thread = id.clone();
            let started = thread::Builder::new()
                .stack_size(STACK)
                .spawn(move || reply(&for_thread, work()));
            if let Err(error) = started {
                reply(&id, Err(Error::internal(error)));
            }
        }
    }
}

/// Writes a reply.
fn reply(id: &Value, result: Reply) {
    let members = result.unwrap_or_else(|error| {
        let error = [
            ("kind", error.kind.into()),
            ("message", error.message.into()),
        ];
        vec![("error", session::object(error))]
    });
    let reply = session::object([("id", id.clone())].into_iter().chain(members));
    let line = format!("{reply}\n");
    let mut stdout = io::stdout().lock();
    if let Err(error) = stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.flush())
    {
        // Nobody reads replies any more. The runner has ended, or ends this process.
        eprintln!("writing a reply: {error}");
    }
}

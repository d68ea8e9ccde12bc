//! The adapter as a process, where the suite does not look: commands behind one that waits.

#![cfg(unix)]
#![allow(clippy::expect_used)] // a test may panic

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// An `Adapter` is a process of the adapter, with a folder for pipes.
struct Adapter {
    child: Child,
    /// The standard input; `None` once it has ended.
    commands: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Adapter {
    fn start(name: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_packetstream-adapter"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the adapter starts");
        let folder = std::env::temp_dir().join(format!("packetstream-{name}-{}", child.id()));
        std::fs::create_dir(&folder).expect("a new folder");
        Adapter {
            commands: child.stdin.take(),
            replies: BufReader::new(child.stdout.take().expect("it is piped")),
            child,
            folder,
        }
    }

    /// Makes a named pipe, and returns its path.
    fn pipe(&self, name: &str) -> String {
        let path = self.folder.join(name);
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo runs").success());
        path.to_str().expect("a path in UTF-8").to_owned()
    }

    fn send(&mut self, command: &str) {
        let commands = self.commands.as_mut().expect("it is piped");
        writeln!(commands, "{command}").expect("the adapter reads");
    }

    fn reply(&mut self) -> String {
        let mut line = String::new();
        self.replies
            .read_line(&mut line)
            .expect("the adapter writes");
        line
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn an_opening_that_waits_holds_up_no_other_command() {
    let mut adapter = Adapter::start("opening");
    // Nobody has the other ends open, as when a runner has given up.
    let (recv, send) = (adapter.pipe("recv"), adapter.pipe("send"));
    adapter.send(&format!(
        r#"{{"id":1,"op":"open","conn":"c","recv":"{recv}","send":"{send}","handler":true}}"#
    ));
    adapter.send(r#"{"id":2,"op":"decode","bytes":"03000200"}"#);
    assert!(adapter.reply().starts_with(r#"{"id":2,"packet""#));
}

#[test]
fn survives_lines_that_are_no_commands() {
    let mut adapter = Adapter::start("lines");
    for line in [
        "",
        "[1]",
        "{",
        r#"{"id":1,"op":2}"#,
        r#"{"id":1,"op":"wait"}"#,
    ] {
        adapter.send(line);
        assert!(adapter.reply().contains(r#""error""#), "{line}");
    }
    adapter.send(r#"{"id":1,"op":"fly"}"#);
    assert!(adapter.reply().contains(r#""kind":"unsupported""#));
}

#[test]
fn exits_with_0_whatever_still_waits() {
    let mut adapter = Adapter::start("exit");
    let (recv, send) = (adapter.pipe("recv"), adapter.pipe("send"));
    adapter.send(&format!(
        r#"{{"id":1,"op":"open","conn":"c","recv":"{recv}","send":"{send}","handler":true}}"#
    ));
    let (peer_send, peer_recv) = (
        std::fs::OpenOptions::new().write(true).open(&recv),
        std::fs::File::open(&send),
    );
    assert!(peer_send.is_ok() && peer_recv.is_ok());
    assert_eq!(adapter.reply(), "{\"id\":1}\n");
    adapter.send(r#"{"id":2,"op":"join","conn":"c"}"#);
    adapter.send(r#"{"id":3,"op":"seen","conn":"c"}"#);
    assert_eq!(adapter.reply(), "{\"id\":3,\"calls\":[]}\n");
    adapter.commands = None;
    assert!(adapter.child.wait().expect("it exits").success());
}

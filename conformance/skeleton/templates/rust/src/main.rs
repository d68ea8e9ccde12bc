//! An adapter for packetspec: it reads commands, and carries them out on the implementation. The calls of the
//! implementation are in implementation.rs; everything else is complete.

mod adapter;
mod implementation;
mod json;
mod protocol;
mod subject;
#[cfg(test)]
mod tests;

fn main() {
    let write = |line: String| {
        use std::io::Write;
        let mut out = std::io::stdout().lock();
        // If the runner has gone, the commands end too.
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    };
    let adapter = std::sync::Arc::new(adapter::Adapter::new(implementation::Subject, write));
    for line in std::io::stdin().lines() {
        match line {
            Ok(line) => adapter.serve(&line),
            Err(error) => {
                eprintln!("adapter: read a command: {error}");
                std::process::exit(1);
            }
        }
    }
    std::process::exit(0); // whatever still runs
}

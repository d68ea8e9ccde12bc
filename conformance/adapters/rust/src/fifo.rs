//! Named pipes whose blocked reads and writes can be ended, with the safe standard library alone.
//!
//! A thread that reads an empty pipe waits until octets come or every writer has closed its end. The
//! standard library can neither poll a pipe nor interrupt the thread. So [`Closer::close`] makes the
//! octets come itself:
//!
//! 1. It sets the flag `closed`, which the reader checks after every read.
//! 2. It opens the pipe for writing and writes one octet.
//! 3. The reader returns from its read, sees the flag, discards what it read, and fails. The
//!    connection drops it, and the descriptor is closed.
//!
//! Nobody else can read that octet, since the pipe has one reader. If the pipe is full, the octet
//! does not fit, and is not needed: the reader is not waiting. Opening and writing do not block,
//! because the flag `O_NONBLOCK` is set.
//!
//! A write to a full pipe cannot be ended like that: reading octets to make room would take them
//! from the peer. So the writer's descriptor does not block. When the pipe is full, the writer waits
//! on a condition variable, which `close` signals, and tries again after a pause that grows to 10 ms.
//! That costs time only while the peer does not read.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// The value of `O_NONBLOCK`, which the standard library does not name.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const O_NONBLOCK: i32 = 0x4; // macOS and the BSDs
#[cfg(any(target_os = "linux", target_os = "android"))]
const O_NONBLOCK: i32 = 0o4000; // all architectures but those below

#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "mips",
        target_arch = "mips64",
        target_arch = "sparc",
        target_arch = "sparc64"
    )
))]
compile_error!("O_NONBLOCK has another value on this architecture");

/// `ENXIO`: a pipe that does not block was opened for writing, and nobody reads it.
const ENXIO: i32 = 6;

/// The first and the longest pause before the writer tries a full pipe again.
const PAUSES: (Duration, Duration) = (Duration::from_micros(100), Duration::from_millis(10));

/// A `Shared` is what a reader, a writer and their closer share.
#[derive(Default)]
struct Shared {
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Shared {
    fn closed(&self) -> MutexGuard<'_, bool> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> io::Result<()> {
        if *self.closed() {
            return Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the connection was closed",
            ));
        }
        Ok(())
    }
}

/// A `Reader` is the reading end of a named pipe.
pub(crate) struct Reader {
    file: Arc<File>,
    shared: Arc<Shared>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.shared.check()?;
        let length = (&*self.file).read(buffer)?;
        self.shared.check()?; // the octet may be the closer's
        Ok(length)
    }
}

/// A `Writer` is the writing end of a named pipe.
pub(crate) struct Writer {
    file: File,
    shared: Arc<Shared>,
}

impl Write for Writer {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut pause = PAUSES.0;
        loop {
            self.shared.check()?;
            match self.file.write(octets) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            let closed = self.shared.closed();
            if !*closed {
                let _ = self.shared.changed.wait_timeout(closed, pause);
            }
            pause = PAUSES.1.min(pause * 2);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A `Closer` ends reads and writes of a pair of pipes.
pub(crate) struct Closer {
    /// The reader's file. The closer must not keep it open.
    recv: Weak<File>,
    path: PathBuf,
    shared: Arc<Shared>,
}

impl Closer {
    /// Makes blocked and later calls of the reader and the writer fail.
    pub(crate) fn close(&self) {
        *self.shared.closed() = true;
        self.shared.changed.notify_all();
        if let Some(recv) = self.recv.upgrade() {
            if let Ok(mut writer) = writer_of(&recv, &self.path) {
                let _ = writer.write(&[0]);
            }
        }
    }
}

/// Opens the pipe that `recv` reads for writing: by its path or, if that names it no longer, by its
/// descriptor, where the system has such files.
fn writer_of(recv: &File, path: &Path) -> io::Result<File> {
    let pipe = recv.metadata()?;
    let by_descriptor = PathBuf::from(format!("/dev/fd/{}", recv.as_raw_fd()));
    for path in [path, &by_descriptor] {
        if let Ok(writer) = open_for_writing(path, O_NONBLOCK) {
            let opened = writer.metadata()?;
            if (opened.dev(), opened.ino()) == (pipe.dev(), pipe.ino()) {
                return Ok(writer);
            }
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

fn open_for_writing(path: &Path, flags: i32) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .custom_flags(flags)
        .open(path)
}

/// Opens `recv` for reading and then `send` for writing.
pub(crate) fn open(recv: &Path, send: &Path) -> io::Result<(Reader, Writer, Closer)> {
    let file = Arc::new(in_path(recv, File::open(recv))?);
    let shared = Arc::new(Shared::default());
    let closer = Closer {
        recv: Arc::downgrade(&file),
        path: recv.to_owned(),
        shared: Arc::clone(&shared),
    };
    let writer = Writer {
        file: in_path(send, open_send(send))?,
        shared: Arc::clone(&shared),
    };
    Ok((Reader { file, shared }, writer, closer))
}

/// Opens a pipe for writing without blocking, but waits for its reader as a blocking opening does.
fn open_send(path: &Path) -> io::Result<File> {
    match open_for_writing(path, O_NONBLOCK) {
        Err(error) if error.raw_os_error() == Some(ENXIO) => {
            let _reader_came = open_for_writing(path, 0)?;
            open_for_writing(path, O_NONBLOCK)
        }
        result => result,
    }
}

fn in_path<T>(path: &Path, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    /// A `Pipes` holds two named pipes in a folder of their own, which is removed at the end.
    struct Pipes(PathBuf);

    impl Pipes {
        fn new() -> Self {
            static NUMBER: AtomicUsize = AtomicUsize::new(0);
            let folder = std::env::temp_dir().join(format!(
                "packetstream-{}-{}",
                std::process::id(),
                NUMBER.fetch_add(1, Ordering::Relaxed)
            ));
            std::fs::create_dir(&folder).expect("a new folder");
            let pipes = Pipes(folder);
            for path in [pipes.recv(), pipes.send()] {
                let made = Command::new("mkfifo").arg(path).status();
                assert!(made.expect("mkfifo runs").success());
            }
            pipes
        }

        fn recv(&self) -> PathBuf {
            self.0.join("recv")
        }

        fn send(&self) -> PathBuf {
            self.0.join("send")
        }

        /// Opens the peer's ends, and then those of the subject.
        fn open(&self) -> ((File, File), (Reader, Writer, Closer)) {
            thread::scope(|scope| {
                let peer = scope.spawn(|| {
                    let write = open_for_writing(&self.recv(), 0).expect("recv opens");
                    (write, File::open(self.send()).expect("send opens"))
                });
                let ours = open(&self.recv(), &self.send()).expect("the pipes open");
                (peer.join().expect("the peer opens its ends"), ours)
            })
        }
    }

    impl Drop for Pipes {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn close_ends_a_read_that_waits() {
        let pipes = Pipes::new();
        let ((mut peer, _read), (mut reader, _writer, closer)) = pipes.open();
        let reading = thread::spawn(move || reader.read(&mut [0; 10]).is_err());
        closer.close();
        assert!(reading.join().expect("no panic"));
        let error = peer.write(b"x").expect_err("nobody reads the pipe");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn close_ends_a_read_of_a_pipe_that_has_no_path_any_more() {
        let pipes = Pipes::new();
        let ((_write, _read), (mut reader, _writer, closer)) = pipes.open();
        drop(pipes);
        let reading = thread::spawn(move || reader.read(&mut [0; 10]).is_err());
        closer.close();
        assert!(reading.join().expect("no panic"));
    }

    #[test]
    fn close_ends_a_write_that_waits() {
        let pipes = Pipes::new();
        let ((_write, mut peer), (_reader, mut writer, closer)) = pipes.open();
        let writing = thread::spawn(move || writer.write_all(&vec![7; 1 << 20]).is_err());
        peer.read_exact(&mut vec![0; 1 << 16])
            .expect("the writer writes");
        closer.close();
        assert!(writing.join().expect("no panic"));
        let mut rest = Vec::new();
        peer.read_to_end(&mut rest).expect("the pipe ends");
        assert!(rest.iter().all(|&octet| octet == 7));
    }

    #[test]
    fn a_full_pipe_loses_nothing() {
        let pipes = Pipes::new();
        let ((_write, mut peer), (_reader, mut writer, _closer)) = pipes.open();
        let octets: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
        let expected = octets.clone();
        let writing = thread::spawn(move || writer.write_all(&octets));
        let mut read = Vec::new();
        peer.read_to_end(&mut read).expect("the pipe ends");
        writing.join().expect("no panic").expect("all is written");
        assert!(read == expected);
    }
}

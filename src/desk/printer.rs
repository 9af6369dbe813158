use std::{
    io::{self, ErrorKind, Read, Write},
    sync::OnceLock,
};

use anyhow::Result;

use crate::value::Problem;

/// Where a text goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stream {
    /// Standard output: data.
    Out,
    /// Standard error: what is said to people.
    Err,
}

/// Writes whole texts to standard output and standard error, each of them unmixed with others.
#[derive(Clone, Copy, Debug)]
pub struct Printer;

impl Printer {
    /// Writes `text` as it is. A reader who has gone (`| head`) is no error; a full disk is.
    pub fn write(self, stream: Stream, text: &str) -> Result<()> {
        self.reach(stream, text).map(|_| ())
    }

    /// The same; answers whether somebody still reads.
    pub fn reach(self, stream: Stream, text: &str) -> Result<bool> {
        let written = match stream {
            Stream::Out => put(io::stdout().lock(), text),
            Stream::Err => put(io::stderr().lock(), text),
        };
        Ok(written.map_err(|error| Problem::mac("the output cannot be written").why(error.to_string()))?)
    }

    /// Writes `text` where a run must go on whether somebody reads it or not; what could not be written to standard
    /// output is kept for [`Self::unbroken`].
    pub fn say(self, stream: Stream, text: &str) {
        if let (Stream::Out, Err(error)) = (stream, self.write(stream, text)) {
            let _ = BROKEN.set(Problem::from_error(&error));
        }
    }

    /// Fails when something that was said never reached standard output.
    pub fn unbroken() -> Result<()> {
        match BROKEN.get() {
            Some(problem) => Err(problem.clone().into()),
            None => Ok(()),
        }
    }
}

/// The first failure to write to standard output.
static BROKEN: OnceLock<Problem> = OnceLock::new();

/// Answers whether somebody still reads.
fn put(mut stream: impl Write, text: &str) -> io::Result<bool> {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        written => written.map(|()| true),
    }
}

/// Standard input, output and error as they are, for a program that is no command of a person's.
#[derive(Clone, Copy, Debug)]
pub enum Pipe {
    /// Standard input.
    In,
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::In => io::stdin().lock().read(buffer),
            Self::Out | Self::Err => Ok(0),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Out => io::stdout().lock().write(bytes),
            Self::Err => io::stderr().lock().write(bytes),
            Self::In => Err(ErrorKind::Unsupported.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Out => io::stdout().lock().flush(),
            Self::Err => io::stderr().lock().flush(),
            Self::In => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Refuses(ErrorKind);

    impl Write for Refuses {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_has_gone_is_no_error_but_a_full_disk_is() {
        assert!(!put(Refuses(ErrorKind::BrokenPipe), "text").unwrap());
        assert!(put(Refuses(ErrorKind::StorageFull), "text").is_err());
    }
}

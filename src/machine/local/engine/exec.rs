//! A command in a container, with its output.

use std::time::Duration;

use anyhow::Result;
use bollard::{
    container::LogOutput,
    exec::{StartExecOptions, StartExecResults},
    models::ExecConfig,
};
use futures_util::StreamExt;

use super::line::{End, Line};
use crate::machine::{Output, engine::EngineFault};

/// Bytes that are kept of either stream.
const MOST: usize = 4 * 1024 * 1024;

/// Runs `argv` in a container with these variables beside its own; not to have ended within `limit` is a fault, and the command may run on.
pub(super) fn exec(
    line: &Line,
    container: &str,
    argv: &[String],
    environment: Vec<String>,
    limit: Duration,
) -> Result<Result<Output, EngineFault>> {
    let docker = line.docker();
    let config = ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(argv.to_vec()),
        env: Some(environment),
        ..ExecConfig::default()
    };
    // The clock is never set back: the limit is for the whole command, however much it says.
    line.listen(limit, async |patience| {
        let made = patience.wait(docker.create_exec(container, config)).await??;
        let started = patience.wait(docker.start_exec(&made.id, None::<StartExecOptions>)).await??;
        let (mut stdout, mut stderr) = (vec![], vec![]);
        if let StartExecResults::Attached { mut output, .. } = started {
            while let Some(part) = patience.wait(output.next()).await? {
                match part? {
                    LogOutput::StdErr { message } => keep(&mut stderr, &message),
                    LogOutput::StdOut { message }
                    | LogOutput::StdIn { message }
                    | LogOutput::Console { message } => keep(&mut stdout, &message),
                }
            }
        }
        let ended = patience.wait(docker.inspect_exec(&made.id)).await??;
        Ok::<_, End>(Output {
            code: ended.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    })
}

fn keep(kept: &mut Vec<u8>, more: &[u8]) {
    kept.extend_from_slice(&more[..more.len().min(MOST - kept.len())]);
}

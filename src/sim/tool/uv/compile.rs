use std::{collections::BTreeMap, time::Duration};

use camino::Utf8Path;

use super::{Call, cache, fail, interpreters::os, pinned, site::Site, unreachable};
use crate::{
    machine::tool::uv::requirements,
    sim::{Mac, Running, running::Print},
    value::Requirement,
};

/// `uv pip compile -p PYTHON --generate-hashes -o FILE FILE`. A file that is there already says which versions are preferred
/// (docs/mac-facts.md#uv-compile-preferences).
pub(super) fn compile(mac: &mut Mac, call: &Call, file: &Utf8Path) -> Running {
    let site = match Site::open(mac, call) {
        Ok(site) => site,
        Err(failed) => return failed,
    };
    let (uid, home) = (call.caller.uid, call.home(mac));
    let Some(asked) = lines(mac, uid, file) else {
        return Running::failed(2, format!("error: File not found: {file}\n"));
    };
    let file = file.to_owned();
    let output_file = call.value("-o").map(camino::Utf8PathBuf::from);
    let quiet = call.has("-q") && output_file.is_some();
    let preferred = output_file.as_ref().and_then(|file| lines(mac, uid, file)).unwrap_or_default();
    Running::default().then(Duration::from_millis(1200), move |mac, output| {
        let now = mac.state.now;
        let begun = cache::begin(&mut *mac.disk, uid, &home, now)
            .and_then(|()| cache::note_credentials(&mut *mac.disk, uid, &home, now));
        if let Err(error) = begun {
            return fail(output, 2, "Failed to initialize cache", &[&os(&error)]);
        }
        let wanted: Result<Vec<Requirement>, String> = asked.iter().map(|line| line.parse()).collect();
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(why) => return fail(output, 2, &format!("Couldn't parse requirement in `{file}`"), &[&why]),
        };
        let url = format!("https://pypi.org/simple/{}/", wanted.first().map_or("", |first| &first.name));
        if unreachable(mac, output, &url, "Failed to fetch:") {
            return;
        }
        let preferred: BTreeMap<String, String> = pinned(&preferred);
        let chosen = match mac.state.registry.resolve(&wanted, &preferred, &site.version) {
            Ok(chosen) => chosen,
            Err(why) => return fail(output, 1, "No solution found when resolving dependencies", &[&why]),
        };
        let lines =
            chosen.values().map(|release| format!("{release} \\\n    --hash=sha256:{}\n", release.sha256()));
        let text = lines.collect::<Vec<_>>().concat();
        if let Some(path) = &output_file
            && let Err(error) = mac.disk.write(uid, path, cache::text(text.clone()), 0o644, now)
        {
            return fail(output, 2, &format!("failed to write to file `{path}`"), &[&os(&error)]);
        }
        if quiet {
            return;
        }
        output.out(text);
        output.err(format!("Resolved {} packages in 1.20s\n", chosen.len()));
    })
}

/// The requirements in a file, a line each.
pub(super) fn lines(mac: &Mac, uid: u32, file: &Utf8Path) -> Option<Vec<String>> {
    let content = mac.disk.read(uid, file).ok()?;
    Some(requirements(&String::from_utf8_lossy(&content.bytes(1 << 22)?)))
}

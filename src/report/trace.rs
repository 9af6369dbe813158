use jiff::tz::TimeZone;

use super::ink::Ink;
use crate::{
    desk::Screen,
    machine::{Class, Entry},
};

/// One call of the door as `--trace` prints it: when it began on the machine's clock (UTC), how long it took, what sort it is,
/// and what it was.
pub fn trace(entry: &Entry, screen: Screen) -> String {
    let ink = Ink::new(screen);
    let class = match entry.class {
        None => "look",
        Some(Class::Bookkeeping) => "bookkeeping",
        Some(Class::Use) => "use",
        Some(Class::Effect) => "effect",
    };
    let at = entry.at.to_zoned(TimeZone::UTC).strftime("%H:%M:%S%.3f");
    let took = format!("{} ms", entry.took.as_millis());
    format!("{}\n", ink.plain(&format!("trace {at} {took:>9}  {class:<11}  {}", entry.what)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_call_is_one_line_with_its_time_and_class() {
        let mut entry = Entry {
            at: "2026-05-04T10:20:30.5Z".parse().unwrap(),
            took: Duration::from_millis(12),
            what: "run /usr/sbin/sysctl -i hw.memsize".to_owned(),
            class: None,
            process: true,
            request: false,
        };
        let line = trace(&entry, Screen::plain(80));
        assert_eq!(line, "trace 10:20:30.500     12 ms  look         run /usr/sbin/sysctl -i hw.memsize\n");
        entry.class = Some(Class::Effect);
        assert!(trace(&entry, Screen::plain(80)).contains("  effect       run "));
    }
}

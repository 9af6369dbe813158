//! Numbers and values in words.

use crate::value::{Delta, Want, human_bytes};

pub(super) use crate::value::count;

/// A download: gigabytes from a twentieth of one on, since that is what a line's speed and a disk are known in.
#[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
pub(super) fn download(bytes: u64) -> String {
    if (50_000_000..1_000_000_000).contains(&bytes) {
        format!("{:.1} GB", bytes as f64 / 1e9)
    } else {
        human_bytes(bytes)
    }
}

/// Seconds: `0.4 s`, `45 s`, `2 min 05 s`, `1 h 12 min`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "brought within range before")]
pub(super) fn seconds(seconds: f64) -> String {
    let seconds = seconds.clamp(0.0, 1e9);
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// `field: found, wanted wanted`.
pub(super) fn delta(delta: &Delta) -> String {
    let wanted = match &delta.want {
        Want::Is(value) => value.to_string(),
        Want::Present => "any value".to_owned(),
        Want::Within(range) => range.to_string(),
        Want::Meets(specifiers) => specifiers.to_string(),
    };
    format!("{}: {}, wanted {wanted}", delta.field, delta.found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downloads_are_told_in_gigabytes() {
        assert_eq!(download(713_000_000), "0.7 GB");
        assert_eq!(download(18_600_000_000), "18.6 GB");
        assert_eq!(download(4_200_000), "4.2 MB");
    }

    #[test]
    fn time_is_told_as_coarsely_as_it_is_long() {
        assert_eq!(
            [0.04, 3.21, 9.96, 59.4, 59.6, 125.0, 4325.0].map(seconds),
            ["0.0 s", "3.2 s", "10 s", "59 s", "1 min 00 s", "2 min 05 s", "1 h 12 min"]
        );
    }
}

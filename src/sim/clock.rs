use std::time::Duration;

use jiff::Timestamp;

/// The last time that a simulated clock is set to in one go: a century before time ends, so that what is reckoned from it
/// has room.
const LAST: Timestamp = Timestamp::constant(250_239_967_200, 0);

/// Waits up to this are let pass beyond [`LAST`] too, or whoever waits for a time to come would wait for ever.
const SHORT: Duration = Duration::from_hours(24);

/// What a clock shows once `time` has passed.
pub(super) fn pass(now: Timestamp, time: Duration) -> Timestamp {
    let then = after(now, time);
    if time <= SHORT { then } else { then.min(LAST).max(now) }
}

/// So long after `now`, or the end of time.
pub(super) fn after(now: Timestamp, time: Duration) -> Timestamp {
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}

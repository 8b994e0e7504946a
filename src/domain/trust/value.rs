//! Typed values of conditions: numbers, dates, booleans, addresses, bytes. A text that
//! is no value of its type is `None` and compares with nothing.

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A number; whole numbers keep every digit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Fraction(f64),
}

impl Number {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(whole) = text.parse() {
            return Some(Self::Whole(whole));
        }
        let digits_only = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        let number: f64 = if digits_only {
            text.parse().ok()?
        } else {
            return None;
        };
        number.is_finite().then_some(Self::Fraction(number))
    }

    fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Fraction(fraction) => fraction,
        }
    }

    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => Some(left.cmp(&right)),
            _ => self.as_f64().partial_cmp(&other.as_f64()),
        }
    }
}

/// A moment: the W3C profile of ISO 8601 (also year, month or day alone, which mean
/// their first moment in UTC) or seconds since 1970.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse() {
        return Some(timestamp);
    }
    let padded = match text.len() {
        4 if text.bytes().all(|b| b.is_ascii_digit()) => format!("{text}-01-01"),
        7 if text.as_bytes().get(4) == Some(&b'-') => format!("{text}-01"),
        _ => text.to_owned(),
    };
    if let Ok(day) = padded.parse::<Date>()
        && padded.len() == 10
    {
        return day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    if let Ok(moment) = text.parse::<jiff::civil::DateTime>()
        && text.contains(['T', 't'])
    {
        return moment.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    epoch(text)
}

fn epoch(text: &str) -> Option<Timestamp> {
    let seconds = match Number::parse(text)? {
        Number::Whole(seconds) => SignedDuration::from_secs(seconds.try_into().ok()?),
        Number::Fraction(seconds) => SignedDuration::try_from_secs_f64(seconds).ok()?,
    };
    Timestamp::from_duration(seconds).ok()
}

/// `true` or `false` in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A CIDR block; a bare address is a block of one.
pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// Base64 bytes.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers_not_as_text() {
        let compare = |a, b| Number::parse(a)?.compare(Number::parse(b)?);
        assert_eq!(compare("9", "10"), Some(Ordering::Less));
        assert_eq!(compare("5", "5.0"), Some(Ordering::Equal));
        assert_eq!(Number::parse("nan"), None);
        assert_eq!(Number::parse("inf"), None);
        assert_eq!(Number::parse("1e400"), None);
    }

    #[test]
    fn dates_are_w3c_profile_or_epoch() {
        let midnight = date("2026-11-23T00:00:00Z");
        assert!(midnight.is_some());
        assert_eq!(date("2026-11-23"), midnight);
        assert_eq!(date("2026-11-23T02:00+02:00"), midnight);
        assert_eq!(date("2026-11"), date("2026-11-01T00:00:00Z"));
        assert_eq!(date("2026"), date("2026-01-01T00:00:00Z"));
        assert_eq!(date("1795392000"), date("2026-11-23T00:00:00Z"));
        assert_eq!(date("2026-11-23T00:00:00"), midnight);
        assert_eq!(date("soon"), None);
    }

    #[test]
    fn a_bare_address_is_a_block_of_one() {
        assert_eq!(network("10.0.0.1"), network("10.0.0.1/32"));
        assert_eq!(network("2001:db8::1"), network("2001:DB8::1/128"));
        assert_eq!(network("10.0.0"), None);
    }
}

//! Kleene's three truth values; "unknown" carries the keys that would settle it.

/// True, false, or unknown until the named keys are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    /// For no value of the unknown keys.
    False,
    /// For some values of these keys.
    Unknown(Vec<String>),
    /// For every value of the unknown keys.
    True,
}

impl Truth {
    pub(super) fn unknown(key: &str) -> Self {
        Self::Unknown(vec![key.to_owned()])
    }

    /// AWS documents no answer; the pseudo key says which rule is missing.
    pub(super) fn undocumented(rule: &str) -> Self {
        Self::Unknown(vec![format!("undocumented:{rule}")])
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, rest) | (rest, Self::True) => rest,
            (Self::Unknown(left), Self::Unknown(right)) => Self::Unknown(union(left, right)),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::True => Self::False,
            unknown @ Self::Unknown(_) => unknown,
        }
    }

    /// What holds when either reading may be the real one: both must agree.
    pub(super) fn either(self, other: Self, key: &str) -> Self {
        match (self, other) {
            (left, right) if left == right => left,
            (Self::Unknown(left), Self::Unknown(right)) => Self::Unknown(union(left, right)),
            (Self::Unknown(keys), _) | (_, Self::Unknown(keys)) => Self::Unknown(union(vec![key.to_owned()], keys)),
            _ => Self::unknown(key),
        }
    }

    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::True;
        for part in parts {
            result = result.and(part);
            if result == Self::False {
                break;
            }
        }
        result
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for part in parts {
            result = result.or(part);
            if result == Self::True {
                break;
            }
        }
        result
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// More keys than anybody could settle; a hostile document could name millions.
const MOST_KEYS: usize = 1000;

/// Union without regard to case, in the order the keys were met.
fn union(mut left: Vec<String>, right: Vec<String>) -> Vec<String> {
    for key in right {
        if left.len() >= MOST_KEYS {
            break;
        }
        if !left.iter().any(|known| known.eq_ignore_ascii_case(&key)) {
            left.push(key);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::Truth;

    #[test]
    fn a_false_part_decides_an_and_whatever_is_unknown() {
        assert_eq!(Truth::unknown("k").and(Truth::False), Truth::False);
        assert_eq!(Truth::unknown("k").and(Truth::True), Truth::unknown("k"));
    }

    #[test]
    fn a_true_part_decides_an_or_whatever_is_unknown() {
        assert_eq!(Truth::unknown("k").or(Truth::True), Truth::True);
        assert_eq!(Truth::unknown("k").or(Truth::False), Truth::unknown("k"));
    }

    #[test]
    fn the_keys_of_two_unknowns_are_united_without_regard_to_case() {
        let both = Truth::unknown("aws:SourceIp").and(Truth::unknown("aws:sourceip"));
        assert_eq!(both, Truth::unknown("aws:SourceIp"));
    }
}

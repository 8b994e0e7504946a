//! Faults on request: which operations of the simulated APIs go wrong, how, how
//! often and how many times. Seeded, so that a run can be repeated. It decides; the
//! servers carry the decision out.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Too many requests: AWS `Throttling`, Kubernetes 429.
    Throttle,
    /// No permission: AWS `AccessDenied`, Kubernetes 403.
    Denied,
    /// The credentials have expired: AWS `ExpiredToken`, Kubernetes 401.
    Expired,
    /// What was asked for is gone: 410, a watch ends with it.
    Gone,
    /// An answer with this HTTP status.
    Status(u16),
    /// The answer comes this much later.
    Latency(Duration),
    /// A connection error instead of an answer.
    Drop,
    /// No answer ever.
    Hang,
    /// It is carried out, and a connection error comes instead of the answer.
    Lost,
    /// It is carried out, and no answer ever comes.
    Mute,
}

impl FaultKind {
    /// Whether the request is carried out all the same.
    pub fn arrives(&self) -> bool {
        matches!(self, Self::Lost | Self::Mute)
    }
}

/// One fault: an operation pattern, what happens, how likely and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// `service:Operation` (AWS) or `resource:verb` (Kubernetes); `*` alone or at the end matches anything.
    pub operation: String,
    /// What happens.
    pub kind: FaultKind,
    /// Chance from 0 to 1 that a matching request is hit.
    pub probability: f64,
    /// How many requests are hit at most; without limit if absent.
    pub count: Option<u32>,
}

impl Fault {
    fn matches(&self, operation: &str) -> bool {
        match self.operation.strip_suffix('*') {
            Some(prefix) => operation.starts_with(prefix),
            None => self.operation == operation,
        }
    }

    fn is_spent(&self) -> bool {
        self.count == Some(0)
    }
}

/// A fault specification that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "fault `{spec}`: {why}; write OPERATION=KIND[:PROBABILITY][@COUNT], e.g. iam:GetRole=throttle:0.3, eks:*=500@5, *=latency:200ms"
)]
pub struct FaultError {
    spec: String,
    why: String,
}

impl FromStr for Fault {
    type Err = FaultError;

    /// Reads `OPERATION=KIND[:PROBABILITY][@COUNT]`; for `latency` the duration comes
    /// after the first colon.
    fn from_str(spec: &str) -> Result<Self, FaultError> {
        parse(spec).map_err(|why| FaultError { spec: spec.to_owned(), why })
    }
}

fn parse(spec: &str) -> Result<Fault, String> {
    let (operation, rest) = spec.split_once('=').ok_or("there is no `=`")?;
    check_operation(operation)?;
    let (rest, count) = match rest.rsplit_once('@') {
        Some((rest, count)) => (rest, Some(parse_count(count)?)),
        None => (rest, None),
    };
    let mut parts = rest.split(':');
    let kind = parse_kind(parts.next().unwrap_or_default(), &mut parts)?;
    let probability = parts.next().map_or(Ok(1.0), parse_probability)?;
    match parts.next() {
        Some(extra) => Err(format!("`{extra}` is left over")),
        None => Ok(Fault { operation: operation.to_owned(), kind, probability, count }),
    }
}

fn check_operation(operation: &str) -> Result<(), String> {
    match operation.find('*') {
        _ if operation.is_empty() => Err("the operation is empty".to_owned()),
        Some(at) if at + 1 != operation.len() => Err("`*` is only allowed at the end of the operation".to_owned()),
        _ => Ok(()),
    }
}

fn parse_kind<'a>(word: &str, rest: &mut impl Iterator<Item = &'a str>) -> Result<FaultKind, String> {
    Ok(match word {
        "throttle" => FaultKind::Throttle,
        "denied" => FaultKind::Denied,
        "expired" => FaultKind::Expired,
        "gone" => FaultKind::Gone,
        "drop" => FaultKind::Drop,
        "hang" => FaultKind::Hang,
        "lost" => FaultKind::Lost,
        "mute" => FaultKind::Mute,
        "latency" => {
            FaultKind::Latency(parse_duration(rest.next().ok_or("latency needs a duration, as latency:200ms")?)?)
        }
        status => FaultKind::Status(parse_status(status)?),
    })
}

fn parse_status(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|status| (400..=599).contains(status)).ok_or_else(|| {
        format!(
            "`{text}` is not throttle, denied, expired, gone, drop, hang, lost, mute, latency or a status from 400 to 599"
        )
    })
}

fn parse_count(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is not a count"))
}

fn parse_probability(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|p| (0.0..=1.0).contains(p))
        .ok_or_else(|| format!("`{text}` is not a probability from 0 to 1"))
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration such as 200ms, 1.5s or 2m");
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// The faults of a world; clones share them.
#[derive(Clone, Debug)]
pub struct Faults {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    faults: Vec<Fault>,
    random: u64,
}

impl Faults {
    /// No faults yet; the seed decides which requests a probability hits.
    pub fn new(seed: u64) -> Self {
        let state = State { faults: Vec::new(), random: seed };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Adds a fault; earlier ones stay and come first.
    pub fn add(&self, fault: Fault) {
        self.with(|state| state.faults.push(fault));
    }

    /// Removes every fault that was written for exactly this operation pattern.
    pub fn remove(&self, operation: &str) {
        self.with(|state| state.faults.retain(|fault| fault.operation != operation));
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.with(|state| state.faults.clear());
    }

    /// What happens to this request: at most one latency (the sum of all that hit) and
    /// at most one other kind (the first that hits), latency first. Counts go down.
    pub fn decide(&self, operation: &str) -> Vec<FaultKind> {
        self.with(|state| state.decide(operation))
    }

    /// Whether a `denied` fault can hit this operation; nothing is counted.
    pub fn denies(&self, operation: &str) -> bool {
        let can_hit = |f: &Fault| f.kind == FaultKind::Denied && f.probability > 0.0 && !f.is_spent();
        self.with(|state| state.faults.iter().any(|f| f.matches(operation) && can_hit(f)))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn decide(&mut self, operation: &str) -> Vec<FaultKind> {
        let mut latency = None;
        let mut other = None;
        let random = &mut self.random;
        for fault in self.faults.iter_mut().filter(|f| f.matches(operation) && !f.is_spent()) {
            let is_latency = matches!(fault.kind, FaultKind::Latency(_));
            if (other.is_some() && !is_latency) || !hits(random, fault.probability) {
                continue;
            }
            fault.count = fault.count.map(|count| count - 1);
            match &fault.kind {
                FaultKind::Latency(more) => latency = Some(latency.unwrap_or(Duration::ZERO) + *more),
                kind => other = Some(kind.clone()),
            }
        }
        latency.map(FaultKind::Latency).into_iter().chain(other).collect()
    }
}

/// A certain fault draws no number, so that adding one does not change what others hit.
fn hits(random: &mut u64, probability: f64) -> bool {
    probability >= 1.0 || fraction(random) < probability
}

/// The next number from 0 to below 1 (SplitMix64, upper 53 bits).
fn fraction(random: &mut u64) -> f64 {
    *random = random.wrapping_add(0x9E37_79B9_7F4A_7C15);
    (mix(*random) >> 11) as f64 / (1u64 << 53) as f64
}

/// SplitMix64's output function: spreads close numbers far apart.
pub(crate) fn mix(number: u64) -> u64 {
    let z = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(spec: &str) -> Fault {
        spec.parse().unwrap()
    }

    #[test]
    fn a_specification_is_read_in_all_its_parts() {
        assert_eq!(
            fault("iam:GetRole=throttle:0.3"),
            Fault { operation: "iam:GetRole".into(), kind: FaultKind::Throttle, probability: 0.3, count: None }
        );
        assert_eq!(
            fault("eks:*=500@5"),
            Fault { operation: "eks:*".into(), kind: FaultKind::Status(500), probability: 1.0, count: Some(5) }
        );
        let late = fault("*=latency:200ms:0.5@2");
        assert_eq!(late.kind, FaultKind::Latency(Duration::from_millis(200)));
        assert_eq!((late.probability, late.count), (0.5, Some(2)));
        assert_eq!(fault("sts:GetCallerIdentity=expired").kind, FaultKind::Expired);
        assert_eq!(fault("pods:watch=gone@1").kind, FaultKind::Gone);
    }

    #[test]
    fn a_wrong_specification_says_what_is_wrong() {
        for (spec, why) in [
            ("pods:list", "no `=`"),
            ("=denied", "operation is empty"),
            ("a*b=denied", "only allowed at the end"),
            ("x=explode", "is not throttle"),
            ("x=denied:2", "probability"),
            ("x=denied@many", "not a count"),
            ("x=latency", "needs a duration"),
            ("x=latency:5parsecs", "not a duration"),
            ("x=denied:0.5:7", "left over"),
        ] {
            let error = spec.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(why), "{spec}: {error}");
        }
    }

    #[test]
    fn a_count_runs_out_and_a_glob_matches_by_prefix() {
        let faults = Faults::new(1);
        faults.add(fault("pods:*=gone@2"));
        assert_eq!(faults.decide("nodes:list"), []);
        assert_eq!(faults.decide("pods:list"), [FaultKind::Gone]);
        assert_eq!(faults.decide("pods:watch"), [FaultKind::Gone]);
        assert_eq!(faults.decide("pods:watch"), []);
    }

    #[test]
    fn latency_combines_with_one_other_kind() {
        let faults = Faults::new(1);
        faults.add(fault("*=latency:100ms"));
        faults.add(fault("a:b=denied"));
        faults.add(fault("a:*=throttle"));
        faults.add(fault("a:b=latency:50ms"));
        let expected = [FaultKind::Latency(Duration::from_millis(150)), FaultKind::Denied];
        assert_eq!(faults.decide("a:b"), expected);
        faults.remove("a:b");
        assert_eq!(faults.decide("a:b"), [FaultKind::Latency(Duration::from_millis(100)), FaultKind::Throttle]);
    }

    #[test]
    fn the_same_seed_hits_the_same_requests() {
        let run = |seed| {
            let faults = Faults::new(seed);
            faults.add(fault("x:y=drop:0.5"));
            (0..64).map(|_| !faults.decide("x:y").is_empty()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let hits = run(7).into_iter().filter(|hit| *hit).count();
        assert!((16..48).contains(&hits), "{hits} of 64");
    }
}

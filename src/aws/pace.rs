//! How fast AWS may be asked: a token bucket and a few places at a time for each service. Throttling
//! halves the rate, success brings it back slowly.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

/// The services that are asked; each has limits of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Eks,
    Iam,
    Sts,
    Ec2,
    CloudTrail,
    /// Calls of STS that nobody signs: the limits are those of whoever the token names.
    StsUnsigned,
    EksAuth,
}

/// Calls at the same time, for each service.
const PLACES: usize = 8;

/// The bucket never becomes slower than this, in calls a second.
const SLOWEST: f64 = 0.5;

/// How much of the full rate one success brings back.
const RECOVERY: f64 = 0.02;

struct Lane {
    places: Semaphore,
    bucket: Mutex<Bucket>,
}

struct Bucket {
    tokens: f64,
    capacity: f64,
    /// Tokens a second now, and when nobody has complained.
    rate: f64,
    full_rate: f64,
    filled: Option<Instant>,
}

/// Shared by all clones of a session.
#[derive(Clone)]
pub(super) struct Pace(Arc<Lanes>);

struct Lanes {
    lanes: [Lane; 5],
    calls: AtomicUsize,
}

impl Lane {
    fn new(full_rate: f64, capacity: f64) -> Self {
        let bucket = Bucket { tokens: capacity, capacity, rate: full_rate, full_rate, filled: None };
        Self { places: Semaphore::new(PLACES), bucket: Mutex::new(bucket) }
    }

    async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        let place = self.places.acquire().await.ok();
        let wait = self.bucket(|bucket| bucket.take(Instant::now()));
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        place
    }

    fn bucket<T>(&self, work: impl FnOnce(&mut Bucket) -> T) -> T {
        work(&mut self.bucket.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Bucket {
    /// Takes a token that may only exist in the future: how long to wait for it.
    fn take(&mut self, now: Instant) -> Duration {
        let passed = self.filled.map_or(Duration::ZERO, |filled| now.saturating_duration_since(filled));
        self.filled = Some(now);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.rate).min(self.capacity) - 1.0;
        Duration::try_from_secs_f64(-self.tokens / self.rate).unwrap_or_default()
    }

    fn slower(&mut self) {
        self.rate = (self.rate / 2.0).max(SLOWEST);
        self.tokens = self.tokens.min(0.0);
    }

    fn faster(&mut self) {
        self.rate = (self.rate + self.full_rate * RECOVERY).min(self.full_rate);
    }
}

impl Pace {
    pub fn new() -> Self {
        // Full rate and burst, below the published account limits so that others can work too.
        let usual = || Lane::new(20.0, 40.0);
        // LookupEvents allows two requests a second for each account and region.
        let events = Lane::new(2.0, 2.0);
        let lanes = [usual(), Lane::new(15.0, 30.0), usual(), usual(), events];
        Self(Arc::new(Lanes { lanes, calls: AtomicUsize::new(0) }))
    }

    /// Waits for a place and a token; the place is kept until the answer is there.
    pub async fn enter(&self, service: Service) -> Option<SemaphorePermit<'_>> {
        let place = match self.lane(service) {
            Some(lane) => lane.enter().await,
            None => None,
        };
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        place
    }

    /// Learns from an answer.
    pub fn learn(&self, service: Service, throttled: bool) {
        if let Some(lane) = self.lane(service) {
            lane.bucket(|bucket| if throttled { bucket.slower() } else { bucket.faster() });
        }
    }

    /// How many calls were made.
    pub fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// Proofs have none: they come at a pace of their own, and one that waited here would miss its turn there.
    fn lane(&self, service: Service) -> Option<&Lane> {
        self.0.lanes.get(service as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_then_the_rate_holds() {
        let pace = Pace::new();
        let start = Instant::now();
        for _ in 0..30 {
            pace.enter(Service::Iam).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..15 {
            pace.enter(Service::Iam).await;
        }
        assert!((0.9..1.1).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
        assert_eq!(pace.calls(), 45);
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_slows_only_its_own_service() {
        let pace = Pace::new();
        pace.learn(Service::Iam, true);
        let start = Instant::now();
        pace.enter(Service::Eks).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        pace.enter(Service::Iam).await;
        let slowed = start.elapsed().as_secs_f64();
        assert!((0.12..0.15).contains(&slowed), "one token at half of 15 a second, got {slowed}");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_eight_calls_run_at_once() {
        let pace = Pace::new();
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(pace.enter(Service::Eks).await);
        }
        let ninth = tokio::time::timeout(Duration::from_secs(5), pace.enter(Service::Eks)).await;
        assert!(ninth.is_err());
        held.pop();
        assert!(tokio::time::timeout(Duration::from_secs(5), pace.enter(Service::Eks)).await.is_ok());
    }
}

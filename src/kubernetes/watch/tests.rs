use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::{
    domain::fact::Fact,
    kubernetes::tests::{Answer, Asked, Log, connection, status},
};

fn pod(name: &str, version: u32) -> String {
    serde_json::json!({
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": name, "resourceVersion": version.to_string(), "creationTimestamp": "2026-11-23T08:00:00Z"},
        "spec": {}, "status": {"phase": "Running"}
    })
    .to_string()
}

fn line(kind: &str, object: &str) -> String {
    format!(r#"{{"type":"{kind}","object":{object}}}"#)
}

fn end_of_list(version: u32) -> String {
    let annotations = r#""annotations":{"k8s.io/initial-events-end":"true"}"#;
    line("BOOKMARK", &format!(r#"{{"kind":"Pod","metadata":{{"resourceVersion":"{version}",{annotations}}}}}"#))
}

fn list(items: &[String], version: u32, next: &str) -> String {
    let items = items.join(",");
    format!(r#"{{"kind":"List","metadata":{{"resourceVersion":"{version}","continue":"{next}"}},"items":[{items}]}}"#)
}

fn is_pods(asked: &Asked) -> bool {
    asked.path.contains("/pods?")
}

fn is_streamed(asked: &Asked) -> bool {
    asked.path.contains("sendInitialEvents=true")
}

fn is_watch(asked: &Asked) -> bool {
    asked.path.contains("watch=true") && !is_streamed(asked)
}

/// Everything but pods has an empty list and a silent watch.
fn other(asked: &Asked) -> Answer {
    if asked.path.contains("watch=true") {
        Answer::Open(vec![end_of_list(1)])
    } else {
        Answer::Body(200, list(&[], 1, ""))
    }
}

/// What is known about the pods from the events that came.
#[derive(Default)]
struct Seen {
    pods: Vec<String>,
    whole: usize,
    early: usize,
    links: Vec<Link>,
    narrowed: Vec<(&'static str, Vec<String>)>,
    widened: Vec<&'static str>,
    fewest: Option<usize>,
    skipped: usize,
    unknown: Vec<Arc<Failure>>,
    mended: usize,
    stores: Vec<Fact<usize>>,
}

impl Seen {
    fn take(&mut self, event: Event) {
        match event {
            Event::Changes(changes) => changes.into_iter().for_each(|change| self.change(change)),
            Event::Link(link) => self.links.push(link),
            Event::Narrowed { resource, namespaces, .. } => self.narrowed.push((resource, namespaces)),
            Event::Widened { resource, .. } => self.widened.push(resource),
            Event::Skipped { count, .. } => self.skipped = count,
        }
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Pod(pod) => {
                self.early += usize::from(self.whole == 0);
                self.pods.retain(|name| name != pod.id.name.as_str());
                self.pods.push(pod.id.name.to_string());
            }
            Change::PodGone(id) => self.pods.retain(|name| name != id.name.as_str()),
            Change::Pods(Fact::Known(pods)) => {
                self.whole += 1;
                self.pods = pods.iter().map(|pod| pod.id.name.to_string()).collect();
                self.fewest = Some(self.fewest.unwrap_or(usize::MAX).min(pods.len()));
            }
            Change::Pods(Fact::Loading) => self.mended += 1,
            Change::Pods(Fact::Unknown(failure)) => self.unknown.push(failure),
            Change::Nodes(Fact::Unknown(failure)) => self.unknown.push(failure),
            Change::SecretStores(found) => self.stores.push(found.map_known(|stores| stores.len())),
            _ => {}
        }
        self.pods.sort();
    }

    fn is_live(&self) -> bool {
        matches!(self.links.last(), Some(Link::Live))
    }
}

/// Watches a server until what was seen satisfies.
async fn until(
    answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    satisfied: impl Fn(&Seen) -> bool,
) -> (Seen, Log) {
    let (connection, log) = connection(answer).await;
    let (sender, mut events) = mpsc::channel(64);
    let stop = CancellationToken::new();
    let task = tokio::spawn(watch(connection, None, sender, stop.clone()));
    let mut seen = Seen::default();
    let all = async {
        while !satisfied(&seen) {
            match events.recv().await {
                Some(event) => seen.take(event),
                None => break,
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(600), all).await;
    assert!(in_time.is_ok(), "saw {:?}, {:?}, whole {}", seen.pods, seen.links, seen.whole);
    stop.cancel();
    drop(events);
    task.await.unwrap();
    (seen, log)
}

#[tokio::test(start_paused = true)]
async fn a_streamed_list_goes_on_as_a_watch_on_the_same_connection() {
    let (seen, log) = until(
        |asked| match asked {
            _ if !is_pods(asked) => other(asked),
            _ => Answer::Open(vec![
                line("ADDED", &pod("a", 1)),
                line("ADDED", &pod("b", 2)),
                end_of_list(5),
                line("MODIFIED", &pod("b", 6)),
                line("ADDED", &pod("c", 7)),
                line("DELETED", &pod("a", 8)),
            ]),
        },
        |seen| seen.pods == ["b", "c"] && seen.is_live(),
    )
    .await;
    assert_eq!((seen.whole, seen.early), (1, 2), "first rows come before the list is whole");
    assert_eq!(log.lock().unwrap().iter().filter(|asked| is_pods(asked)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_stream_lists_is_read_in_pages() {
    for (code, reason) in [(400, "BadRequest"), (422, "Invalid")] {
        let (seen, log) = until(
            move |asked| match asked {
                _ if !is_pods(asked) => other(asked),
                _ if is_streamed(asked) => Answer::Body(code, status(code, reason, "sendInitialEvents is forbidden")),
                _ if is_watch(asked) => Answer::Open(vec![line("ADDED", &pod("d", 10))]),
                _ if asked.path.contains("continue=n%2F2") => Answer::Body(200, list(&[pod("c", 3)], 9, "")),
                _ => Answer::Body(200, list(&[pod("a", 1), pod("b", 2)], 9, "n/2")),
            },
            |seen| seen.pods == ["a", "b", "c", "d"] && seen.is_live(),
        )
        .await;
        assert_eq!(seen.whole, 1);
        let log = log.lock().unwrap();
        let watch = log.iter().find(|asked| is_pods(asked) && is_watch(asked)).unwrap();
        assert!(watch.path.ends_with("resourceVersion=9"), "{}", watch.path);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_the_question_is_read_in_pages_too() {
    let (seen, _) = until(
        |asked| match asked {
            _ if !is_pods(asked) => other(asked),
            _ if is_streamed(asked) => Answer::Open(vec![line("ADDED", &pod("a", 1))]),
            _ if is_watch(asked) => Answer::Open(vec![]),
            _ => Answer::Body(200, list(&[pod("a", 1), pod("b", 2)], 9, "")),
        },
        |seen| seen.pods == ["a", "b"] && seen.is_live(),
    )
    .await;
    assert_eq!(seen.whole, 1);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_is_taken_up_where_it_ended() {
    let (seen, log) = until(
        |asked| match asked {
            _ if !is_pods(asked) => other(asked),
            _ if is_streamed(asked) => {
                Answer::Lines(vec![line("ADDED", &pod("a", 1)), end_of_list(5), line("ADDED", &pod("b", 6))])
            }
            _ if asked.path.ends_with("resourceVersion=6") => Answer::Open(vec![line("ADDED", &pod("c", 7))]),
            _ => Answer::Body(500, status(500, "InternalError", "unexpected")),
        },
        |seen| seen.pods == ["a", "b", "c"],
    )
    .await;
    assert_eq!(seen.whole, 1);
    assert_eq!(log.lock().unwrap().iter().filter(|asked| is_pods(asked)).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_gone_is_listed_again_and_swapped_whole() {
    let lists = AtomicUsize::new(0);
    let (seen, _) = until(
        move |asked| match asked {
            _ if !is_pods(asked) => other(asked),
            _ if is_streamed(asked) && lists.fetch_add(1, Ordering::Relaxed) == 0 => Answer::Open(vec![
                line("ADDED", &pod("a", 1)),
                end_of_list(5),
                line("ERROR", &status(410, "Expired", "too old resource version")),
            ]),
            _ => Answer::Open(vec![line("ADDED", &pod("b", 8)), end_of_list(9)]),
        },
        |seen| seen.whole == 2,
    )
    .await;
    assert_eq!(seen.pods, ["b"], "a was deleted in the gap");
    assert_eq!(seen.early, 1, "the second list is not handed on piece by piece");
}

#[tokio::test(start_paused = true)]
async fn without_rights_on_the_cluster_the_namespace_of_the_context_is_read() {
    let (seen, _) = until(
        |asked| match asked {
            _ if asked.path.starts_with("/api/v1/namespaces/shop/pods?") => {
                Answer::Open(vec![line("ADDED", &pod("a", 1)), end_of_list(2)])
            }
            _ if is_pods(asked) => Answer::Body(403, status(403, "Forbidden", "pods is forbidden")),
            _ => other(asked),
        },
        |seen| seen.pods == ["a"] && seen.is_live(),
    )
    .await;
    assert_eq!(seen.narrowed, [("pods", vec!["shop".to_owned()])]);
}

fn forbidden() -> Answer {
    Answer::Body(403, status(403, "Forbidden", "pods is forbidden"))
}

/// The pods of all namespaces, or of one.
fn pods(names: &[&str]) -> Answer {
    let added = names.iter().map(|name| line("ADDED", &pod(name, 1)));
    Answer::Open(added.chain([end_of_list(5)]).collect())
}

#[tokio::test(start_paused = true)]
async fn the_whole_cluster_is_read_as_soon_as_it_may_be() {
    let refusals = AtomicUsize::new(3);
    let (seen, log) = until(
        move |asked| match asked {
            _ if asked.path.starts_with("/api/v1/namespaces/shop/pods?") => {
                Answer::Lines(vec![line("ADDED", &pod("a", 1)), end_of_list(2)])
            }
            _ if !is_pods(asked) => other(asked),
            _ if refusals.load(Ordering::Relaxed) > 0 => {
                refusals.fetch_sub(1, Ordering::Relaxed);
                forbidden()
            }
            _ if asked.path.contains("limit=1") => Answer::Body(200, list(&[pod("a", 1)], 5, "more")),
            _ => pods(&["a", "b"]),
        },
        |seen| seen.pods == ["a", "b"] && !seen.widened.is_empty(),
    )
    .await;
    assert_eq!(seen.narrowed, [("pods", vec!["shop".to_owned()])], "said once");
    assert_eq!(seen.widened, ["pods"]);
    let log = log.lock().unwrap();
    let narrow = log.iter().filter(|asked| asked.path.starts_with("/api/v1/namespaces/shop/pods?"));
    assert!(narrow.clone().count() > 1 && narrow.clone().all(|asked| asked.path.contains("timeoutSeconds=60")));
}

#[tokio::test(start_paused = true)]
async fn a_right_taken_while_lists_are_read_again_takes_no_rows_and_they_are_all_back_when_it_returns() {
    let lists = AtomicUsize::new(0);
    let (seen, _) = until(
        move |asked| match asked {
            _ if asked.path.starts_with("/api/v1/namespaces/shop/pods?") => pods(&["a"]),
            _ if !is_pods(asked) => other(asked),
            _ => match lists.fetch_add(1, Ordering::Relaxed) {
                0 => Answer::Open(vec![
                    line("ADDED", &pod("a", 1)),
                    line("ADDED", &pod("b", 2)),
                    end_of_list(5),
                    line("ERROR", &status(410, "Expired", "too old resource version")),
                ]),
                1 | 2 => forbidden(),
                _ => pods(&["a", "b", "c"]),
            },
        },
        |seen| seen.pods == ["a", "b", "c"] && seen.is_live(),
    )
    .await;
    assert!(seen.links.iter().any(|link| matches!(link, Link::Denied(_))), "{:?}", seen.links);
    assert_eq!((seen.narrowed.len(), seen.fewest), (0, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn who_may_read_nothing_at_the_start_reads_the_whole_cluster_later() {
    let asked_before = AtomicUsize::new(0);
    let (seen, _) = until(
        move |asked| match asked {
            _ if !is_pods(asked) => other(asked),
            _ if asked_before.fetch_add(1, Ordering::Relaxed) < 2 => forbidden(),
            _ if asked.path.starts_with("/api/v1/namespaces/shop/pods?") => pods(&["a"]),
            _ => pods(&["a", "b"]),
        },
        |seen| seen.pods == ["a", "b"] && seen.is_live(),
    )
    .await;
    assert_eq!(seen.narrowed, [], "less than the whole was never read");
    assert_eq!(seen.unknown[0].action.as_deref(), Some("watch pods"));
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_denied_is_unknown_and_the_others_go_on() {
    let (seen, _) = until(
        |asked| match asked {
            _ if asked.path.contains("/nodes?") => Answer::Body(403, status(403, "Forbidden", "nodes is forbidden")),
            _ if is_pods(asked) => Answer::Open(vec![line("ADDED", &pod("a", 1)), end_of_list(2)]),
            _ => other(asked),
        },
        |seen| seen.is_live() && !seen.unknown.is_empty(),
    )
    .await;
    assert_eq!(seen.unknown[0].action.as_deref(), Some("watch nodes"));
    assert_eq!(seen.pods, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_costs_only_itself() {
    let (seen, _) = until(
        |asked| match asked {
            _ if !is_pods(asked) => other(asked),
            _ => Answer::Open(vec![
                line("ADDED", r#"{"metadata":{"name":7},"spec":[]}"#),
                line("ADDED", &pod("a", 1)),
                end_of_list(2),
            ]),
        },
        |seen| seen.is_live(),
    )
    .await;
    assert_eq!((seen.pods.as_slice(), seen.skipped), (["a".to_owned()].as_slice(), 1));
}

#[tokio::test(start_paused = true)]
async fn an_outage_keeps_what_is_known_and_counts_its_attempts() {
    let state = Mutex::new(0);
    let (seen, _) = until(
        move |asked| {
            if !is_pods(asked) {
                return other(asked);
            }
            let mut asked_before = state.lock().unwrap();
            *asked_before += 1;
            match *asked_before {
                1 => Answer::Lines(vec![line("ADDED", &pod("a", 1)), end_of_list(5)]),
                2..=7 => Answer::Broken("connection refused"),
                _ => Answer::Open(vec![line("ADDED", &pod("b", 6))]),
            }
        },
        |seen| seen.pods == ["a", "b"],
    )
    .await;
    assert_eq!(seen.whole, 1, "the watch goes on, no second list is needed");
    let attempts: Vec<u32> = seen
        .links
        .iter()
        .filter_map(|link| if let Link::Retrying { attempt, .. } = link { Some(*attempt) } else { None })
        .collect();
    assert_eq!(attempts, [1, 2, 3, 4]);
    assert_eq!(seen.links.iter().filter(|link| matches!(link, Link::Offline { .. })).count(), 2);
    assert!(seen.is_live());
    assert_eq!((seen.unknown.len(), seen.mended), (1, 1), "told once that it failed, and once that it no longer does");
}

#[tokio::test(start_paused = true)]
async fn several_namespaces_become_one_list() {
    let (connection, _) = connection(|asked| match asked {
        _ if asked.path.starts_with("/api/v1/namespaces/one/pods?") => {
            Answer::Open(vec![line("ADDED", &pod("a", 1)), end_of_list(2), line("DELETED", &pod("a", 3))])
        }
        _ if asked.path.starts_with("/api/v1/namespaces/two/pods?") => {
            Answer::Open(vec![line("ADDED", &pod("b", 1)), end_of_list(2)])
        }
        _ => other(asked),
    })
    .await;
    let (sender, mut events) = mpsc::channel(64);
    let stop = CancellationToken::new();
    tokio::spawn(watch(connection, Some(vec!["one".into(), "two".into()]), sender, stop.clone()));
    let mut seen = Seen::default();
    while !(seen.whole == 1 && seen.pods == ["b"]) {
        seen.take(tokio::time::timeout(Duration::from_secs(60), events.recv()).await.unwrap().unwrap());
    }
    stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn batches_hold_no_more_than_five_hundred_changes() {
    let (connection, _) = connection(|asked| match asked {
        _ if !is_pods(asked) => other(asked),
        _ => Answer::Open(
            (0..1_200).map(|number| line("ADDED", &pod(&format!("p{number}"), 1))).chain([end_of_list(2)]).collect(),
        ),
    })
    .await;
    let (sender, mut events) = mpsc::channel(64);
    let stop = CancellationToken::new();
    let task = tokio::spawn(watch(connection, None, sender, stop.clone()));
    let mut pods = 0;
    while pods < 1_200 {
        if let Some(Event::Changes(changes)) = events.recv().await {
            assert!(changes.len() <= 500, "{}", changes.len());
            pods += changes.iter().filter(|change| matches!(change, Change::Pod(_))).count();
        }
    }
    stop.cancel();
    assert!(tokio::time::timeout(Duration::from_secs(1), task).await.is_ok(), "everything ends with the token");
}

fn not_found() -> Answer {
    Answer::Body(404, status(404, "NotFound", "the server could not find the requested resource"))
}

#[tokio::test(start_paused = true)]
async fn a_custom_resource_that_the_server_lacks_is_absent_after_both_versions_were_tried() {
    let (seen, log) = until(
        |asked| if asked.path.contains("/secretstores?") { not_found() } else { other(asked) },
        |seen| !seen.stores.is_empty(),
    )
    .await;
    assert_eq!(seen.stores, [Fact::Absent]);
    let paths: Vec<String> = log.lock().unwrap().iter().map(|asked| asked.path.clone()).collect();
    let asked =
        |version: &str| paths.iter().any(|path| path.starts_with(&format!("/apis/external-secrets.io/{version}/")));
    assert!(asked("v1") && asked("v1beta1"), "{paths:?}");
}

#[tokio::test(start_paused = true)]
async fn an_older_version_of_a_custom_resource_is_read_where_there_is_no_newer() {
    let store = serde_json::json!({
        "metadata": {"name": "vault", "namespace": "shop"},
        "spec": {"provider": {"aws": {"auth": {"jwt": {"serviceAccountRef": {"name": "eso"}}}}}}
    });
    let (seen, _) = until(
        move |asked| match asked.path.contains("/secretstores?") {
            false => other(asked),
            true if asked.path.starts_with("/apis/external-secrets.io/v1/") => not_found(),
            true if is_streamed(asked) => Answer::Open(vec![line("ADDED", &store.to_string()), end_of_list(1)]),
            true => Answer::Open(vec![]),
        },
        |seen| !seen.stores.is_empty(),
    )
    .await;
    assert_eq!(seen.stores, [Fact::Known(1)]);
}

#[tokio::test(start_paused = true)]
async fn a_custom_resource_that_may_not_be_read_is_unknown() {
    let (seen, _) = until(
        |asked| {
            let refused = || Answer::Body(403, status(403, "Forbidden", "secretstores is forbidden"));
            if asked.path.contains("/secretstores?") { refused() } else { other(asked) }
        },
        |seen| !seen.stores.is_empty(),
    )
    .await;
    let action = seen.stores[0].failure().and_then(|failure| failure.action.clone());
    assert!(action.is_some_and(|action| action.ends_with(" secretstores")), "{:?}", seen.stores);
}

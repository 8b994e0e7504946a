//! Pods that nobody should write and somebody does: read, or refused with a sentence.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{decode, pod};
use crate::kubernetes::decode::pod::Decoder;

#[test]
fn a_thousand_containers_with_a_hundred_kilobytes_each_are_decoded() {
    let value = "v".repeat(100_000);
    let container = |index: usize| json!({"name": format!("c{index}"), "env": [{"name": "OTHER", "value": value}]});
    let mut json = pod("p");
    json["spec"]["containers"] = (0..1_000).map(container).collect();
    json["spec"]["initContainers"] = json!([]);
    json["spec"]["ephemeralContainers"] = json!([]);
    let pod = decode(&json);
    assert_eq!(pod.spec.containers.len(), 1_000);
    assert!(
        pod.spec.containers.iter().all(|container| container.environment.iter().count() == 0),
        "and nothing is kept"
    );
}

/// Any JSON of some depth.
fn anything() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        ".{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::btree_map("[a-zA-Z]{1,12}", inner, 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// The places of a pod that are read.
const PLACES: [&str; 18] = [
    "/metadata",
    "/metadata/name",
    "/metadata/labels",
    "/metadata/annotations",
    "/metadata/ownerReferences",
    "/metadata/creationTimestamp",
    "/spec",
    "/spec/containers",
    "/spec/containers/0",
    "/spec/containers/0/env",
    "/spec/containers/0/env/0",
    "/spec/containers/0/envFrom",
    "/spec/containers/0/volumeMounts",
    "/spec/initContainers",
    "/spec/volumes",
    "/spec/volumes/0",
    "/spec/nodeSelector",
    "/status",
];

proptest! {
    #[test]
    fn a_pod_with_anything_anywhere_is_read_or_refused_with_a_sentence(
        place in proptest::sample::select(&PLACES[..]),
        value in anything(),
    ) {
        let mut json = pod("p");
        if let Some(found) = json.pointer_mut(place) {
            *found = value;
        }
        if let Err(error) = Decoder::default().pod(&json.to_string()) {
            prop_assert!(!error.to_string().is_empty());
        }
        // Whatever it is as a template, too.
        let _template = Decoder::default().template(&json.to_string());
    }
}

//! The webhook object that EKS puts into every cluster.

use serde_json::{Value, json};

use super::World;

/// Group and resource of such objects.
pub const RESOURCE: (&str, &str) = ("admissionregistration.k8s.io", "mutatingwebhookconfigurations");

/// Name of the object.
pub const NAME: &str = "pod-identity-webhook";

/// `MutatingWebhookConfiguration/pod-identity-webhook`, as EKS makes it, with the CA of the cluster (base64).
pub fn object(authority: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": { "name": NAME },
        "webhooks": [{
            "name": "iam-for-pods.amazonaws.com",
            "admissionReviewVersions": ["v1beta1"],
            "clientConfig": { "url": "https://127.0.0.1:23443/mutate", "caBundle": authority },
            "failurePolicy": "Ignore",
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {
                "matchExpressions": [{ "key": "eks.amazonaws.com/skip-pod-identity-webhook", "operator": "DoesNotExist" }],
            },
            "reinvocationPolicy": "IfNeeded",
            "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*" }],
            "sideEffects": "None",
            "timeoutSeconds": 10,
        }],
    })
}

/// The webhooks that a CA signs (base64), with another one in its place.
pub fn with_authority(world: &World, before: &str, after: &str) -> Vec<Value> {
    let mut found = world.kubernetes.snapshot(RESOURCE.0, RESOURCE.1);
    found.retain_mut(|object| {
        let bundles = object["webhooks"].as_array_mut().into_iter().flatten();
        let ours = bundles.map(|one| &mut one["clientConfig"]["caBundle"]).filter(|bundle| **bundle == before);
        ours.map(|bundle| *bundle = after.into()).count() > 0
    });
    found
}

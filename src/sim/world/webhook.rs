//! The webhook object that EKS puts into every cluster.

use serde_json::{Value, json};

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

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::*;

/// What the verifier of the control plane allows in the query (identity-resolution 7.2).
const ALLOWED: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

fn parts(region: &str, session: Option<&str>) -> (http::Uri, BTreeMap<String, String>) {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", session.map(str::to_owned), None, "test");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_420_800);
    let text = token(&credentials, region, "acme", now).unwrap();
    assert!(text.len() <= 4 * 1024, "{}", text.len());
    let encoded = text.strip_prefix("k8s-aws-v1.").unwrap();
    assert!(!encoded.contains(['=', '+', '/']));
    let url: http::Uri = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap().parse().unwrap();
    let pairs: Vec<_> = url.query().unwrap().split('&').filter_map(|pair| pair.split_once('=')).collect();
    let query: BTreeMap<_, _> = pairs
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), percent_decode_str(value).decode_utf8_lossy().into_owned()))
        .collect();
    assert_eq!(query.len(), pairs.len(), "each parameter at most once");
    (url, query)
}

#[test]
fn a_token_is_what_the_verifier_accepts() {
    let (url, query) = parts("eu-west-1", Some("a/very+long=token"));
    assert_eq!(url.scheme_str(), Some("https"));
    assert_eq!((url.host(), url.path()), (Some("sts.eu-west-1.amazonaws.com"), "/"));
    assert!(query.keys().all(|name| ALLOWED.contains(&name.as_str())), "{query:?}");
    assert_eq!(query["action"], "GetCallerIdentity");
    assert_eq!(query["version"], "2011-06-15");
    assert_eq!(query["x-amz-expires"], "60");
    assert_eq!(query["x-amz-signedheaders"], "host;x-k8s-aws-id");
    assert_eq!(query["x-amz-security-token"], "a/very+long=token");
    assert_eq!(query["x-amz-credential"], "AKIAIOSFODNN7EXAMPLE/20261123/eu-west-1/sts/aws4_request");
    assert_eq!(query["x-amz-signature"].len(), 64);
}

#[test]
fn a_token_without_session_carries_no_session() {
    assert!(!parts("eu-west-1", None).1.contains_key("x-amz-security-token"));
}

#[test]
fn every_partition_has_its_own_host() {
    assert_eq!(parts("cn-north-1", None).0.host(), Some("sts.cn-north-1.amazonaws.com.cn"));
    assert_eq!(parts("us-gov-west-1", None).0.host(), Some("sts.us-gov-west-1.amazonaws.com"));
}

#[test]
fn the_signature_depends_on_the_cluster() {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", None, None, "test");
    let make = |cluster| token(&credentials, "eu-west-1", cluster, SystemTime::UNIX_EPOCH).unwrap();
    assert_ne!(make("acme"), make("other"));
    assert_eq!(make("acme"), make("acme"));
}

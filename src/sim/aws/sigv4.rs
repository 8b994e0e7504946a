//! Reads who signed a request and for which service, from the `Authorization`
//! header or the query of a presigned URL. Signatures are not verified.

use http::HeaderMap;

/// The credential of a signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The access key id.
    pub access_key: String,
    /// Region of the credential scope.
    pub region: String,
    /// Service of the credential scope, e.g. `eks`.
    pub service: String,
}

/// The signer of a request, if it is signed at all.
pub fn signer(headers: &HeaderMap, query: &[(String, String)]) -> Option<Signer> {
    header_credential(headers).or_else(|| query_credential(query)).and_then(|credential| parse(&credential))
}

fn header_credential(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let fields = value.strip_prefix("AWS4-HMAC-SHA256")?;
    fields.split(',').find_map(|field| field.trim().strip_prefix("Credential=")).map(str::to_owned)
}

fn query_credential(query: &[(String, String)]) -> Option<String> {
    query.iter().find(|(name, _)| name.eq_ignore_ascii_case("X-Amz-Credential")).map(|(_, value)| value.clone())
}

/// `KEY/DATE/REGION/SERVICE/aws4_request`; the key may not hold a slash.
fn parse(credential: &str) -> Option<Signer> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key, _date, region, service, "aws4_request"] = parts.as_slice() else {
        return None;
    };
    Some(Signer { access_key: (*access_key).to_owned(), region: (*region).to_owned(), service: (*service).to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{Signer, signer};
    use http::{HeaderMap, HeaderValue};

    fn expected() -> Signer {
        Signer {
            access_key: "AKIASIMULATED0000001".to_owned(),
            region: "eu-west-1".to_owned(),
            service: "eks".to_owned(),
        }
    }

    #[test]
    fn the_scope_is_read_from_the_authorization_header() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "authorization",
            HeaderValue::from_static(
                "AWS4-HMAC-SHA256 Credential=AKIASIMULATED0000001/20261123/eu-west-1/eks/aws4_request, SignedHeaders=host, Signature=00",
            ),
        );
        assert_eq!(signer(&headers, &[]), Some(expected()));
    }

    #[test]
    fn the_scope_is_read_from_a_presigned_query() {
        let query =
            [("X-Amz-Credential".to_owned(), "AKIASIMULATED0000001/20261123/eu-west-1/eks/aws4_request".to_owned())];
        assert_eq!(signer(&HeaderMap::new(), &query), Some(expected()));
    }

    #[test]
    fn a_bearer_token_is_no_signature() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer x"));
        assert_eq!(signer(&headers, &[]), None);
    }
}

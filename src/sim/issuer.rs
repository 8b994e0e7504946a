//! The key of the cluster's OIDC issuer: what the API server signs service account tokens with, what
//! its JWKS document shows, and what STS and EKS Auth check signatures against (RFC 7515, 7517, 7518).

use std::sync::LazyLock;

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// One key for all worlds of a process, made when the first token is signed: making it takes longer
/// than everything else a small world does. Tokens of two worlds differ in their issuer.
static KEY: LazyLock<Option<SigningKey>> = LazyLock::new(SigningKey::generate);

struct SigningKey {
    pair: KeyPair,
    public: PublicKey,
}

/// A public RSA key with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// `kid`: how a token names the key that signed it.
    pub id: String,
    /// PKCS 1, DER.
    der: Vec<u8>,
}

impl SigningKey {
    fn generate() -> Option<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let der = pair.public_key().as_ref().to_vec();
        let id = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &der));
        Some(Self { pair, public: PublicKey { id, der } })
    }
}

/// Signs claims as a compact JWS with RS256, as EKS does.
pub fn sign(claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let id = KEY.as_ref().map(|key| key.public.id.as_str());
    let signed = format!("{}.{}", encode(&json!({"alg": "RS256", "kid": id})), encode(claims));
    let signature = KEY.as_ref().map_or_else(Vec::new, |key| {
        let mut signature = vec![0; key.pair.public_modulus_len()];
        match key.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature) {
            Ok(()) => signature,
            Err(_) => Vec::new(),
        }
    });
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The keys that the issuer of a simulated cluster serves.
pub fn keys() -> Vec<PublicKey> {
    KEY.iter().map(|key| key.public.clone()).collect()
}

/// A JWKS document.
pub fn jwks(keys: &[PublicKey]) -> Value {
    json!({"keys": keys.iter().filter_map(PublicKey::jwk).collect::<Vec<_>>()})
}

/// The keys of a JWKS document, RSA only.
pub fn from_jwks(document: &Value) -> Vec<PublicKey> {
    document["keys"].as_array().into_iter().flatten().filter_map(PublicKey::from_jwk).collect()
}

impl PublicKey {
    fn jwk(&self) -> Option<Value> {
        let (modulus, exponent) = numbers(&self.der)?;
        let encode = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        Some(json!({
            "use": "sig", "kty": "RSA", "alg": "RS256", "kid": self.id,
            "n": encode(modulus), "e": encode(exponent),
        }))
    }

    fn from_jwk(key: &Value) -> Option<Self> {
        let decode = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
        let (modulus, exponent) = (decode("n")?, decode("e")?);
        let body = [integer(&modulus), integer(&exponent)].concat();
        Some(Self { id: key["kid"].as_str().unwrap_or_default().to_owned(), der: tagged(0x30, &body) })
    }

    /// Whether this key signed the first two parts of a token.
    pub fn verifies(&self, token: &Token) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.der);
        token.algorithm == "RS256" && key.verify(token.signed.as_bytes(), &token.signature).is_ok()
    }
}

/// A compact JWS, taken apart and not yet trusted.
pub struct Token {
    /// What it claims.
    pub claims: Value,
    /// `kid` of its header.
    pub key: String,
    algorithm: String,
    signed: String,
    signature: Vec<u8>,
}

impl Token {
    /// Takes a token apart; `None` if it is no JWT.
    pub fn read(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let header = decode(header)?;
        let text = |name: &str| header[name].as_str().unwrap_or_default().to_owned();
        Some(Self {
            claims: decode(claims).filter(Value::is_object)?,
            key: text("kid"),
            algorithm: text("alg"),
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// A claim that is a text.
    pub fn text(&self, claim: &str) -> &str {
        self.claims[claim].as_str().unwrap_or_default()
    }

    /// The audiences: one text or a list of them.
    pub fn audiences(&self) -> Vec<&str> {
        match &self.claims["aud"] {
            Value::String(one) => vec![one],
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// Modulus and exponent of `SEQUENCE { INTEGER, INTEGER }`, without the sign byte.
fn numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, _) = value(der, 0x30)?;
    let (modulus, rest) = value(body, 0x02)?;
    let (exponent, _) = value(rest, 0x02)?;
    Some((strip(modulus), strip(exponent)))
}

fn strip(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

/// The content of a DER value with that tag, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = der.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
        }
    };
    rest.split_at_checked(length)
}

fn integer(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if number.first().is_some_and(|byte| byte & 0x80 != 0) { &[0] } else { &[] };
    tagged(0x02, &[sign, number].concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let header = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [header.as_slice(), content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_verified_by_the_keys_that_the_issuer_serves() {
        let token = sign(&json!({"sub": "system:serviceaccount:a:b", "aud": ["sts.amazonaws.com"]}));
        let served = from_jwks(&jwks(&keys()));
        assert_eq!(served, keys());
        let read = Token::read(&token).unwrap();
        assert_eq!(read.text("sub"), "system:serviceaccount:a:b");
        assert_eq!(read.audiences(), ["sts.amazonaws.com"]);
        assert_eq!(read.key, served[0].id);
        assert!(served[0].verifies(&read));
    }

    #[test]
    fn a_changed_token_is_not_verified() {
        let token = sign(&json!({"sub": "system:serviceaccount:a:b"}));
        let parts: Vec<&str> = token.split('.').collect();
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"system:serviceaccount:a:c"}"#);
        let forged = Token::read(&format!("{}.{claims}.{}", parts[0], parts[2])).unwrap();
        assert!(!keys()[0].verifies(&forged));
    }

    #[test]
    fn what_is_no_jwt_is_no_token() {
        for text in ["", "a.b", "a.b.c", "e30.W10.AA"] {
            assert!(Token::read(text).is_none(), "{text}");
        }
    }
}

//! The cluster's certificate authority, in DescribeCluster and in the kubeconfig alike: made for one run, or kept
//! for the next ones.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData,
};

/// A certificate authority with its key.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A server certificate with its key, both DER.
pub struct Identity {
    /// The certificate.
    pub certificate: Vec<u8>,
    /// The private key, PKCS 8.
    pub key: Vec<u8>,
}

impl Authority {
    /// Makes an authority.
    pub fn new() -> Result<Self, rcgen::Error> {
        let (params, key) = (params()?, KeyPair::generate()?);
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { pem, issuer: Issuer::new(params, key) })
    }

    /// An authority that was made before: its certificate and its key, both PEM.
    ///
    /// # Errors
    /// The key cannot be read.
    pub fn kept(certificate: &str, key: &str) -> Result<Self, rcgen::Error> {
        let issuer = Issuer::new(params()?, KeyPair::from_pem(key)?);
        Ok(Self { pem: certificate.to_owned(), issuer })
    }

    /// Whether the certificate is about the key.
    pub fn is_whole(&self) -> bool {
        let body: String = self.pem.lines().filter(|line| !line.starts_with('-')).map(str::trim).collect();
        let public = self.issuer.key().subject_public_key_info();
        STANDARD.decode(body).is_ok_and(|der| der.windows(public.len()).any(|part| part == public))
    }

    /// The certificate, PEM.
    pub fn certificate(&self) -> &str {
        &self.pem
    }

    /// The private key, PEM.
    pub fn key(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Base64 of the PEM, as DescribeCluster and kubeconfigs hold it.
    pub fn data(&self) -> String {
        STANDARD.encode(&self.pem)
    }

    /// A certificate for a server that is reached by these names and addresses.
    pub fn identity(&self, names: Vec<String>) -> Result<Identity, rcgen::Error> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity { certificate: certificate.der().to_vec(), key: key.serialize_der() })
    }
}

/// What every authority of ours is, whatever its key.
fn params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "kubernetes");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

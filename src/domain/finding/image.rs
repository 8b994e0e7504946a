//! What the images of containers hint at: SDKs that are older than Pod Identity (identity-resolution 2.5, 2.7,
//! 8.14). No API shows the SDK in an image, so these are guesses.

use super::{Finding, Scene, Team, environment::about};
use crate::domain::{
    identity::{ContainerIdentity, Mechanism},
    workload::Container,
};

/// The releases of well-known images from which on they take credentials from the Pod Identity agent.
struct Image {
    /// The end of its repository.
    repository: &'static str,
    /// The major version that the row is about.
    major: u32,
    /// The first good release; older ones are suspected.
    first: [u32; 3],
}

const fn image(repository: &'static str, major: u32, first: [u32; 3]) -> Image {
    Image { repository, major, first }
}

/// The CLI by the table of minimum versions (2.7); the others by the last release that was reported to fail:
/// kubernetes-sigs/external-dns#4353 (0.14.1), external-secrets/external-secrets#2951 (0.9.9).
const IMAGES: [Image; 7] = [
    image("amazon/aws-cli", 1, [1, 30, 0]),
    image("amazon/aws-cli", 2, [2, 15, 0]),
    image("aws-cli/aws-cli", 1, [1, 30, 0]),
    image("aws-cli/aws-cli", 2, [2, 15, 0]),
    image("external-dns/external-dns", 0, [0, 14, 2]),
    image("bitnami/external-dns", 0, [0, 14, 2]),
    image("external-secrets/external-secrets", 0, [0, 9, 10]),
];

/// All rules of this file.
pub fn of_team(_: &Scene<'_>, team: &Team<'_>) -> Vec<Finding> {
    let suspected = |container: &Container, answer: &ContainerIdentity| {
        let pod_identity =
            [&answer.now, &answer.next].iter().any(|identity| identity.mechanism == Mechanism::PodIdentity);
        pod_identity && is_old(&container.image)
    };
    let found = about(
        "SDK-TOO-OLD",
        team,
        |_, container, answer| suspected(container, answer),
        |container| {
            format!(
                "Container {} runs {}, whose SDK is probably older than Pod Identity: it may refuse the agent's address 169.254.170.23.",
                container.name, container.image
            )
        },
    );
    found.into_iter().collect()
}

/// Whether a known image has a tag before its first good release. Digests and words as `latest` tell nothing.
fn is_old(reference: &str) -> bool {
    let reference = reference.split_once('@').map_or(reference, |(tagged, _)| tagged);
    let Some((repository, tag)) = reference.rsplit_once(':') else { return false };
    let Some(version) = version(tag) else { return false };
    let of_image = |image: &&Image| is_repository(repository, image.repository) && image.major == version[0];
    IMAGES.iter().find(of_image).is_some_and(|image| version < image.first)
}

fn is_repository(repository: &str, end: &str) -> bool {
    repository.strip_suffix(end).is_some_and(|registry| registry.is_empty() || registry.ends_with('/'))
}

/// `v0.14.0`, `2.13`, `0.14.0-debian-11-r2`.
fn version(tag: &str) -> Option<[u32; 3]> {
    let numbers = tag.strip_prefix('v').unwrap_or(tag);
    let numbers = numbers.split(['-', '+']).next()?;
    let mut parts = numbers.split('.').map(str::parse::<u32>);
    let mut next = || parts.next().unwrap_or(Ok(0)).ok();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::is_old;

    #[test]
    fn only_known_images_with_an_older_tag_are_suspected() {
        for old in [
            "amazon/aws-cli:2.14.6",
            "public.ecr.aws/aws-cli/aws-cli:2.13.0@sha256:00",
            "aws-cli/aws-cli:1.29.9",
            "registry.k8s.io/external-dns/external-dns:v0.14.1",
            "docker.io/bitnami/external-dns:0.14.0-debian-11-r2",
            "mirror:5000/external-secrets/external-secrets:v0.9.9",
        ] {
            assert!(is_old(old), "{old}");
        }
        for other in [
            "amazon/aws-cli:2.15.0",
            "amazon/aws-cli:latest",
            "amazon/aws-cli",
            "amazon/aws-cli@sha256:00",
            "localhost:5000/amazon/aws-cli",
            "acme/my-amazon/aws-cli2:1.0.0",
            "acme/notamazon/aws-cli:2.0",
            "registry.k8s.io/external-dns/external-dns:v0.14.2",
            "acme/api:0.1.0",
        ] {
            assert!(!is_old(other), "{other}");
        }
    }
}

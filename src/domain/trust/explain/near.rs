//! Near misses: texts that differ little, and issuers written in a wrong way.

/// How many characters a sentence quotes of an untrusted value.
const QUOTED: usize = 160;
/// Edit distance is quadratic; longer texts are not compared.
const COMPARED: usize = 256;

/// The beginning of a value, as much as fits into a sentence.
pub(in super::super) fn shortened(text: &str) -> &str {
    text.char_indices().nth(QUOTED).map_or(text, |(end, _)| &text[..end])
}

/// Edit distance of two texts that are short enough to compare.
pub(in super::super) fn distance(left: &str, right: &str) -> Option<usize> {
    (left.len() <= COMPARED && right.len() <= COMPARED).then(|| strsim::osa_distance(left, right))
}

/// The candidate closest to a text, if it is close at all.
pub(super) fn closest<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let near = candidates.filter_map(|candidate| Some((distance(text, candidate)?, candidate)));
    let (distance, candidate) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= 3.max(candidate.len() / 5)).then_some(candidate)
}

/// An issuer as people write it by mistake, reduced to what it names: no scheme, no
/// provider ARN around it, no trailing slash, host in its documented order.
pub(super) fn normalised_issuer(text: &str) -> String {
    let text = text.rsplit_once(":oidc-provider/").map_or(text, |(_, issuer)| issuer);
    let text = text.trim_start_matches("https://").trim_start_matches("http://").trim_matches('/');
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let mut labels: Vec<&str> = host.split('.').collect();
    if labels.len() > 3 && labels[0] == "oidc" && labels[2] == "eks" {
        labels.swap(1, 2);
    }
    let host = labels.join(".");
    if path.is_empty() { host.to_lowercase() } else { format!("{host}/{path}").to_lowercase() }
}

/// A key as `<issuer>` and claim, also where the colon before the claim is another character.
pub(super) fn issuer_and_claim(key: &str) -> Option<(&str, &str)> {
    let claim_at = key.rfind([':', '.', '/', '#'])?;
    let (issuer, claim) = (&key[..claim_at], &key[claim_at + 1..]);
    let looks_like_issuer = issuer.contains('.') && issuer.contains('/');
    (looks_like_issuer && !claim.is_empty() && claim.len() <= 24).then_some((issuer, claim))
}

/// A left-over placeholder: `${ID}`, `$OIDC_PROVIDER`, `{{ account }}`, `<ACCOUNT>`, `region-code`, or a
/// run of `x` where an id belongs.
pub(in super::super) fn placeholder(text: &str) -> Option<&str> {
    if let Some(found) = super::super::variable::placeholders(text).first() {
        return Some(found);
    }
    if let Some(found) = shell_variable(text).or_else(|| between(text, "{{", "}}")) {
        return Some(found);
    }
    if let Some(at) = text.find("region-code") {
        return text.get(at..at + "region-code".len());
    }
    if let Some(found) = between(text, "<", ">") {
        return Some(found);
    }
    let mut runs = text.split(|c: char| !matches!(c, 'x' | 'X'));
    runs.find(|run| run.len() >= 8)
}

/// From the first `open` to the next `close`, both included.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let from = text.find(open)?;
    let end = text[from..].find(close)?;
    text.get(from..from + end + close.len())
}

/// `$OIDC_PROVIDER`, which a shell would have filled in.
fn shell_variable(text: &str) -> Option<&str> {
    let from = text
        .match_indices('$')
        .map(|(at, _)| at)
        .find(|at| text[at + 1..].starts_with(|first: char| first.is_ascii_alphabetic() || first == '_'))?;
    let name = &text[from + 1..];
    let length = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    text.get(from..from + 1 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_recognised_however_it_is_written() {
        let issuer = "oidc.eks.eu-west-1.amazonaws.com/id/AB";
        for written in [
            "https://oidc.eks.eu-west-1.amazonaws.com/id/AB",
            "oidc.eu-west-1.eks.amazonaws.com/id/AB",
            "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB",
            "oidc.eks.eu-west-1.amazonaws.com/id/ab/",
        ] {
            assert_eq!(normalised_issuer(written), normalised_issuer(issuer));
        }
    }

    #[test]
    fn placeholders_are_found() {
        assert_eq!(placeholder("arn:aws:iam::${ACCOUNT}:root"), Some("${ACCOUNT}"));
        assert_eq!(placeholder("arn:aws:iam::xxxxxxxxxxxx:root"), Some("xxxxxxxxxxxx"));
        assert_eq!(placeholder("id/<ID>:sub"), Some("<ID>"));
        assert_eq!(placeholder("$oidc_provider:sub"), Some("$oidc_provider"));
        assert_eq!(placeholder("arn:aws:iam::{{ account }}:root"), Some("{{ account }}"));
        assert_eq!(placeholder("oidc.eks.region-code.amazonaws.com/id/AB"), Some("region-code"));
        for meant in ["${aws:username}", "cost ${$}5", "price $5", "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539"] {
            assert_eq!(placeholder(meant), None, "{meant}");
        }
        assert_eq!(placeholder("arn:aws:iam::111122223333:root"), None);
    }
}

//! Trust policies for world files: texts kept as they are, mappings written in IAM's
//! usual order, and short forms for the common ones.

use serde_json::{Value, json};

/// Members in the order people write them; others follow in theirs.
const ORDER: &[&str] =
    &["Version", "Id", "Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "Condition", "Statement"];

/// What the short forms need to know.
pub struct Issuer<'a> {
    /// `arn:PARTITION:iam::ACCOUNT:oidc-provider/…` of the cluster.
    pub provider: String,
    /// The issuer's URL without scheme.
    pub bare: &'a str,
}

/// A document as text, members in the usual order.
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_by_key(|name| ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len()));
            out.push('{');
            for (index, name) in names.into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(&members[name], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// A document from short forms: `pod-identity`, alone or narrowed to `NAMESPACE/SERVICEACCOUNT …`, a service
/// host such as `ec2.amazonaws.com`, or `irsa NAMESPACE/SERVICEACCOUNT …`.
pub fn from_short_forms(forms: &[String], issuer: &Issuer<'_>) -> Result<String, String> {
    let statements: Vec<Value> = forms.iter().map(|form| statement(form, issuer)).collect::<Result<_, _>>()?;
    Ok(text(&json!({ "Version": "2012-10-17", "Statement": statements })))
}

fn statement(form: &str, issuer: &Issuer<'_>) -> Result<Value, String> {
    if form == "pod-identity" {
        return Ok(service("pods.eks.amazonaws.com", json!(["sts:AssumeRole", "sts:TagSession"])));
    }
    if let Some(subjects) = form.strip_prefix("pod-identity ") {
        return narrowed(subjects);
    }
    if let Some(subjects) = form.strip_prefix("irsa ") {
        return web_identity(subjects, issuer);
    }
    if form.ends_with(".amazonaws.com") {
        return Ok(service(form, json!("sts:AssumeRole")));
    }
    Err(format!(
        "`{form}` is not `pod-identity`, `pod-identity NAMESPACE/SERVICEACCOUNT …`, `irsa NAMESPACE/SERVICEACCOUNT …` or a service such as `ec2.amazonaws.com`"
    ))
}

fn service(host: &str, actions: Value) -> Value {
    json!({ "Effect": "Allow", "Principal": { "Service": host }, "Action": actions })
}

/// Pod Identity for these service accounts only, by the session tags of EKS.
fn narrowed(subjects: &str) -> Result<Value, String> {
    let subjects = subjects
        .split_whitespace()
        .map(|subject| subject.split_once('/').ok_or_else(|| format!("`{subject}` is not NAMESPACE/SERVICEACCOUNT")));
    let (mut namespaces, mut names): (Vec<&str>, Vec<&str>) =
        subjects.collect::<Result<Vec<_>, String>>()?.into_iter().unzip();
    namespaces.dedup();
    names.dedup();
    let mut statement = service("pods.eks.amazonaws.com", json!(["sts:AssumeRole", "sts:TagSession"]));
    statement["Condition"] = json!({ "StringEquals": {
        "aws:RequestTag/kubernetes-namespace": namespaces,
        "aws:RequestTag/kubernetes-service-account": names,
    } });
    Ok(statement)
}

fn web_identity(subjects: &str, issuer: &Issuer<'_>) -> Result<Value, String> {
    let mut subjects: Vec<String> = subjects
        .split_whitespace()
        .map(|subject| {
            let (namespace, name) =
                subject.split_once('/').ok_or_else(|| format!("`{subject}` is not NAMESPACE/SERVICEACCOUNT"))?;
            Ok(format!("system:serviceaccount:{namespace}:{name}"))
        })
        .collect::<Result<_, String>>()?;
    let subjects = if subjects.len() == 1 { json!(subjects.remove(0)) } else { json!(subjects) };
    let bare = issuer.bare;
    let condition = json!({ format!("{bare}:aud"): "sts.amazonaws.com", format!("{bare}:sub"): subjects });
    Ok(json!({
        "Effect": "Allow",
        "Principal": { "Federated": issuer.provider },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringEquals": condition },
    }))
}

#[cfg(test)]
mod tests {
    use super::{Issuer, from_short_forms};

    #[test]
    fn short_forms_become_statements() {
        let issuer = Issuer { provider: "arn:p".to_owned(), bare: "oidc/id/1" };
        let forms = ["pod-identity".to_owned(), "irsa shop/cart".to_owned()];
        assert_eq!(
            from_short_forms(&forms, &issuer).unwrap(),
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]},{"Effect":"Allow","Principal":{"Federated":"arn:p"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"oidc/id/1:aud":"sts.amazonaws.com","oidc/id/1:sub":"system:serviceaccount:shop:cart"}}}]}"#
        );
        assert!(from_short_forms(&["irsa cart".to_owned()], &issuer).is_err());
        assert!(from_short_forms(&["pod-identity cart".to_owned()], &issuer).is_err());
        let narrowed = from_short_forms(&["pod-identity shop/cart".to_owned()], &issuer).unwrap();
        assert!(narrowed.contains(r#""aws:RequestTag/kubernetes-namespace":["shop"]"#), "{narrowed}");
        assert!(narrowed.contains(r#""aws:RequestTag/kubernetes-service-account":["cart"]"#), "{narrowed}");
    }
}

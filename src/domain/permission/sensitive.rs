//! What of a policy deserves a second look: rights that reach further than they seem.

use super::{Policy, known};

/// One right, with the actions that give it, any of which is enough.
struct Right {
    words: &'static str,
    actions: &'static [&'static str],
    /// Only where it is allowed on every resource.
    on_anything: bool,
}

const RIGHTS: &[Right] = &[
    Right { words: "iam:PassRole: may hand roles to services", actions: &["iam:PassRole"], on_anything: false },
    Right {
        words: "may change policies or trust of roles",
        actions: &[
            "iam:AttachRolePolicy",
            "iam:PutRolePolicy",
            "iam:CreatePolicyVersion",
            "iam:UpdateAssumeRolePolicy",
        ],
        on_anything: false,
    },
    Right {
        words: "sts:AssumeRole on *: any role that trusts the account",
        actions: &["sts:AssumeRole"],
        on_anything: true,
    },
    Right {
        words: "secrets: reads every secret",
        actions: &["secretsmanager:GetSecretValue", "ssm:GetParameter"],
        on_anything: true,
    },
    Right {
        words: "kms:Decrypt on *: every key that trusts the account",
        actions: &["kms:Decrypt"],
        on_anything: true,
    },
];

/// Policies of AWS whose names say what of these they hold.
const NAMED: &[(&str, &str)] = &[
    ("AdministratorAccess", ADMINISTRATOR),
    ("IAMFullAccess", "may change policies or trust of roles"),
    ("PowerUserAccess", "everything but IAM"),
    ("SecretsManagerReadWrite", "secrets: reads every secret"),
];

const ADMINISTRATOR: &str = "administrator: everything";

impl Policy {
    /// The sensitive rights that it gives; conditions are not looked at.
    pub fn sensitive(&self) -> Vec<&'static str> {
        let of_aws = self.arn.as_deref().is_some_and(known::is_of_aws);
        if let Some((_, words)) = NAMED.iter().find(|(name, _)| of_aws && *name == &*self.name) {
            return vec![*words];
        }
        let Some(document) = self.document.known() else { return Vec::new() };
        match document.broad_action() {
            Some("*" | "*:*") => return vec![ADMINISTRATOR],
            Some(_) => return vec!["may change policies or trust of roles"],
            None => {}
        }
        let gives = |right: &&Right| right.actions.iter().any(|action| document.allows(action, right.on_anything));
        RIGHTS.iter().filter(gives).map(|right| right.words).collect()
    }
}

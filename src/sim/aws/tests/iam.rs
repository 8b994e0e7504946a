use jiff::SignedDuration;

use crate::sim::aws::query::encode;
use crate::sim::aws::{Instance, InstanceProfile, Lagging};

use super::{POD_TRUST, Setup, role, setup};

async fn iam(setup: &Setup, form: &str) -> super::Answer {
    setup.query("iam", &format!("Version=2010-05-08&{form}")).await
}

fn between<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    rest.split_once(&format!("</{tag}>")).map(|(inside, _)| inside)
}

#[tokio::test]
async fn roles_come_in_pages_in_name_order() {
    let setup = setup();
    setup.account.with(|state| {
        for number in 0..148 {
            let name = format!("role-{number:03}");
            state.roles.insert(name.clone(), Lagging::settled(role(&name, POD_TRUST)));
        }
    });
    let first = iam(&setup, "Action=ListRoles").await.text;
    assert_eq!(first.matches("<RoleName>").count(), 100);
    assert_eq!(between(&first, "IsTruncated"), Some("true"));
    let marker = between(&first, "Marker").unwrap();
    let second = iam(&setup, &format!("Action=ListRoles&Marker={marker}")).await.text;
    assert_eq!(second.matches("<RoleName>").count(), 50);
    assert_eq!(between(&second, "IsTruncated"), Some("false"));
    let all = iam(&setup, "Action=ListRoles&MaxItems=1000").await.text;
    assert_eq!(all.matches("<RoleName>").count(), 150);
    assert_eq!(iam(&setup, "Action=ListRoles&MaxItems=1001").await.code, "ValidationError");
}

#[tokio::test]
async fn trust_policies_go_out_url_encoded() {
    let setup = setup();
    let text = iam(&setup, "Action=GetRole&RoleName=pods").await.text;
    assert_eq!(between(&text, "AssumeRolePolicyDocument"), Some(encode(POD_TRUST).as_str()));
    assert!(
        text.starts_with(r#"<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>"#)
    );
    assert!(text.contains("<RequestId>00000000-0000-4000-8000-"), "{text}");
}

#[tokio::test]
async fn a_role_is_created_changed_tagged_and_deleted() {
    let setup = setup();
    let trust = encode(POD_TRUST);
    let create = format!(
        "Action=CreateRole&RoleName=new&Path=/team/&AssumeRolePolicyDocument={trust}&Tags.member.1.Key=k&Tags.member.1.Value=%3Cv%3E"
    );
    let created = iam(&setup, &create).await;
    assert_eq!(between(&created.text, "Arn"), Some("arn:aws:iam::111122223333:role/team/new"), "{}", created.text);
    assert_eq!(iam(&setup, &create).await.code, "EntityAlreadyExists");
    assert_eq!(between(&iam(&setup, "Action=ListRoleTags&RoleName=new").await.text, "Value"), Some("&lt;v&gt;"));
    let attach = "Action=AttachRolePolicy&RoleName=new&PolicyArn=arn:aws:iam::aws:policy/AmazonS3FullAccess";
    assert_eq!(iam(&setup, attach).await.status, 200);
    let conflict = iam(&setup, "Action=DeleteRole&RoleName=new").await;
    assert_eq!((conflict.status, conflict.code.as_str()), (409, "DeleteConflict"));
    iam(&setup, &attach.replace("Attach", "Detach")).await;
    assert_eq!(iam(&setup, "Action=DeleteRole&RoleName=new").await.status, 200);
    let gone = iam(&setup, "Action=GetRole&RoleName=new").await;
    assert_eq!((gone.status, gone.code.as_str()), (404, "NoSuchEntity"));
    assert!(gone.text.contains("The role with name new cannot be found."));
}

#[tokio::test]
async fn a_malformed_trust_policy_is_refused_and_nothing_changes() {
    let setup = setup();
    let refused = iam(&setup, "Action=UpdateAssumeRolePolicy&RoleName=pods&PolicyDocument=%7B").await;
    assert_eq!((refused.status, refused.code.as_str()), (400, "MalformedPolicyDocument"));
    let kept = setup.account.with(|state| state.role("pods").unwrap().trust.clone());
    assert_eq!(kept, POD_TRUST);
}

#[tokio::test]
async fn reads_after_a_write_are_stale_for_the_delay() {
    let setup = setup();
    setup.account.with(|state| state.delays.iam = SignedDuration::from_secs(3));
    let update = format!("Action=UpdateAssumeRolePolicy&RoleName=nodes&PolicyDocument={}", encode(POD_TRUST));
    assert_eq!(iam(&setup, &update).await.status, 200);
    assert!(!iam(&setup, "Action=GetRole&RoleName=nodes").await.text.contains("pods.eks"));
    setup.clock.advance(SignedDuration::from_secs(4));
    assert!(iam(&setup, "Action=GetRole&RoleName=nodes").await.text.contains("pods.eks"));
}

#[tokio::test]
async fn policies_inline_and_managed_are_listed_and_read() {
    let setup = setup();
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let put = format!("Action=PutRolePolicy&RoleName=pods&PolicyName=own&PolicyDocument={}", encode(document));
    assert_eq!(iam(&setup, &put).await.status, 200);
    let read = iam(&setup, "Action=GetRolePolicy&RoleName=pods&PolicyName=own").await.text;
    assert_eq!(between(&read, "PolicyDocument"), Some(encode(document).as_str()));
    let arn = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";
    let version = iam(&setup, &format!("Action=GetPolicyVersion&PolicyArn={arn}&VersionId=v1")).await.text;
    assert!(between(&version, "Document").unwrap().contains("AssumeRoleForPodIdentity"));
    let missing = iam(&setup, "Action=AttachRolePolicy&RoleName=pods&PolicyArn=arn:aws:iam::aws:policy/None").await;
    assert!(missing.text.contains("Policy arn:aws:iam::aws:policy/None does not exist or is not attachable."));
}

#[tokio::test]
async fn providers_are_created_read_extended_and_deleted() {
    let setup = setup();
    let create = "Action=CreateOpenIDConnectProvider&Url=https://oidc.eks.eu-west-1.amazonaws.com/id/AB&ClientIDList.member.1=sts.amazonaws.com";
    let arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB";
    assert_eq!(between(&iam(&setup, create).await.text, "OpenIDConnectProviderArn"), Some(arn));
    assert_eq!(iam(&setup, create).await.code, "EntityAlreadyExists");
    iam(&setup, &format!("Action=AddClientIDToOpenIDConnectProvider&OpenIDConnectProviderArn={arn}&ClientID=more"))
        .await;
    let read = iam(&setup, &format!("Action=GetOpenIDConnectProvider&OpenIDConnectProviderArn={arn}")).await.text;
    assert_eq!(between(&read, "Url"), Some("oidc.eks.eu-west-1.amazonaws.com/id/AB"));
    assert_eq!(between(&read, "ClientIDList"), Some("<member>sts.amazonaws.com</member><member>more</member>"));
    iam(&setup, &format!("Action=DeleteOpenIDConnectProvider&OpenIDConnectProviderArn={arn}")).await;
    assert!(
        iam(&setup, "Action=ListOpenIDConnectProviders")
            .await
            .text
            .contains("<OpenIDConnectProviderList></OpenIDConnectProviderList>")
    );
}

#[tokio::test]
async fn an_instance_leads_through_its_profile_to_its_role() {
    let setup = setup();
    setup.account.with(|state| {
        let profile = InstanceProfile {
            name: "eks-0a".to_owned(),
            path: "/".to_owned(),
            id: "AIPA1".to_owned(),
            arn: "arn:aws:iam::111122223333:instance-profile/eks-0a".to_owned(),
            role: Some("nodes".to_owned()),
            created_at: jiff::Timestamp::UNIX_EPOCH,
        };
        state.profiles.insert(profile.name.clone(), profile);
        state.instances.insert("i-0123456789abcdef0".to_owned(), instance());
    });
    let form = "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=";
    let found = setup.query("ec2", &format!("{form}i-0123456789abcdef0")).await.text;
    assert!(found.contains("<iamInstanceProfile><arn>arn:aws:iam::111122223333:instance-profile/eks-0a</arn>"));
    assert!(found.contains("<httpTokens>optional</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit>"));
    let profile = iam(&setup, "Action=GetInstanceProfile&InstanceProfileName=eks-0a").await.text;
    assert!(profile.contains("<Arn>arn:aws:iam::111122223333:role/nodes</Arn>"));
    let missing = setup.query("ec2", &format!("{form}i-0123456789abcdef1")).await;
    assert!(missing.text.contains("<Code>InvalidInstanceID.NotFound</Code>"));
}

fn instance() -> Instance {
    Instance {
        id: "i-0123456789abcdef0".to_owned(),
        profile: Some("eks-0a".to_owned()),
        tokens: "optional".to_owned(),
        hop_limit: 2,
        endpoint: "enabled".to_owned(),
        options_state: "applied".to_owned(),
        protocol_ipv6: "disabled".to_owned(),
        state: "running".to_owned(),
        kind: "m6i.large".to_owned(),
        zone: "eu-west-1a".to_owned(),
        private_dns: "ip-10-0-0-1.eu-west-1.compute.internal".to_owned(),
        private_ip: "10.0.0.1".to_owned(),
        operator: None,
        launched_at: jiff::Timestamp::UNIX_EPOCH,
        tags: Default::default(),
    }
}

#[tokio::test]
async fn a_policy_without_statements_is_refused() {
    let setup = setup();
    let document = encode(r#"{"Version":"2012-10-17","Statement":[]}"#);
    let form = "Action=PutRolePolicy&Version=2010-05-08&RoleName=pods&PolicyName=none&PolicyDocument=";
    let refused = setup.query("iam", &format!("{form}{document}")).await;
    assert_eq!((refused.status, refused.code.as_str()), (400, "MalformedPolicyDocument"));
}

#[tokio::test]
async fn sessions_are_given_for_roles_that_exist_and_trust_the_caller() {
    let setup = setup();
    let trust = |who: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{who}"}},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    setup.account.with(|state| {
        for (name, who) in [("ours", "arn:aws:iam::111122223333:root"), ("hers", "arn:aws:iam::111122223333:user/bea")]
        {
            state.roles.insert(name.to_owned(), Lagging::settled(role(name, &trust(who))));
        }
    });
    let form = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=s&RoleArn=arn:aws:iam::111122223333:role/";
    let given = setup.query("sts", &format!("{form}ours")).await.text;
    assert!(given.contains("<Arn>arn:aws:sts::111122223333:assumed-role/ours/s</Arn>"));
    for other in ["hers", "nodes", "none"] {
        let refused = setup.query("sts", &format!("{form}{other}")).await;
        assert_eq!((refused.status, refused.code.as_str()), (403, "AccessDenied"), "{other}");
    }
}

fn simulate(rest: &str) -> String {
    format!(
        "Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn=arn:aws:iam::111122223333:role/pods&ActionNames.member.1=s3:GetObject{rest}"
    )
}

#[tokio::test]
async fn a_simulation_has_one_result_for_each_action_and_the_resources_below_it() {
    let setup = setup();
    let now = setup.clock.now();
    let document = "{\"Version\":\"2012-10-17\",\n\"Statement\":[\n {\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"arn:aws:s3:::open/*\"},\n {\"Effect\":\"Deny\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{\"StringNotEquals\":{\"aws:RequestedRegion\":\"eu-west-1\"}}}]}";
    setup.account.with(|state| {
        let role = state.roles.get_mut("pods").unwrap();
        role.change(now, |role| drop(role.inline.insert("own".to_owned(), document.to_owned())));
    });
    let region = "&ContextEntries.member.1.ContextKeyName=aws:RequestedRegion&ContextEntries.member.1.ContextKeyType=string&ContextEntries.member.1.ContextKeyValues.member.1=eu-west-1";
    let both = "&ResourceArns.member.1=arn:aws:s3:::open/k&ResourceArns.member.2=arn:aws:s3:::secret/k";
    let answer = setup.query("iam", &simulate(&format!("{region}{both}"))).await;
    assert_eq!(answer.text.matches("<EvalActionName>").count(), 1);
    assert!(
        answer.text.contains("<EvalResourceName>*</EvalResourceName><EvalDecision>implicitDeny</EvalDecision>"),
        "{}",
        answer.text
    );
    assert!(answer.text.contains("<EvalResourceName>arn:aws:s3:::open/k</EvalResourceName><EvalResourceDecision>allowed</EvalResourceDecision>"), "{}", answer.text);
    assert!(answer.text.contains("<SourcePolicyId>role_pods_own</SourcePolicyId><SourcePolicyType>role</SourcePolicyType><StartPosition><Line>3</Line><Column>2</Column></StartPosition>"), "{}", answer.text);
    // An absent key satisfies a negated operator: the denial applies, and the key is named.
    let without = setup.query("iam", &simulate("&ResourceArns.member.1=arn:aws:s3:::open/k")).await;
    assert!(without.text.contains("<EvalResourceDecision>explicitDeny</EvalResourceDecision>"), "{}", without.text);
    assert!(
        without.text.contains("<MissingContextValues><member>aws:RequestedRegion</member></MissingContextValues>"),
        "{}",
        without.text
    );
}

#[tokio::test]
async fn a_boundary_limits_and_custom_documents_stand_alone() {
    let setup = setup();
    let now = setup.clock.now();
    setup.account.with(|state| {
        let role = state.roles.get_mut("pods").unwrap();
        role.change(now, |role| {
            role.attached.insert("arn:aws:iam::aws:policy/AdministratorAccess".to_owned());
            role.boundary = Some("arn:aws:iam::aws:policy/AmazonSQSFullAccess".to_owned());
        });
    });
    let answer = setup.query("iam", &simulate("")).await;
    assert!(answer.text.contains("<EvalDecision>implicitDeny</EvalDecision>"), "{}", answer.text);
    assert!(
        answer.text.contains("<AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary>"),
        "{}",
        answer.text
    );
    let document = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A*%22%2C%22Resource%22%3A%22*%22%7D%7D";
    let form = format!(
        "Action=SimulateCustomPolicy&Version=2010-05-08&PolicyInputList.member.1={document}&ActionNames.member.1=s3:GetObject"
    );
    let answer = setup.query("iam", &form).await;
    assert!(answer.text.contains("<EvalDecision>allowed</EvalDecision>"), "{}", answer.text);
    assert!(answer.text.contains("<SourcePolicyId>PolicyInputList.1</SourcePolicyId>"), "{}", answer.text);
}

#[tokio::test]
async fn a_simulation_refuses_what_it_cannot_answer() {
    let setup = setup();
    let wild = simulate("").replace("s3:GetObject", "s3:Get*");
    let ghost = simulate("").replace("role/pods", "role/ghost");
    let session = simulate("").replace(":iam::111122223333:role/pods", ":sts::111122223333:assumed-role/pods/s");
    for (form, code) in [(wild, "InvalidInput"), (ghost, "NoSuchEntity"), (session, "InvalidInput")] {
        let answer = setup.query("iam", &form).await;
        assert_eq!(answer.code, code, "{}", answer.text);
    }
    let keys = "Action=GetContextKeysForPrincipalPolicy&Version=2010-05-08&PolicySourceArn=arn:aws:iam::111122223333:role/pods";
    assert_eq!(setup.query("iam", keys).await.status, 200);
}

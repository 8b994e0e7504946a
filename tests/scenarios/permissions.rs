//! The table of permissions against the calls that are made, and against those that the adapters can make.

use std::{collections::BTreeSet, fs, path::Path};

use regex::Regex;
use rolecall::domain::need::NEEDS;

use crate::open_demo;

fn table() -> BTreeSet<&'static str> {
    NEEDS.iter().map(|need| need.action).collect()
}

#[tokio::test(start_paused = true)]
async fn every_call_to_aws_stands_in_the_table() {
    let play = open_demo().await;
    play.pass(std::time::Duration::from_secs(10)).await;
    let made: BTreeSet<String> = play.world.aws.calls().into_iter().map(|call| call.action).collect();
    let unknown: Vec<&String> = made.iter().filter(|action| !table().contains(action.as_str())).collect();
    assert!(!made.is_empty() && unknown.is_empty(), "not in domain/need.rs: {unknown:?}");
    play.leave().await;
}

/// Every text of an IAM action in a folder's code.
fn actions(folder: &Path, found: &mut BTreeSet<String>) {
    let action = Regex::new(r#""((eks|eks-auth|iam|ec2|sts|cloudtrail|servicequotas):[A-Z][A-Za-z]+)""#).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            actions(&path, found);
        } else if !path.ends_with("tests.rs") {
            let text = fs::read_to_string(path).unwrap();
            found.extend(action.captures_iter(&text).map(|one| one[1].to_owned()));
        }
    }
}

#[test]
fn the_adapters_name_exactly_the_actions_of_the_table() {
    let mut named = BTreeSet::new();
    actions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws"), &mut named);
    // EKS asks for it; nobody calls it.
    named.insert("iam:PassRole".to_owned());
    let table: BTreeSet<String> =
        table().into_iter().filter(|action| action.contains(':')).map(str::to_owned).collect();
    assert_eq!(named, table, "left: src/aws, right: domain/need.rs");
}

#[test]
fn a_permission_stands_once_in_the_table() {
    let actions: Vec<&str> = NEEDS.iter().map(|need| need.action).collect();
    assert_eq!(actions.len(), table().len(), "{actions:?}");
    assert!(NEEDS.iter().all(|need| !need.on.is_empty() && !need.purpose.is_empty()));
}

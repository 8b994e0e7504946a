//! The command line itself: what it accepts, and that its own definition is consistent.

use clap::{CommandFactory, Parser};

use super::{Cli, Command, duration};

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn without_a_command_the_explorer_opens() {
    assert!(Cli::try_parse_from(["rolecall"]).unwrap().command.is_none());
}

#[test]
fn global_flags_may_stand_after_the_command() {
    let cli = Cli::try_parse_from(["rolecall", "get", "sa", "-n", "payments", "-o", "json"]).unwrap();
    assert_eq!(cli.global.namespace.as_deref(), Some("payments"));
    assert!(matches!(cli.command, Some(Command::Get(_))));
}

#[test]
fn read_only_and_write_exclude_each_other() {
    assert!(Cli::try_parse_from(["rolecall", "--read-only", "--write"]).is_err());
}

#[test]
fn a_dissociation_needs_a_service_account_or_an_id() {
    assert!(Cli::try_parse_from(["rolecall", "dissociate"]).is_err());
    assert!(Cli::try_parse_from(["rolecall", "dissociate", "a/b", "--id", "a-1"]).is_err());
    assert!(Cli::try_parse_from(["rolecall", "dissociate", "--id", "a-1"]).is_ok());
}

#[test]
fn a_duration_has_a_unit() {
    assert_eq!(duration("500ms"), Ok(std::time::Duration::from_millis(500)));
    assert!(duration("soon").is_err());
    assert!(duration("-1s").is_err());
}

#[test]
fn help_fits_eighty_columns() {
    let help = Cli::command().term_width(80).render_long_help().to_string();
    assert_eq!(help.lines().filter(|line| line.chars().count() > 80).count(), 0, "{help}");
}

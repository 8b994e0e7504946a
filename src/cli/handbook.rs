//! `rolecall handbook`: writes the pages of the findings, for the people who maintain them.

use std::{fs, path::PathBuf};

use clap::Args;

use super::{Exit, usage};
use crate::{domain::failure::Failure, report::handbook};

/// Where to.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Folder of the pages; made if it is not there
    pub folder: PathBuf,
}

/// Writes every page; those of codes that are gone are left for their author to delete.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let folder = &arguments.folder;
    let failed = |error: std::io::Error| {
        usage(
            format!("cannot write into {}", folder.display()),
            error.to_string(),
            "Choose a folder that you may write",
        )
    };
    fs::create_dir_all(folder).map_err(failed)?;
    for (name, text) in handbook::pages() {
        fs::write(folder.join(name), text).map_err(failed)?;
    }
    Ok(Exit::Done)
}

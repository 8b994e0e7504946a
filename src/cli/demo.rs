//! `rolecall demo`: the explorer on the embedded world, with its controllers running.

use std::io::IsTerminal;

use clap::Args;

use super::{Exit, Global, get, ui};
use crate::domain::failure::Failure;

/// Which beginning.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Begin at the first line of the story: two services on the node's role, no add-on
    #[arg(long)]
    pub story: bool,
}

/// Opens the explorer on the demo.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let global = Global { demo: global.world.is_none(), ..global.clone() };
    if !arguments.story && !std::io::stdout().is_terminal() {
        return get::run(&global, &get::Arguments::pods());
    }
    ui::open(&global, None, || global.outside(arguments.story))
}

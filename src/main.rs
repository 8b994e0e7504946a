//! The binary: hands over to `cli` and turns its answer into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    rolecall::cli::main()
}

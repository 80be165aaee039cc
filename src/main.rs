//! The `uptake` command.

use std::process::ExitCode;

#[global_allocator]
static MEMORY: uptake::memory::Recycler = uptake::memory::Recycler::new();

fn main() -> ExitCode {
    uptake::cli::main()
}

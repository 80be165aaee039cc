//! `uptake completions`

use super::{Cli, End};
use crate::Result;
use crate::recipe::PRESETS;
use clap::CommandFactory;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

/// The presets as values of `--recipe`. Bash offers files where none of them fits; zsh would offer nothing else.
fn with_presets(command: clap::Command) -> clap::Command {
    let names = || PossibleValuesParser::new(PRESETS.iter().map(|p| p.name));
    let recipe = |c: clap::Command| c.mut_arg("recipe", |arg| arg.value_parser(names()));
    command
        .mut_subcommand("run", recipe)
        .mut_subcommand("features", recipe)
        .mut_subcommand("recipes", |c| c.mut_arg("name", |arg| arg.value_parser(names())))
}

/// A recipe may be a file as well: fish says so with -F.
fn with_files(line: &str) -> String {
    if line.contains("-l recipe ") { line.replace(" -r -f ", " -r -F ") } else { line.into() }
}

impl Args {
    pub fn run(self) -> Result<End> {
        let mut text = Vec::new();
        let mut command = Cli::command();
        if matches!(self.shell, Shell::Bash | Shell::Fish) {
            command = with_presets(command);
        }
        clap_complete::generate(self.shell, &mut command, "uptake", &mut text);
        let mut text = String::from_utf8_lossy(&text).into_owned();
        if self.shell == Shell::Fish {
            text = text.lines().map(|line| with_files(line) + "\n").collect();
        }
        super::print(&text)?;
        Ok(End::Done)
    }
}

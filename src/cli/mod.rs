//! The command line: one file a subcommand.
//!
//! Exit codes: 0, all done; 1, some inputs failed; 2, a wrong command line or recipe, or nothing could be done; 130,
//! interrupted by a signal.

mod compare;
mod completions;
mod devices;
mod failed;
mod features;
mod habitats;
mod inspect;
mod json_log;
mod last_words;
mod list;
mod looking;
mod man;
mod merge;
mod own_output;
mod progress;
mod recipes;
mod robustness;
mod run;

use crate::batch::Recipes;
use crate::device::{AdapterChoice, Device, Gpu};
use crate::recipe::{Recipe, preset};
use crate::{Error, Result};
use clap::{Parser, Subcommand};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

/// How a command ended, if it did not end in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    SomeFailed,
    Nothing,
    Interrupted,
}

/// Turns molecular images into tables: the same bytes on every device.
#[derive(Parser)]
#[command(name = "uptake", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Find objects in images, measure them, and write tables
    Run(Box<run::Args>),
    /// Put the shards of a run together: the tables of one run over all images
    Merge(merge::Args),
    /// List what failed in a run, by kind and by how far it came
    Failed(failed::Args),
    /// Judge the response to therapy by PERCIST 1.0 from the tables of two PET runs
    Compare(compare::Args),
    /// Habitats of many images: learn the centres of their clusters
    Habitats(habitats::Args),
    /// Try how far the columns of an object set follow small changes of images and regions
    Robustness(robustness::Args),
    /// Show what is in an image file: axes, channels, spacing, units
    Inspect(inspect::Args),
    /// List the GPU adapters, or prove that they give the bytes of the CPU
    Devices(devices::Args),
    /// List the recipes that come with the program, or print one to start your own from
    Recipes(recipes::Args),
    /// The data dictionary: every column with its unit and definition
    Features(features::Args),
    /// Print the completions for a shell
    Completions(completions::Args),
    /// Print a manual page, for `man -l -`
    #[command(hide = true)]
    Man(man::Args),
}

/// Parses the command line, runs, and says what to exit with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Run(args) => args.run(),
        Command::Merge(args) => args.run(),
        Command::Failed(args) => args.run(),
        Command::Compare(args) => args.run(),
        Command::Habitats(args) => args.run(),
        Command::Robustness(args) => args.run(),
        Command::Inspect(args) => args.run(),
        Command::Devices(args) => args.run(),
        Command::Recipes(args) => args.run(),
        Command::Features(args) => args.run(),
        Command::Completions(args) => args.run(),
        Command::Man(args) => args.run(),
    };
    match done {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::SomeFailed) => ExitCode::from(1),
        Ok(End::Nothing) => ExitCode::from(2),
        Ok(End::Interrupted) => ExitCode::from(130),
        Err(e) => {
            say(&format!("error: {e}\n"));
            ExitCode::from(2)
        }
    }
}

/// Prints to standard output. A reader that has gone away (`uptake features | head`) is no error.
///
/// # Errors
/// The text cannot be written: the disk that it goes to is full.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io(format!("cannot write to standard output: {e}")).remedy("another place for the output"))
        }
        _ => Ok(()),
    }
}

/// Prints to standard error. Whatever becomes of it, the work goes on.
fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// The words of the command line, for the record.
fn command_line() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// A recipe by the name of a preset or the path of a file, with settings.
fn recipe(name: &str, settings: &[String]) -> Result<Recipe> {
    if Path::new(name).extension().is_some_and(|e| e == "toml") || Path::new(name).is_file() {
        let text = std::fs::read_to_string(name).map_err(|e| Error::from(e).at(name))?;
        return Recipe::parse(name, &text, settings);
    }
    let preset = preset(name)?;
    Recipe::parse(preset.name, preset.text, settings)
}

/// The recipe that was asked for, or one for each kind of image.
fn recipes(name: Option<&str>, settings: &[String]) -> Result<Recipes> {
    match name {
        Some(name) => Ok(Recipes::One(Box::new(recipe(name, settings)?))),
        None => Recipes::presets(settings),
    }
}

/// `auto` takes a real GPU if there is one; `cpu` never looks for one.
fn device(choice: &str) -> Result<Device> {
    match choice {
        "cpu" => Ok(Device::Cpu),
        "gpu" => Ok(Device::Gpu(Gpu::open(&AdapterChoice::Best)?)),
        // A GPU that does not open is no reason to stop when nobody asked for it.
        "auto" => Ok(Gpu::open(&AdapterChoice::Hardware).map_or(Device::Cpu, Device::Gpu)),
        name => Ok(Device::Gpu(Gpu::open(&AdapterChoice::Named(name.into()))?)),
    }
}

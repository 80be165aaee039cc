//! A folder with images and a recipe, and the command that works in it. What a test lays out there it says itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder that goes when the test ends.
pub struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    /// With `recipe.toml` in it and nothing else.
    pub fn with(recipe: &str) -> Self {
        let bench = Bench { dir: tempfile::tempdir().unwrap() };
        bench.write("recipe.toml", recipe);
        bench
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file, and makes the folders that it lies in.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        std::fs::write(self.at(name), content).unwrap();
    }

    /// `uptake` in the folder, without arguments yet.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
        command.current_dir(self.dir.path());
        command
    }

    /// What `uptake` says and ends with.
    pub fn uptake(&self, args: &[&str]) -> Output {
        self.command().args(args).output().unwrap()
    }

    /// The same of a line for a shell, as remedies are.
    pub fn shell(&self, line: &str) -> Output {
        Command::new("sh").args(["-c", line]).current_dir(self.dir.path()).output().unwrap()
    }
}

/// What a command has told.
pub fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub type Row = HashMap<String, String>;

/// The rows of a table.
pub fn rows(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
}

/// A file that has to be there.
pub fn text(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

//! From what the user typed to files, in sorted order, and to what could not be looked at.
//!
//! An input is a file, a folder or a glob. Folders are searched to their bottom, with these rules:
//!
//! - names that begin with a dot are left alone;
//! - a link to a folder is followed, after all real folders; each folder is searched once, however it is reached;
//! - a folder that holds `.uptake` is the output of an earlier run and is left alone; where results were copied without it,
//!   their `run.json` tells, and the folders `labels` and `overlays` beside it are left alone;
//! - a `.uptakeignore` holds a glob a line (`#` begins a comment); what it matches, from its folder down, is left alone;
//! - `--exclude` does the same for every folder given; its globs match the path or the name alone;
//! - files with an extension of [`NOT_IMAGES`] are left alone: notes and tables live beside images;
//! - folders that are one image of a format that is not read (Zarr) count as one.
//!
//! Every other file counts: it is read, or stands in `images.csv` with its reason. What cannot be looked at (a folder
//! without permission, a broken link) stands there as failed, and the rest goes on. A file that was named itself, or matched
//! by a glob, always counts.

use super::marker::MARKER;
use crate::read::{self, Paths};
use crate::{Error, Result};
use glob::{MatchOptions, Pattern};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fs;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

/// Extensions of files in folders that are no images, and are passed over without a word.
pub const NOT_IMAGES: &[&str] = &[
    "txt", "md", "rst", "csv", "tsv", "json", "xml", "yaml", "yml", "toml", "html", "htm", "pdf", "doc", "docx", "xls",
    "xlsx", "ods", "ppt", "pptx", "parquet", "py", "r", "ipynb", "m", "ijm", "groovy", "sh", "bat", "log", "db", "ini",
    "lock", "sha256", "md5", "part",
];

/// Something that the inputs name or hold, and that is no file to be read.
#[derive(Clone, Debug)]
pub enum NoFile {
    /// Passed over, with the reason.
    Skipped(String),
    /// It cannot be looked at.
    Failed(Box<Error>),
}

/// What the inputs hold, by path, and the folders that they are named from.
#[derive(Debug, Default)]
pub struct Search {
    /// Files, in order.
    pub files: Paths,
    /// Files that the user named.
    pub named: HashSet<PathBuf>,
    /// What else there is. No path is in both.
    pub others: BTreeMap<PathBuf, NoFile>,
    pub roots: Vec<PathBuf>,
    /// Folders that were searched, by their real path.
    pub seen: HashSet<PathBuf>,
    /// Links to folders, for later: the name of a real folder goes before that of a link.
    links: VecDeque<(PathBuf, Vec<Rules>)>,
}

/// Searches the inputs.
///
/// # Errors
/// A bad glob of `--exclude`, or inputs that name nothing at all.
pub fn search(inputs: &[PathBuf], exclude: &[String]) -> Result<Search> {
    let exclude = exclude.iter().map(|g| pattern(g)).collect::<Result<Vec<_>>>()?;
    let mut all = Search::default();
    let mut nothing = None;
    for input in inputs {
        match expand(input) {
            Ok(paths) => paths.into_iter().for_each(|path| all.input(path, &exclude)),
            Err(e) => {
                all.roots.push(absolute(input).parent().map(Path::to_path_buf).unwrap_or_default());
                all.put(absolute(input), false, Some(failed(e.clone())));
                nothing = nothing.or(Some(e));
            }
        }
    }
    while let Some((link, rules)) = all.links.pop_front() {
        all.folder(&link, rules);
    }
    all.files.sort();
    let (files, others) = (&mut all.files, &all.others);
    if !others.is_empty() {
        files.retain(|path| !others.contains_key(path));
    }
    match nothing {
        // A slip on the command line: nothing of it can be done, so nothing is begun.
        Some(e) if all.files.is_empty() && all.others.values().all(|f| matches!(f, NoFile::Failed(_))) => Err(e),
        _ => Ok(all),
    }
}

fn pattern(glob: &str) -> Result<Pattern> {
    Pattern::new(glob.trim_end_matches('/'))
        .map_err(|e| Error::usage(format!("\"{glob}\" is not a glob: {}", e.msg)).remedy("*_mask.tif, or truth/**"))
}

/// A match of a glob, or a path, with what went wrong with it.
type Match = (PathBuf, Option<Error>);

/// A glob becomes its matches; anything that exists, and any plain path, stays as it is.
fn expand(input: &Path) -> Result<Vec<Match>> {
    let text = input.to_string_lossy();
    if input.symlink_metadata().is_ok() || !text.contains(['*', '?', '[']) {
        return Ok(vec![(input.to_path_buf(), None)]);
    }
    let paths = glob::glob(&text).map_err(|e| Error::usage(format!("\"{text}\" is not a glob: {}", e.msg)))?;
    let paths: Vec<Match> = paths
        .map(|p| p.map_or_else(|e| (e.path().to_path_buf(), Some(unsearchable(e.error()))), |path| (path, None)))
        .collect();
    if paths.is_empty() {
        return Err(Error::usage(format!("nothing matches {text}")).remedy("check the path; ** searches folders"));
    }
    Ok(paths)
}

fn unsearchable(e: &io::Error) -> Error {
    Error::io(format!("the folder cannot be searched: {e}")).remedy("the right to read it, or --exclude it")
}

/// Absolute and without `.` and `..`, as the operating system goes: what `..` leads to behind a link is the folder above
/// the link's target. Links keep their names otherwise.
pub fn absolute(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).components() {
        match part {
            Component::ParentDir => {
                if let Ok(real) = out.canonicalize() {
                    out = real;
                }
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// Globs of paths below a folder that are left alone.
#[derive(Clone, Debug)]
struct Rules {
    folder: PathBuf,
    globs: Vec<Pattern>,
}

impl Rules {
    fn leave_alone(&self, path: &Path) -> bool {
        let options =
            MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };
        let name = path.file_name().map(Path::new);
        let below = path.strip_prefix(&self.folder).ok();
        let hit = |p: Option<&Path>, g: &Pattern| p.is_some_and(|p| g.matches_path_with(p, options));
        self.globs.iter().any(|g| hit(name, g) || hit(below, g))
    }
}

/// The files right in a folder, but for those that are left alone.
///
/// # Errors
/// A bad glob of `--exclude`, or of the folder's own rules.
pub fn files_in(folder: &Path, exclude: &[String]) -> Result<Vec<PathBuf>> {
    let globs = exclude.iter().map(|g| pattern(g)).collect::<Result<Vec<_>>>()?;
    let mut rules = vec![Rules { folder: folder.to_path_buf(), globs }];
    rules.extend(ignored(folder).map_err(|e| e.at(folder))?);
    let paths = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let hidden = |path: &Path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
    Ok(paths.filter(|path| path.is_file() && !hidden(path) && !rules.iter().any(|r| r.leave_alone(path))).collect())
}

impl Search {
    fn input(&mut self, (path, problem): Match, exclude: &[Pattern]) {
        let path = absolute(&path);
        if path.is_dir() && problem.is_none() && read::foreign_folder(&path).is_none() {
            self.roots.push(path.clone());
            let rules = Rules { folder: path.clone(), globs: exclude.to_vec() };
            self.folder(&path, vec![rules]);
            return;
        }
        self.roots.push(path.parent().map(Path::to_path_buf).unwrap_or_default());
        let no_file = problem.map(failed).or_else(|| look(&path, true));
        self.put(path, true, no_file);
    }

    /// What was last said of a path that is no file counts.
    fn put(&mut self, path: PathBuf, explicit: bool, no_file: Option<NoFile>) {
        match no_file {
            None if explicit => {
                self.files.push(path.clone());
                self.named.insert(path);
            }
            None => self.files.push(path),
            Some(other) => drop(self.others.insert(path, other)),
        }
    }

    /// Searches a folder, unless that was done under another name.
    fn folder(&mut self, folder: &Path, rules: Vec<Rules>) {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        if self.seen.insert(real)
            && let Err(e) = self.entries(folder, rules)
        {
            self.put(folder.to_path_buf(), false, Some(failed(e)));
        }
    }

    fn entries(&mut self, folder: &Path, mut rules: Vec<Rules>) -> Result<()> {
        if folder.join(MARKER).is_dir() {
            return Ok(());
        }
        rules.extend(ignored(folder)?);
        let entries = fs::read_dir(folder).map_err(|e| unsearchable(&e))?;
        let mut paths: Paths =
            entries.map(|e| e.map(|e| e.path())).collect::<io::Result<_>>().map_err(|e| unsearchable(&e))?;
        paths.sort();
        let results = is_run_record(&folder.join("run.json"));
        for path in paths.iter() {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if name.starts_with('.') || rules.iter().any(|r| r.leave_alone(&path)) {
                continue;
            }
            if self.others.contains_key(&path) {
                continue;
            }
            if !path.is_dir() {
                if !is_note(&path) {
                    let no_file = look(&path, false);
                    self.put(path, false, no_file);
                }
            } else if let Some(format) = read::foreign_folder(&path) {
                self.put(path, false, Some(failed(format.error())));
            } else if results && ["labels", "overlays"].contains(&name.as_str()) {
                let why = "pictures of an earlier run: run.json beside them says so";
                self.put(path, false, Some(NoFile::Skipped(why.into())));
            } else if path.is_symlink() {
                self.links.push_back((path, rules.clone()));
            } else {
                self.folder(&path, rules.clone());
            }
        }
        Ok(())
    }
}

/// What a path that is no folder leads to, unless it is a file. Nothing is opened here: a pipe would wait for ever.
fn look(path: &Path, explicit: bool) -> Option<NoFile> {
    match fs::metadata(path) {
        Ok(m) if m.is_file() => None,
        Ok(m) if m.is_dir() => read::foreign_folder(path).map(|format| failed(format.error())),
        Ok(_) if explicit => Some(failed(Error::usage("is no regular file").remedy("an image file"))),
        Ok(_) => Some(NoFile::Skipped("no regular file".into())),
        Err(e) if e.kind() == ErrorKind::NotFound && path.is_symlink() => {
            Some(failed(Error::io("a link to a file that is not there").remedy("remove the link, or --exclude it")))
        }
        Err(e) => Some(failed(Error::io(format!("cannot be looked at: {e}")))),
    }
}

fn failed(e: Error) -> NoFile {
    NoFile::Failed(Box::new(e))
}

/// The rules of a `.uptakeignore`, if there is one.
fn ignored(folder: &Path) -> Result<Option<Rules>> {
    let path = folder.join(".uptakeignore");
    let inner = |e: Error| Error { what: format!("its .uptakeignore: {}", e.what), ..e };
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(|e| inner(e.into()))?;
    let lines =
        text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let globs = lines.map(pattern).collect::<Result<Vec<_>>>().map_err(inner)?;
    Ok(Some(Rules { folder: folder.to_path_buf(), globs }))
}

fn is_note(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    extension.is_some_and(|e| NOT_IMAGES.contains(&e.as_str()))
}

/// Was the file written by a run of this program? Its first words say so; those of older versions the last ones.
fn is_run_record(path: &Path) -> bool {
    let ends = || -> io::Result<[Vec<u8>; 2]> {
        let mut file = fs::File::open(path)?;
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        file.by_ref().take(256).read_to_end(&mut head)?;
        file.seek(SeekFrom::Start(file.metadata()?.len().saturating_sub(256)))?;
        file.take(256).read_to_end(&mut tail)?;
        Ok([head, tail])
    };
    let says = |end: &Vec<u8>| String::from_utf8_lossy(end).contains("\n  \"uptake\": \"");
    fs::metadata(path).is_ok_and(|m| m.is_file()) && ends().is_ok_and(|ends| ends.iter().any(says))
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;

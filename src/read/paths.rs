//! A list of files that takes little more than the letters of their names.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};

/// Paths of files. Their folders are kept apart, once for all files that follow each other there: a hundred thousand files
/// take a few megabytes.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    folders: Vec<PathBuf>,
    /// Names of files, one after the other.
    names: String,
    /// Paths that are no Unicode.
    odd: Vec<PathBuf>,
    files: Vec<File>,
}

#[derive(Clone, Copy, Debug)]
struct File {
    /// Its place in `folders`, or [`ODD`].
    folder: u32,
    /// Where its name begins, or its place in `odd`.
    begin: u32,
    /// The length of its name.
    bytes: u32,
}

const ODD: u32 = u32::MAX;

impl Paths {
    /// Adds a path to the end.
    pub fn push(&mut self, path: PathBuf) {
        let file = self.named(&path).unwrap_or_else(|| {
            self.odd.push(path);
            File { folder: ODD, begin: self.odd.len() as u32 - 1, bytes: 0 }
        });
        self.files.push(file);
    }

    /// What stands for a path with a folder and a name in Unicode, while there is room for it.
    fn named(&mut self, path: &Path) -> Option<File> {
        let (folder, name) = (path.parent()?, path.file_name()?.to_str()?);
        // A path is not always the sum of its parts, as `a//b` is not.
        let same = folder.join(name).as_os_str() == path.as_os_str();
        let (begin, bytes) = (u32::try_from(self.names.len()).ok()?, u32::try_from(name.len()).ok()?);
        if !same || self.folders.len() >= ODD as usize {
            return None;
        }
        if self.folders.last().is_none_or(|last| last != folder) {
            self.folders.push(folder.to_path_buf());
        }
        self.names.push_str(name);
        Some(File { folder: self.folders.len() as u32 - 1, begin, bytes })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// One of them; `i` is below [`Paths::len`].
    pub fn get(&self, i: usize) -> PathBuf {
        self.whole(&self.files[i]).into_owned()
    }

    /// All of them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = PathBuf> {
        self.files.iter().map(|file| self.whole(file).into_owned())
    }

    /// Puts them in order, each once.
    pub fn sort(&mut self) {
        let mut files = std::mem::take(&mut self.files);
        files.sort_by(|a, b| self.compare(a, b));
        files.dedup_by(|a, b| self.compare(a, b).is_eq());
        self.files = files;
    }

    /// Whether a path is among them, which are in order.
    pub fn has(&self, path: &Path) -> bool {
        self.files.binary_search_by(|file| (*self.whole(file)).cmp(path)).is_ok()
    }

    /// Keeps those that `keep` says.
    pub fn retain(&mut self, mut keep: impl FnMut(&Path) -> bool) {
        let mut files = std::mem::take(&mut self.files);
        files.retain(|file| keep(&self.whole(file)));
        self.files = files;
    }

    fn compare(&self, a: &File, b: &File) -> Ordering {
        match a.folder == b.folder && a.folder != ODD {
            true => self.name(a).cmp(self.name(b)),
            false => self.whole(a).cmp(&self.whole(b)),
        }
    }

    fn name(&self, file: &File) -> &str {
        &self.names[file.begin as usize..][..file.bytes as usize]
    }

    fn whole(&self, file: &File) -> Cow<'_, Path> {
        match file.folder {
            ODD => Cow::Borrowed(&self.odd[file.begin as usize]),
            folder => Cow::Owned(self.folders[folder as usize].join(self.name(file))),
        }
    }
}

impl FromIterator<PathBuf> for Paths {
    fn from_iter<T: IntoIterator<Item = PathBuf>>(paths: T) -> Self {
        let mut all = Paths::default();
        paths.into_iter().for_each(|path| all.push(path));
        all
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics, with a set of paths as the oracle.
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn they_come_back_in_order_each_once() {
        let mut given: Vec<PathBuf> =
            ["/b/x.tif", "/a/2.tif", "/a/10.tif", "/a-b/1.tif", "/a/b/1.tif", "/a/2.tif", "/a/z.tif", "c.tif", "/", ""]
                .map(PathBuf::from)
                .into();
        #[cfg(unix)]
        given.push(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"/a/\xff.tif").into());
        let expected: BTreeSet<PathBuf> = given.iter().cloned().collect();
        let mut paths: Paths = given.iter().cloned().collect();
        assert!(paths.iter().eq(given.iter().cloned()) && paths.get(1) == given[1]);
        paths.sort();
        assert!(paths.iter().eq(expected.iter().cloned()) && paths.len() == expected.len() && !paths.is_empty());
        assert!(expected.iter().all(|path| paths.has(path)) && !paths.has(Path::new("/a/3.tif")));
        paths.retain(|path| path.starts_with("/a"));
        assert!(paths.iter().eq(expected.iter().filter(|path| path.starts_with("/a")).cloned()));
    }
}

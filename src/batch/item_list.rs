//! The images of a run, in little memory: most of them are one file and nothing else.

use super::item::{Item, Task};
use super::shard::Shard;
use crate::Result;
use crate::read::Paths;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Images to be. Those of which nothing is known but a file are made anew whenever they are asked for.
#[derive(Clone, Debug, Default)]
pub struct ItemList {
    root: PathBuf,
    files: Paths,
    images: Vec<Image>,
}

#[derive(Clone, Debug)]
enum Image {
    /// A file to be measured.
    Plain {
        file: u32,
        is_scan: bool,
        explicit: bool,
    },
    Other(Box<Item>),
}

impl ItemList {
    /// Adds files; `root` is the folder that holds all inputs, and `item` what a file is.
    pub fn add_files(&mut self, files: Paths, root: &Path, item: impl Fn(PathBuf) -> Item) {
        debug_assert!(self.files.is_empty(), "files are added once");
        (self.files, self.root) = (files, root.to_path_buf());
        self.images.reserve_exact(self.files.len());
        for file in 0..self.files.len() {
            let item = item(self.files.get(file));
            self.images.push(match u32::try_from(file) {
                Ok(file) if item.is_plain(root) => {
                    Image::Plain { file, is_scan: item.is_scan, explicit: item.explicit }
                }
                _ => Image::Other(Box::new(item)),
            });
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// One of them; `i` is below [`ItemList::len`].
    pub fn get(&self, i: usize) -> Cow<'_, Item> {
        self.item(&self.images[i])
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Cow<'_, Item>> + Clone {
        self.images.iter().map(|image| self.item(image))
    }

    /// Those that are to be measured.
    pub fn measured(&self) -> impl Iterator<Item = Cow<'_, Item>> {
        self.iter().filter(|item| matches!(item.task, Task::Measure))
    }

    /// Changes each of them.
    ///
    /// # Errors
    /// The first of `change`.
    pub fn change(&mut self, mut change: impl FnMut(&mut Item) -> Result<()>) -> Result<()> {
        for i in 0..self.images.len() {
            match &mut self.images[i] {
                Image::Other(item) => change(item)?,
                Image::Plain { .. } => {
                    let mut item = self.get(i).into_owned();
                    change(&mut item)?;
                    self.put(i, item);
                }
            }
        }
        Ok(())
    }

    /// Keeps those that `keep` says.
    pub fn retain(&mut self, mut keep: impl FnMut(&Item) -> bool) {
        let mut images = std::mem::take(&mut self.images);
        images.retain(|image| keep(&self.item(image)));
        self.images = images;
    }

    /// Puts them in the order of the tables, each with a name of its own: of those of one name (a folder that is called like a
    /// series beside it) all but the first are numbered. That is rare, but then no file of one may take that of the other.
    pub fn sort(&mut self) {
        let mut images = std::mem::take(&mut self.images);
        images.sort_by(|a, b| {
            let [a, b] = [self.item(a), self.item(b)];
            (&a.name, a.place()).cmp(&(&b.name, b.place()))
        });
        self.images = images;
        let (mut first, mut number, mut renamed) = (0, 1, Vec::new());
        for i in 1..self.len() {
            let item = self.get(i);
            if item.name != self.get(first).name {
                (first, number) = (i, 1);
                continue;
            }
            let name = loop {
                number += 1;
                let name = format!("{} ({number})", item.name);
                if !self.has(&name) {
                    break name;
                }
            };
            let mut item = item.into_owned();
            item.name = name;
            renamed.push((i, item));
        }
        renamed.into_iter().for_each(|(i, item)| self.put(i, item));
    }

    /// An image has this name; they are in the order of their names.
    fn has(&self, name: &str) -> bool {
        self.images.binary_search_by(|image| self.item(image).name.as_str().cmp(name)).is_ok()
    }

    /// Those of a shard.
    pub fn share(mut self, shard: Shard) -> Self {
        self.images = shard.of(self.images);
        self
    }

    /// Adds an image.
    pub fn push(&mut self, item: Item) {
        self.images.push(Image::Other(Box::new(item)));
    }

    fn put(&mut self, i: usize, item: Item) {
        if !item.is_plain(&self.root) {
            self.images[i] = Image::Other(Box::new(item));
        }
    }

    fn item<'a>(&self, image: &'a Image) -> Cow<'a, Item> {
        match image {
            Image::Plain { file, is_scan, explicit } => {
                let mut item = Item::file(self.files.get(*file as usize), &self.root, Task::Measure, *explicit);
                item.is_scan = *is_scan;
                Cow::Owned(item)
            }
            Image::Other(item) => Cow::Borrowed(item),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn of_one_name_all_but_the_first_are_numbered_and_no_name_is_given_twice() {
        let mut items = ItemList::default();
        for name in ["x", "y", "x (2)", "x", "x"] {
            let file = Path::new("in").join(name);
            items.push(Item::file(file, Path::new("in"), Task::Measure, false));
        }
        items.sort();
        let names: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
        assert_eq!(names, ["x", "x (3)", "x (4)", "x (2)", "y"]);
    }
}

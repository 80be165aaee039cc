//! Which folders are the shards of one run, all of them and each once.

use super::closing::{self, Closed};
use super::hash::hash_file;
use super::head::Head;
use super::ledger;
use super::marker::MARKER;
use super::shard::Shard;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// A shard that is finished.
pub(super) struct Finished {
    pub folder: PathBuf,
    pub closed: Closed,
}

impl Finished {
    /// The shard in a folder.
    ///
    /// # Errors
    /// There is none, or it is not finished, or its list of images is not as it was written.
    pub fn open(folder: &Path) -> Result<Self> {
        if !folder.join(MARKER).is_dir() {
            return Err(Error::usage("is no folder of a run")
                .at(folder)
                .remedy("name the folders that `uptake run ... --shard I/N --out FOLDER` wrote to"));
        }
        // Without a whole list the shard has to be resumed, which also mends what says that it is finished.
        let begun = closing::begun(folder).ok().flatten();
        let again = |head: Option<&Head>| again(head, folder);
        let closed = closing::closed(folder).map_err(|e| e.remedy(again(begun.as_ref())))?;
        let Some(closed) = closed else {
            let what = match &begun {
                Some(head) => {
                    let host = head.host.as_ref().map_or(String::new(), |host| format!(" on {host}"));
                    format!(
                        "shard {} is not finished: it was begun at {}{host} and did not end",
                        head.shard, head.start
                    )
                }
                None => "the run there is not finished".into(),
            };
            return Err(Error::usage(what).at(folder).remedy(again(begun.as_ref())));
        };
        let list = ledger::path(folder);
        if hash_file(&list).ok().as_ref() != Some(&closed.images) {
            return Err(Error::format(format!("the list of images of shard {} is damaged", closed.head.shard))
                .at(list)
                .remedy(again(Some(&closed.head))));
        }
        Ok(Finished { folder: folder.into(), closed })
    }

    pub fn shard(&self) -> Shard {
        self.closed.head.shard
    }

    /// Something in the folder is not as it was written.
    pub fn damaged(&self, what: String) -> Error {
        Error::format(what).at(&self.folder).remedy(again(Some(&self.closed.head), &self.folder))
    }

    /// The shard has to be run again in the way of another one.
    fn as_in(&self, other: &Finished) -> String {
        let command = other.closed.head.command_for(self.shard(), &self.folder, "--overwrite");
        command.unwrap_or_else(|| format!("run the shard again as {} was", other.folder.display()))
    }
}

/// How a shard is finished.
fn again(head: Option<&Head>, folder: &Path) -> String {
    let command = head.and_then(|head| head.command_for(head.shard, folder, "--resume"));
    command.unwrap_or_else(|| "run the shard again into that folder with --resume".into())
}

/// The shards in these folders, in order.
///
/// # Errors
/// They do not belong together, one is there twice, or some are missing.
pub(super) fn shards(folders: &[PathBuf]) -> Result<Vec<Finished>> {
    let mut shards = folders.iter().map(|f| Finished::open(f)).collect::<Result<Vec<_>>>()?;
    let Some(first) = shards.first() else {
        return Err(Error::usage("no folder to merge").remedy("name the folders of all shards"));
    };
    for other in &shards[1..] {
        if let Some(what) = differ(&first.closed.head, &other.closed.head) {
            let what = format!("does not belong to {}: {what}", first.folder.display());
            return Err(Error::usage(what).at(&other.folder).remedy(other.as_in(first)));
        }
    }
    shards.sort_by_key(Finished::shard);
    for pair in shards.windows(2) {
        if let [one, two] = pair
            && one.shard() == two.shard()
        {
            let what = format!("is shard {}, as {} is", two.shard(), one.folder.display());
            return Err(Error::usage(what).at(&two.folder).remedy("name one of the two"));
        }
    }
    missing(&shards)?;
    Ok(shards)
}

/// What keeps two shards apart.
fn differ(one: &Head, other: &Head) -> Option<String> {
    let names = |head: &Head| head.recipes.iter().map(|r| r.name.clone()).collect::<Vec<_>>().join(" and ");
    if one.build != other.build {
        return Some(format!("another build of uptake ({} and {})", short(&other.build), short(&one.build)));
    }
    if one.shard.count() != other.shard.count() {
        return Some(format!("it is shard {}, not one of {}", other.shard, one.shard.count()));
    }
    if one.list != other.list {
        let (a, b) = (&other.list, &one.list);
        let what = match a.images == b.images {
            true => {
                "other names, settings of the sheet, or cutoffs over several images: where files were mended in between, all shards have to be done again"
            }
            false => "or other names",
        };
        return Some(format!("another list of images ({} and {}, {what})", a.images, b.images));
    }
    let texts = |head: &Head| head.recipes.iter().map(|r| r.sha256.clone()).collect::<Vec<_>>();
    if texts(one) != texts(other) {
        return Some(format!("another recipe, or other settings of it ({} and {})", names(other), names(one)));
    }
    (one.outputs != other.outputs).then(|| "other --format, --no-labels, --no-overlays or --overlay-size".into())
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn missing(shards: &[Finished]) -> Result<()> {
    let Some(first) = shards.first() else { return Ok(()) };
    let there: Vec<usize> = shards.iter().map(|s| s.shard().index()).collect();
    let count = first.shard().count();
    let missing: Vec<Shard> =
        (1..=count).filter(|i| there.binary_search(i).is_err()).map(|i| first.shard().sibling(i)).collect();
    let Some(one) = missing.first() else { return Ok(()) };
    let names: Vec<String> = missing.iter().take(NAMED).map(Shard::to_string).collect();
    let more = if missing.len() > NAMED { format!(" and {} more", missing.len() - NAMED) } else { String::new() };
    let verb = if missing.len() == 1 { "is" } else { "are" };
    let folder = format!("{}-shard-{}", first.folder.display(), one.index());
    let command = first.closed.head.command_for(*one, Path::new(&folder), "");
    let remedy = command.unwrap_or_else(|| format!("run shard {one}"));
    let what = format!("{}{more} {verb} missing", names.join(", "));
    Err(Error::usage(what).remedy(format!("{remedy}; if it is there already, name its folder too")))
}

/// So many missing shards are named.
const NAMED: usize = 20;

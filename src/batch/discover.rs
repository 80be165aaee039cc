//! From what the user typed to the list of images, in the order of the tables.
//!
//! An input is a file, a folder or a glob. Folders are searched to their bottom, in sorted order, with these rules:
//!
//! - names that begin with a dot are left alone, and so are symbolic links to folders;
//! - a folder that holds `.uptake` is the output of an earlier run and is left alone;
//! - a `.uptakeignore` holds a glob a line (`#` begins a comment); what it matches, from its folder down, is left alone;
//! - `--exclude` does the same for every folder given; its globs match the path or the name alone;
//! - files with an extension of [`NOT_IMAGES`] are left alone: notes and tables live beside images.
//!
//! Every other file counts: it is read, or stands in `images.csv` as skipped with its reason. A file that was named
//! itself, or matched by a glob, always counts.

use crate::read::{self, FileSet, Series};
use crate::recipe::Recipe;
use crate::{Error, Result};
use glob::{MatchOptions, Pattern};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Extensions of files in folders that are no images, and are passed over without a word.
pub const NOT_IMAGES: &[&str] = &[
    "txt", "md", "rst", "csv", "tsv", "json", "xml", "yaml", "yml", "toml", "html", "htm", "pdf", "doc", "docx", "xls",
    "xlsx", "ods", "ppt", "pptx", "parquet", "py", "r", "ipynb", "m", "ijm", "groovy", "sh", "bat", "log", "db", "ini",
    "lock", "sha256", "md5", "part",
];

/// What an image is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// One file.
    File,
    /// One file a channel.
    Channels(FileSet),
    /// A DICOM series, one file a slice.
    Series(Series),
}

/// An image to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Path below the folder that holds all inputs, with `/`: the `image` column.
    pub name: String,
    /// The name without its extension, unless two images then had the same: stem of the files written for it.
    pub stem: String,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// What they are to it.
    pub source: Source,
    /// The path that files beside it are named after: the file, the folder of a series, the common name of a set.
    pub place: PathBuf,
    /// DICOM or NIfTI: PET, unless the recipe says otherwise.
    pub is_scan: bool,
    /// It was named by the user, not found in a folder.
    pub explicit: bool,
    /// Why it is passed over, if that is known already.
    pub skip: Option<String>,
}

/// Finds the images of the inputs.
///
/// # Errors
/// A bad or fruitless glob, a folder that cannot be listed, or nothing found at all.
pub fn discover(inputs: &[PathBuf], exclude: &[String], recipes: &[&Recipe]) -> Result<Vec<Item>> {
    let exclude = exclude.iter().map(|g| pattern(g)).collect::<Result<Vec<_>>>()?;
    let mut found: BTreeMap<PathBuf, bool> = BTreeMap::new();
    let mut roots = Vec::new();
    for input in inputs {
        for path in expand(input)? {
            let path = tidy(&path)?;
            if path.is_dir() {
                let mut rules = vec![Rules { folder: path.clone(), globs: exclude.clone() }];
                walk(&path, &mut rules, &mut found)?;
                roots.push(path);
            } else {
                roots.push(path.parent().map(Path::to_path_buf).unwrap_or_default());
                found.insert(path, true);
            }
        }
    }
    let root = common(&roots);
    let pattern = recipes.iter().find_map(|r| r.body.files.pattern.as_ref());
    let mut items = series(&mut found, &root, recipes);
    match pattern {
        Some(pattern) => items.extend(grouped(found, &root, pattern)?),
        None => items.extend(found.into_iter().map(|(path, explicit)| single(path, &root, explicit))),
    }
    drop_companions(&mut items, recipes)?;
    items.sort_by(|a, b| a.name.cmp(&b.name));
    name_stems(&mut items);
    if items.is_empty() {
        return Err(Error::usage("no image in the inputs").remedy("files, folders with images, or globs"));
    }
    Ok(items)
}

fn pattern(glob: &str) -> Result<Pattern> {
    Pattern::new(glob.trim_end_matches('/'))
        .map_err(|e| Error::usage(format!("\"{glob}\" is not a glob: {}", e.msg)).remedy("*_mask.tif, or truth/**"))
}

/// A glob becomes its matches; anything that exists, and any plain path, stays as it is.
fn expand(input: &Path) -> Result<Vec<PathBuf>> {
    let text = input.to_string_lossy();
    if input.exists() || !text.contains(['*', '?', '[']) {
        return Ok(vec![input.to_path_buf()]);
    }
    let paths = glob::glob(&text).map_err(|e| Error::usage(format!("\"{text}\" is not a glob: {}", e.msg)))?;
    let paths: Vec<PathBuf> = paths.filter_map(|p| p.ok()).collect();
    if paths.is_empty() {
        return Err(Error::usage(format!("nothing matches {text}")).remedy("check the path; ** searches folders"));
    }
    Ok(paths)
}

/// Absolute and without `.` and `..`, by its letters: links keep their names.
fn tidy(path: &Path) -> Result<PathBuf> {
    let mut out = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    Ok(out)
}

/// The deepest folder that holds all of them.
fn common(folders: &[PathBuf]) -> PathBuf {
    let mut iter = folders.iter();
    let mut root = iter.next().cloned().unwrap_or_default();
    for folder in iter {
        while !folder.starts_with(&root) && root.pop() {}
    }
    root
}

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

fn walk(folder: &Path, rules: &mut Vec<Rules>, found: &mut BTreeMap<PathBuf, bool>) -> Result<()> {
    if folder.join(".uptake").is_dir() {
        return Ok(());
    }
    let depth = rules.len();
    if let Ok(text) = fs::read_to_string(folder.join(".uptakeignore")) {
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let globs = lines.map(pattern).collect::<Result<Vec<_>>>().map_err(|e| e.at(folder.join(".uptakeignore")))?;
        rules.push(Rules { folder: folder.to_path_buf(), globs });
    }
    for entry in fs::read_dir(folder).map_err(|e| Error::from(e).at(folder))? {
        let path = entry.map_err(|e| Error::from(e).at(folder))?.path();
        let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        if hidden || rules.iter().any(|r| r.leave_alone(&path)) {
            continue;
        }
        if path.is_dir() {
            if !path.is_symlink() {
                walk(&path, rules, found)?;
            }
        } else if !is_note(&path) {
            found.entry(path).or_insert(false);
        }
    }
    rules.truncate(depth);
    Ok(())
}

fn is_note(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    extension.is_some_and(|e| NOT_IMAGES.contains(&e.as_str()))
}

/// The regions of a set for an image: beside it, with `{stem}` filled in; a path without it is the same for all.
pub fn companion(pattern: &str, place: &Path) -> PathBuf {
    let name = place.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    // The folder of a series may have dots in its name.
    let stem = if place.is_dir() { &name } else { stem(&name) };
    let filled = PathBuf::from(pattern.replace("{stem}", stem));
    if pattern.contains("{stem}") { place.with_file_name("").join(filled) } else { filled }
}

/// Regions of the recipes are no images of their own.
fn drop_companions(items: &mut Vec<Item>, recipes: &[&Recipe]) -> Result<()> {
    let sets = recipes.iter().flat_map(|r| r.body.objects.values());
    let patterns: Vec<&str> = sets.filter_map(|o| o.labels.as_deref()).collect();
    let mut companions = BTreeSet::new();
    for (item, pattern) in items.iter().flat_map(|i| patterns.iter().map(move |p| (i, p))) {
        companions.insert(tidy(&companion(pattern, &item.place))?);
    }
    items.retain(|i| i.explicit || !matches!(i.files.as_slice(), [file] if companions.contains(file)));
    Ok(())
}

fn relative(path: &Path, root: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn single(path: PathBuf, root: &Path, explicit: bool) -> Item {
    let name = relative(&path, root);
    let is_scan = read::format_of(&path).is_some_and(|f| f.is_scan);
    let (place, files, source) = (path.clone(), vec![path], Source::File);
    Item { stem: name.clone(), name, files, source, place, is_scan, explicit, skip: None }
}

/// DICOM files, put together to series. What is DICOM but no image is passed over, with its reason.
fn series(found: &mut BTreeMap<PathBuf, bool>, root: &Path, recipes: &[&Recipe]) -> Vec<Item> {
    let files: Vec<PathBuf> = found.keys().filter(|p| read::is_dicom(p)).cloned().collect();
    let all = read::find_series(&files);
    let only_pet = recipes.iter().all(|r| r.body.modality.is_some());
    let mut items = Vec::new();
    for series in &all.series {
        let alone = all.series.iter().filter(|s| s.folder == series.folder).count() == 1;
        let place = if alone { series.folder.clone() } else { series.folder.join(series.short_name()) };
        let name = match relative(&place, root) {
            // The folder that holds all inputs is the series itself.
            name if name.is_empty() => place.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
            name => name,
        };
        let explicit = series.files.iter().any(|f| found.get(f).copied().unwrap_or_default());
        let other = only_pet && !explicit && series.modality != "PT";
        let skip = other.then(|| format!("a DICOM series of modality {}, not PT", series.modality));
        let (files, source) = (series.files.clone(), Source::Series(series.clone()));
        items.push(Item { stem: name.clone(), name, files, source, place, is_scan: true, explicit, skip });
    }
    for read::Other { path, reason, damaged } in all.others {
        let explicit = found.get(&path).copied().unwrap_or_default();
        // A damaged file is read, and fails with its reason.
        let skip = (!damaged).then_some(reason);
        items.push(Item { skip, is_scan: true, ..single(path, root, explicit) });
    }
    found.retain(|path, _| !files.contains(path));
    items
}

/// Files of one image, one a channel. A file that does not match the pattern is passed over, with its reason.
fn grouped(found: BTreeMap<PathBuf, bool>, root: &Path, pattern: &str) -> Result<Vec<Item>> {
    let paths: Vec<PathBuf> = found.keys().cloned().collect();
    let groups = read::group(&paths, pattern)?;
    let explicit = |path: &PathBuf| found.get(path).copied().unwrap_or_default();
    let mut items = Vec::new();
    for set in groups.sets {
        let files: Vec<PathBuf> = set.files.iter().map(|(_, path)| path.clone()).collect();
        let Some(first) = files.first() else { continue };
        let place = first.with_file_name(&set.name);
        let name = relative(&place, root);
        let explicit = files.iter().any(explicit);
        let source = Source::Channels(set);
        items.push(Item { stem: name.clone(), name, files, source, place, is_scan: false, explicit, skip: None });
    }
    for path in groups.unmatched {
        let explicit = explicit(&path);
        let skip = Some(format!("the name does not match the file pattern {pattern}"));
        items.push(Item { skip, ..single(path, root, explicit) });
    }
    Ok(items)
}

/// A file name without its extension; `.ome.tif` and `.nii.gz` are one extension.
fn stem(name: &str) -> &str {
    let name = name.strip_suffix(".gz").filter(|s| s.ends_with(".nii")).unwrap_or(name);
    let cut = name.rfind('.').filter(|&i| i > 0).map_or(name, |i| &name[..i]);
    cut.strip_suffix(".ome").filter(|s| !s.is_empty()).unwrap_or(cut)
}

fn name_stems(items: &mut [Item]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    // A dot in the name of a series' folder begins no extension.
    let short = |item: &Item| match (&item.source, item.name.rsplit_once('/')) {
        (Source::Series(_), _) => item.name.clone(),
        (_, Some((folder, file))) => format!("{folder}/{}", stem(file)),
        (_, None) => stem(&item.name).to_string(),
    };
    for item in items.iter() {
        *seen.entry(short(item)).or_default() += 1;
    }
    for item in items.iter_mut() {
        let short = short(item);
        item.stem = if seen.get(&short) == Some(&1) { short } else { item.name.clone() };
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for f in files {
            let path = dir.path().join(f);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "truth/\n*_mask.png").unwrap();
        }
        dir
    }

    fn names(inputs: &[PathBuf], exclude: &[&str], text: &str) -> Vec<String> {
        let recipe = Recipe::parse("test", text, &[]).unwrap();
        let exclude: Vec<String> = exclude.iter().map(|s| s.to_string()).collect();
        discover(inputs, &exclude, &[&recipe]).unwrap().into_iter().map(|i| i.name).collect()
    }

    const PLAIN: &str =
        "[channels]\nc = [0]\n[objects.o]\nchannel = 'c'\nsteps = [{ op = 'threshold', method = 'otsu' }]";

    #[test]
    fn folders_are_searched_by_the_rules() {
        let dir = tree(&[
            "b.tif",
            "a/x.png",
            "a/x_mask.png",
            ".hidden.tif",
            "notes.txt",
            "truth/b.tif",
            "old/.uptake/x",
            "old/q.tif",
        ]);
        let all = ["a/x.png", "a/x_mask.png", "b.tif", "truth/b.tif"];
        assert_eq!(names(&[dir.path().into()], &[], PLAIN), all);
        assert_eq!(names(&[dir.path().into()], &["truth", "*_mask.png"], PLAIN), ["a/x.png", "b.tif"]);
        fs::write(dir.path().join(".uptakeignore"), "# truth\ntruth/\na/*_mask.png\n").unwrap();
        assert_eq!(names(&[dir.path().into()], &[], PLAIN), ["a/x.png", "b.tif"]);
        let files = [dir.path().join("notes.txt"), dir.path().join("a/x.png")];
        assert_eq!(names(&files, &["*"], PLAIN), ["a/x.png", "notes.txt"], "named files always count");
        assert_eq!(names(&[dir.path().join("a/*.png")], &[], PLAIN), ["x.png", "x_mask.png"]);
    }

    #[test]
    fn label_images_and_channel_files_belong_to_their_image() {
        let dir = tree(&["a_DAPI.tif", "a_GFP.tif", "b_x_DAPI.tif", "odd.tif"]);
        let grouped = format!("files.pattern = '{{name}}_{{channel}}.tif'\n{PLAIN}");
        assert_eq!(names(&[dir.path().into()], &[], &grouped), ["a", "b_x", "odd.tif"]);
        let dir = tree(&["a.tif", "a_mask.tif"]);
        let labels = "[objects.o]\nlabels = '{stem}_mask.tif'";
        assert_eq!(names(&[dir.path().into()], &[], labels), ["a.tif"]);
    }

    #[test]
    fn stems_stay_apart() {
        let dir = tree(&["a.tif", "a.png", "b.ome.tif"]);
        let recipe = Recipe::parse("test", PLAIN, &[]).unwrap();
        let items = discover(&[dir.path().into()], &[], &[&recipe]).unwrap();
        let stems: Vec<&str> = items.iter().map(|i| i.stem.as_str()).collect();
        assert_eq!(stems, ["a.png", "a.tif", "b"]);
    }
}

//! What images and their files are called: the same whatever lies beside them, and no two alike.
//!
//! An image is named by its path below the folder that holds all inputs. Bytes of a name that are no UTF-8 stand there as
//! `\xFF`. The files written for it are called after it:
//!
//! | image | set | file |
//! |---|---|---|
//! | `plate/a.tif` | `nuclei` | `plate/a_nuclei.ome.tif` |
//! | `plate/a.png` | `nuclei` | `plate/a.png_nuclei.ome.tif` |
//! | `plate/a.tif` | `big_nuclei` | `plate/a_big.nuclei.ome.tif` |
//! | the series in `pet/scan1` | `lesions` | `pet/scan1/lesions.nii.gz` |
//!
//! Only the usual extension is left out, and only where the rest has no extension of its own: so `a.tif`, `a.ome.tif`,
//! `a.png` and `a.png.tif` have four names. A name without any extension gets a dot. In names of sets, which know no dot,
//! `_` becomes a dot, so that `s` with `big_nuclei` is not `s_big` with `nuclei`. What would be too long for a file system
//! ends in a hash of the whole.

use super::LONGEST_NAME;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;

/// What an image is stored as, as far as its name goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One file.
    File,
    /// A folder with a series of slices.
    Folder,
    /// Several files with a common name.
    Set,
}

/// The path of an image below the folder that holds all inputs, with `/`.
pub fn image(path: &Path, root: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.components().map(|c| text(c.as_os_str())).collect::<Vec<_>>().join("/")
}

/// A name in UTF-8. What cannot be said in it is escaped, as is a backslash that would look like such an escape.
fn text(name: &std::ffi::OsStr) -> String {
    let mut out = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        out += &chunk.valid().replace("\\x", "\\x5Cx");
        chunk.invalid().iter().for_each(|b| push(&mut out, "\\x", *b));
    }
    out
}

fn push(out: &mut String, mark: &str, byte: u8) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{mark}{byte:02X}");
}

/// Where a file of an image lies below its folder of the output: `end` is its extension with the dot. `usual` is the
/// extension that the image's name is expected to have.
pub fn file(image: &str, kind: Kind, set: &str, usual: &str, end: &str) -> String {
    let set = set.replace('_', ".");
    let last = image.rsplit('/').next().unwrap_or(image);
    let path = match kind {
        Kind::Folder => format!("{image}/{set}{end}"),
        Kind::Set => format!("{image}_{set}{end}"),
        Kind::File => match last.strip_suffix(usual).filter(|rest| is_plain(rest)) {
            Some(_) => format!("{}_{set}{end}", &image[..image.len() - usual.len()]),
            // A plain name is taken by the file that has the usual extension.
            None if is_plain(last) || last.ends_with('.') => format!("{image}._{set}{end}"),
            None => format!("{image}_{set}{end}"),
        },
    };
    path.split('/').map(component).collect::<Vec<_>>().join("/")
}

/// A name that no image has that shows an extension: none at all, or `.ome` alone.
fn is_plain(name: &str) -> bool {
    let name = name.strip_suffix(".ome").unwrap_or(name);
    !name.is_empty() && !name.contains('.')
}

/// A folder that is called after a word of a table: no path within, and none out of the folder above it.
pub fn folder(name: &str) -> String {
    // The slash becomes a character that is escaped.
    let name = component(&name.replace('/', "\u{1}"));
    match name.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None if name.is_empty() => "%".into(),
        None => name,
    }
}

/// A part of a path that file systems take, however odd the image's name is.
fn component(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let odd = c.is_control() || matches!(c, '%' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
        match odd {
            true => c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| push(&mut out, "%", b)),
            false => out.push(c),
        }
    }
    if out.len() <= LONGEST_NAME {
        return out;
    }
    // Begin, hash, end: the end has the set and the extension.
    let hash: String = Sha256::digest(&out).iter().take(8).map(|b| format!("{b:02x}")).collect();
    let end = out.char_indices().map(|(i, _)| i).find(|i| out.len() - i <= 90).unwrap_or(out.len());
    let begin = out.char_indices().map(|(i, c)| i + c.len_utf8()).take_while(|i| *i <= 140).last().unwrap_or(0);
    format!("{}~{hash}~{}", &out[..begin], &out[end..])
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn tif(image: &str, set: &str) -> String {
        file(image, Kind::File, set, ".tif", ".ome.tif")
    }

    #[test]
    fn the_table_of_the_module_is_true() {
        assert_eq!(tif("plate/a.tif", "nuclei"), "plate/a_nuclei.ome.tif");
        assert_eq!(tif("plate/a.png", "nuclei"), "plate/a.png_nuclei.ome.tif");
        assert_eq!(tif("plate/a.tif", "big_nuclei"), "plate/a_big.nuclei.ome.tif");
        assert_eq!(file("pet/scan1", Kind::Folder, "lesions", ".nii.gz", ".nii.gz"), "pet/scan1/lesions.nii.gz");
        assert_eq!(file("pet/a.nii.gz", Kind::File, "lesions", ".nii.gz", ".nii.gz"), "pet/a_lesions.nii.gz");
    }

    #[test]
    fn names_that_are_close_stay_apart() {
        let images = [
            "a",
            "a.",
            "a..",
            "a.tif",
            "a.TIF",
            "a.tiff",
            "a.png",
            "a.png.tif",
            "a.ome.tif",
            "a.ome",
            "a.ome.ome",
            "a_b.tif",
            "a_b",
            "a.b.tif",
            "a.b",
            ".tif",
            "tif",
            "a%.tif",
            "a%25.tif",
            "a\n.tif",
            "a\\x0A.tif",
            "a:b.tif",
            "a.ome.tif.tif",
            "a_nuclei.tif",
            "a_big.tif",
            "b/a.tif",
            "a/b.tif",
            "a.tif/b.tif",
        ];
        let sets = ["nuclei", "big_nuclei", "big-nuclei", "b_nuclei", "b"];
        let files: BTreeSet<String> = images.iter().flat_map(|i| sets.map(|set| tif(i, set))).collect();
        assert_eq!(files.len(), images.len() * sets.len());
    }

    #[test]
    fn folders_are_no_paths() {
        assert_eq!(["P 1", "a/b", "..", ""].map(folder), ["P 1", "a%01b", "%2E.", "%"]);
        assert_ne!(folder("a/b"), folder("a%01b"));
    }

    #[test]
    fn a_series_and_a_file_beside_it_stay_apart() {
        let series = file("pet/x", Kind::Folder, "lesions", ".nii.gz", ".nii.gz");
        for image in ["pet/x.nii.gz", "pet/x", "pet/x/lesions.nii.gz", "pet/x/.nii.gz", "pet/x/l.nii.gz"] {
            assert_ne!(series, file(image, Kind::File, "lesions", ".nii.gz", ".nii.gz"), "{image}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn bytes_that_are_no_utf8_are_kept_apart() {
        use std::os::unix::ffi::OsStrExt;
        let name = |bytes: &[u8]| image(Path::new(std::ffi::OsStr::from_bytes(bytes)), Path::new(""));
        assert_eq!(name(b"d/a\xff.tif"), "d/a\\xFF.tif");
        assert_ne!(name(b"a\xff.tif"), name(b"a\xfe.tif"));
        assert_ne!(name(b"a\xff.tif"), name(b"a\\xFF.tif"));
        assert_eq!(name("näme µ.tif".as_bytes()), "näme µ.tif");
    }

    #[test]
    fn long_names_fit_and_stay_apart() {
        let long = |last: char| tif(&format!("{}{last}.tif", "x".repeat(250)), "nuclei");
        assert!(long('a').len() <= LONGEST_NAME && long('a').ends_with("_nuclei.ome.tif"));
        assert_ne!(long('a'), long('b'));
        let wide = tif(&format!("{}.tif", "µ".repeat(125)), "nuclei");
        assert!(wide.len() <= LONGEST_NAME);
    }

    proptest! {
        #[test]
        fn two_images_or_sets_never_share_a_file(
            a in "[ab._]{0,4}(\\.tif|\\.ome\\.tif|\\.png|)", b in "[ab._]{0,4}(\\.tif|\\.ome\\.tif|\\.png|)",
            s in "[ab_-]{1,4}", t in "[ab_-]{1,4}",
        ) {
            prop_assume!((&a, &s) != (&b, &t));
            prop_assert_ne!(tif(&a, &s), tif(&b, &t));
        }
    }
}

//! Files that are there twice.

use crate::read::common_folder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// A file as it is called beside another one: by its name, or from the folder that holds both.
pub fn below<'p>(file: &'p Path, other: &Path) -> &'p Path {
    let folder = common_folder([file, other].into_iter().filter_map(Path::parent));
    file.strip_prefix(folder).unwrap_or(file)
}

/// Whether two files hold the same bytes. A file that cannot be read is like no other.
pub fn same_bytes(a: &Path, b: &Path) -> bool {
    let open = |p: &Path| File::open(p).ok().map(|f| (f.metadata().map_or(0, |m| m.len()), BufReader::new(f)));
    let (Some((n, mut a)), Some((m, mut b))) = (open(a), open(b)) else { return false };
    let (mut x, mut y) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut left = n;
    while n == m && left > 0 {
        let take = left.min(x.len() as u64) as usize;
        if a.read_exact(&mut x[..take]).and(b.read_exact(&mut y[..take])).is_err() || x[..take] != y[..take] {
            return false;
        }
        left -= take as u64;
    }
    n == m
}

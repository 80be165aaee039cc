//! Reads what the program writes as HDF5, and no other file: headers of version 2, chunks that are shuffled and deflated.

use std::collections::BTreeMap;
use std::io::Read;

/// A file in memory.
pub struct Hdf5(pub Vec<u8>);

/// The messages of a header, by type.
type Messages = Vec<(u8, Vec<u8>)>;

fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    (0..size).rev().fold(0, |n, i| n << 8 | u64::from(bytes[at + i]))
}

impl Hdf5 {
    fn messages(&self, header: u64) -> Messages {
        let at = header as usize;
        assert_eq!((&self.0[at..at + 4], self.0[at + 4], self.0[at + 5]), (&b"OHDR"[..], 2, 2));
        let end = at + 10 + number(&self.0, at + 6, 4) as usize;
        let (mut at, mut all) = (at + 10, vec![]);
        while at < end {
            let size = number(&self.0, at + 1, 2) as usize;
            all.push((self.0[at], self.0[at + 4..at + 4 + size].to_vec()));
            at += 4 + size;
        }
        all
    }

    /// What is in the root, or below it.
    fn header(&self, path: &str) -> u64 {
        assert_eq!(
            (&self.0[..8], self.0[8], number(&self.0, 28, 8)),
            (&b"\x89HDF\r\n\x1a\n"[..], 2, self.0.len() as u64)
        );
        let root = number(&self.0, 36, 8);
        path.split('/').filter(|name| !name.is_empty()).fold(root, |at, name| self.links(at)[name])
    }

    fn links(&self, header: u64) -> BTreeMap<String, u64> {
        let links = self.messages(header).into_iter().filter(|(kind, _)| *kind == 6);
        links
            .map(|(_, data)| {
                let end = 5 + number(&data, 3, 2) as usize;
                (String::from_utf8(data[5..end].to_vec()).unwrap(), number(&data, end, 8))
            })
            .collect()
    }

    /// Names in a group.
    pub fn names(&self, path: &str) -> Vec<String> {
        self.links(self.header(path)).into_keys().collect()
    }

    fn message(&self, path: &str, kind: u8) -> Vec<u8> {
        self.messages(self.header(path)).into_iter().find(|(k, _)| *k == kind).unwrap().1
    }

    /// The extent of a dataset.
    pub fn size(&self, path: &str) -> Vec<u64> {
        let space = self.message(path, 1);
        (0..space[1] as usize).map(|axis| number(&space, 4 + 8 * axis, 8)).collect()
    }

    /// The bytes of a dataset.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let (layout, element) = (self.message(path, 8), number(&self.message(path, 3), 4, 4) as usize);
        let elements: u64 = self.size(path).iter().product();
        if layout[1] == 1 {
            let at = number(&layout, 2, 8) as usize;
            return if elements == 0 { vec![] } else { self.0[at..at + elements as usize * element].to_vec() };
        }
        let mut all = vec![];
        self.chunks(number(&layout, 3, 8), layout[2] as usize, element, &mut all);
        all.truncate(elements as usize * element);
        all
    }

    fn chunks(&self, node: u64, axes: usize, element: usize, all: &mut Vec<u8>) {
        if node == u64::MAX {
            return;
        }
        let at = node as usize;
        assert_eq!((&self.0[at..at + 4], self.0[at + 4]), (&b"TREE"[..], 1));
        let (level, used, key) = (self.0[at + 5], number(&self.0, at + 6, 2) as usize, 8 + 8 * axes);
        for i in 0..used {
            let at = at + 24 + i * (key + 8);
            let (size, child) = (number(&self.0, at, 4) as usize, number(&self.0, at + key, 8));
            if level > 0 {
                self.chunks(child, axes, element, all);
                continue;
            }
            let mut chunk = vec![];
            flate2::read::ZlibDecoder::new(&self.0[child as usize..child as usize + size])
                .read_to_end(&mut chunk)
                .unwrap();
            let n = chunk.len() / element;
            all.extend((0..n).flat_map(|i| (0..element).map(move |b| (i, b))).map(|(i, b)| chunk[b * n + i]));
        }
    }

    /// Real numbers.
    pub fn reals(&self, path: &str) -> Vec<f64> {
        self.bytes(path).chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
    }

    /// Texts.
    pub fn words(&self, path: &str) -> Vec<String> {
        let word = |reference: &[u8]| {
            let (length, heap, wanted) =
                (number(reference, 0, 4) as usize, number(reference, 4, 8), number(reference, 12, 4));
            if length == 0 {
                return String::new();
            }
            let mut at = heap as usize + 16;
            while number(&self.0, at, 2) != wanted {
                at += 16 + (number(&self.0, at + 8, 8) as usize).next_multiple_of(8);
            }
            String::from_utf8(self.0[at + 16..at + 16 + length].to_vec()).unwrap()
        };
        self.bytes(path).chunks_exact(16).map(word).collect()
    }
}

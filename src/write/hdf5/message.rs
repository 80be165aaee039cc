//! The messages of object headers (HDF5 File Format Specification 3.0, IV.A.2), as bytes.

/// No address.
pub const NOWHERE: u64 = u64::MAX;

/// What the elements of a dataset or attribute are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A byte with a sign.
    I8,
    /// 32 bits with a sign.
    I32,
    /// 64 bits with a sign.
    I64,
    /// A real number of 64 bits.
    F64,
    /// UTF-8 of any length, in a global heap.
    Text,
}

impl Kind {
    /// Bytes of an element.
    pub fn size(self) -> usize {
        match self {
            Kind::I8 => 1,
            Kind::I32 => 4,
            Kind::I64 | Kind::F64 => 8,
            Kind::Text => 16,
        }
    }

    /// The message of a datatype.
    pub fn message(self) -> Vec<u8> {
        let whole = |size: u32, bits: u8| {
            let precision = (8 * size as u16).to_le_bytes();
            [&[0x10, bits, 0, 0][..], &size.to_le_bytes(), &[0, 0], &precision].concat()
        };
        match self {
            Kind::F64 => {
                let exponent = [52, 11, 0, 52];
                let place = [&[0x11, 0x20, 63, 0][..], &8_u32.to_le_bytes(), &[0, 0, 64, 0]].concat();
                [&place[..], &exponent, &1023_u32.to_le_bytes()].concat()
            }
            // A sequence that is a text of UTF-8, of bytes.
            Kind::Text => [&[0x19, 1, 1, 0][..], &16_u32.to_le_bytes(), &whole(1, 0)].concat(),
            other => whole(other.size() as u32, 8),
        }
    }
}

/// A message with its type.
pub type Message = (u8, Vec<u8>);

/// The extent: none for one element. The first axis may grow, so that a part may be larger than all of it.
pub fn dataspace(size: &[u64]) -> Message {
    let numbers = |all: &[u64]| all.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let most: Vec<u64> = size.iter().enumerate().map(|(axis, n)| if axis == 0 { u64::MAX } else { *n }).collect();
    let kind = u8::from(!size.is_empty());
    (1, [&[2, size.len() as u8, kind, kind][..], &numbers(size), &numbers(&most)].concat())
}

/// The kind of a dataset's elements.
pub fn datatype(kind: Kind) -> Message {
    (3, kind.message())
}

/// Nothing is filled in.
pub fn fill() -> Message {
    (5, vec![3, 0x0b])
}

/// Chunks, found by a tree at this address.
pub fn chunked(tree: u64, chunk: &[u32], kind: Kind) -> Message {
    let sizes = chunk.iter().copied().chain([kind.size() as u32]).flat_map(u32::to_le_bytes);
    let sizes: Vec<u8> = sizes.collect();
    (8, [&[3, 2, chunk.len() as u8 + 1][..], &tree.to_le_bytes(), &sizes].concat())
}

/// All in one place.
pub fn contiguous(at: u64, bytes: u64) -> Message {
    (8, [&[3, 1][..], &at.to_le_bytes(), &bytes.to_le_bytes()].concat())
}

/// Bytes of an element side by side (shuffle), then packed (deflate).
pub fn packed(kind: Kind, level: u32) -> Message {
    let filter = |id: u16, value: u32| [&id.to_le_bytes()[..], &[0, 0, 1, 0], &value.to_le_bytes()].concat();
    (11, [&[2, 2][..], &filter(2, kind.size() as u32), &filter(1, level)].concat())
}

/// An attribute; `size` as for [`dataspace`], but that it cannot grow.
pub fn attribute(name: &str, kind: Kind, size: Option<u64>, data: &[u8]) -> Message {
    let (kind, space) = (
        kind.message(),
        match size {
            None => vec![2, 0, 0, 0],
            Some(n) => [&[2, 1, 0, 1][..], &n.to_le_bytes()].concat(),
        },
    );
    let lengths = [name.len() + 1, kind.len(), space.len()].map(|n| (n as u16).to_le_bytes()).concat();
    (12, [&[3, 0][..], &lengths, &[1], name.as_bytes(), &[0], &kind, &space, data].concat())
}

/// The messages that make a header one of a group whose links stand in it.
pub fn group() -> [Message; 2] {
    let nowhere = NOWHERE.to_le_bytes();
    [(2, [&[0, 0][..], &nowhere, &nowhere].concat()), (10, vec![0, 0])]
}

/// A name in a group for what has its header at this address.
pub fn link(name: &str, header: u64) -> Message {
    (6, [&[1, 0x11, 1][..], &(name.len() as u16).to_le_bytes(), name.as_bytes(), &header.to_le_bytes()].concat())
}

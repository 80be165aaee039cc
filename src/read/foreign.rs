//! Formats that are known by sight but not read, so that the message can name them.

use super::nifti;

/// A name, where its mark stands, and the mark.
type Mark = (&'static str, usize, &'static [u8]);

const MARKS: &[Mark] = &[
    ("NRRD", 0, b"NRRD000"),
    ("ECAT", 0, b"MATRIX7"),
    ("ZIP", 0, b"PK\x03\x04"),
    ("HDF5", 0, b"\x89HDF\r\n\x1a\n"),
    ("Zeiss CZI", 0, b"ZISRAWFILE"),
    ("Nikon ND2", 0, &[0xda, 0xce, 0xbe, 0x0a]),
    ("Leica LIF", 0, &[0x70, 0, 0, 0]),
    ("OLE (Zeiss ZVI, Olympus OIB)", 0, &[0xd0, 0xcf, 0x11, 0xe0]),
    ("JPEG 2000", 4, b"jP  "),
    ("GIF", 0, b"GIF8"),
    ("WebP", 8, b"WEBP"),
    ("PDF", 0, b"%PDF"),
];

/// The name of the format, if it is one of those.
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    if nifti::is_analyze(head) {
        return Some("Analyze 7.5");
    }
    MARKS
        .iter()
        .find(|(_, at, mark)| head.get(*at..).is_some_and(|rest| rest.starts_with(mark)))
        .map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_seen_where_they_stand() {
        let mut head = vec![0; 4];
        assert_eq!(recognise(&head), None);
        head.extend_from_slice(b"jP  ");
        assert_eq!(recognise(&head), Some("JPEG 2000"));
        assert_eq!(recognise(b"GIF89a"), Some("GIF"));
        assert_eq!(recognise(b""), None);
    }
}

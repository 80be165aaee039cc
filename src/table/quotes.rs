//! Quotes of a CSV file that users write: one that is never closed makes a cell of all lines below it, and they are gone.

use crate::{Error, Result};

/// Looks for cells that hold what look like lines of the table, which has so many columns.
///
/// # Errors
/// A quote is not closed before the file ends, or where the next one begins.
pub fn check(bytes: &[u8], separator: u8, columns: usize) -> Result<()> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut line, mut at_start, mut rest) = (1u64, true, bytes);
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if !at_start || *first != b'"' {
            at_start = *first == separator || matches!(first, b'\n' | b'\r');
            line += u64::from(*first == b'\n');
            continue;
        }
        let (cell, is_closed) = quoted(after);
        let lines = || cell.split(|b| *b == b'\n').skip(1);
        let is_row = |line: &[u8]| columns > 1 && line.iter().filter(|b| **b == separator).count() + 1 >= columns;
        if !is_closed || lines().any(is_row) {
            let to = line + lines().count() as u64;
            let what = format!("the cell in quotes that begins in line {line} ends in line {to}");
            let lost = if is_closed { "and holds what look like lines of the table" } else { "with the file" };
            return Err(Error::format(format!("{what}, {lost}")).remedy("a quote at the end of the cell"));
        }
        line += lines().count() as u64;
        // Behind the quote that closes it.
        (rest, at_start) = (after.get(cell.len() + 1..).unwrap_or_default(), false);
    }
    Ok(())
}

/// What is in quotes, up to the one that is not doubled, and whether there is one.
fn quoted(after: &[u8]) -> (&[u8], bool) {
    let mut at = 0;
    while let Some(byte) = after.get(at) {
        match (byte, after.get(at + 1)) {
            (b'"', Some(b'"')) => at += 2,
            (b'"', _) => return (&after[..at], true),
            _ => at += 1,
        }
    }
    (after, false)
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    fn said(text: &str) -> Option<String> {
        check(text.as_bytes(), b',', 3).err().map(|e| e.what)
    }

    #[test]
    fn cells_may_hold_quotes_commas_and_line_ends() {
        for sound in [
            "a,b,c\n1,2,3\n",
            "a,b,c\n1,\"2, or \"\"two\"\"\",3\n",
            "a,b,c\r\n\"two\r\nlines\",2,\"\"\r\n",
            "a,b,c\n5\" pipe,2,3\n",
            "",
            "\"a\",\"b\",\"c\"",
        ] {
            assert_eq!(said(sound), None, "{sound}");
        }
    }

    #[test]
    fn lines_within_quotes_are_lost_lines() {
        let open = said("a,b,c\n1,2,\"fast\n2,2,slow\n3,2,slow\n").unwrap();
        assert_eq!(open, "the cell in quotes that begins in line 2 ends in line 5, with the file");
        assert!(said("\u{feff}\"a,b,c\n1,2,3\n").is_some());
        let closed = said("a,b,c\n1,2,\"fast\n2,2,slow\n3,2,\"slow\"\n").unwrap();
        assert!(closed.contains("begins in line 2 ends in line 4, and holds what look like lines"), "{closed}");
        assert!(said("a,b,c\n1,2,\"").is_some());
        assert!(said("\"a,b,c\n1,2,3").is_some());
    }
}

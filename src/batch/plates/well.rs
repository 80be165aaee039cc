//! Names of wells, in all their forms.

/// A well of a plate, rows and columns from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Well {
    pub row: u32,
    pub column: u32,
}

/// Rows and columns of the largest plate, of 1,536 wells.
const ROWS: u32 = 32;
const COLUMNS: u32 = 48;

impl Well {
    /// Reads `A01`, `a1`, `A-1`, `A_001`, `AF48`, `r01c01`, `R1C1`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        };
        let split = text.find(|c: char| !c.is_ascii_alphabetic())?;
        let (letters, rest) = text.split_at(split);
        let by_numbers = (letters == "R").then(|| rest.split_once('C')).flatten();
        let (row, column) = match by_numbers {
            Some((row, column)) => (number(row)?, number(column)?),
            None => (row_of(letters)?, number(rest.strip_prefix(['-', '_', ' ', ':']).unwrap_or(rest))?),
        };
        ((1..=ROWS).contains(&row) && (1..=COLUMNS).contains(&column)).then_some(Well { row, column })
    }
}

/// `A` is 1, `Z` 26, `AA` 27.
fn row_of(letters: &str) -> Option<u32> {
    match letters.as_bytes() {
        [one] => Some(u32::from(one - b'A') + 1),
        [b'A', second] => Some(u32::from(second - b'A') + 27),
        _ => None,
    }
}

impl std::fmt::Display for Well {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letter = |k: u32| char::from(b'A' + (k % 26) as u8);
        if self.row > 26 {
            write!(f, "A")?;
        }
        write!(f, "{}{:02}", letter(self.row - 1), self.column)
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn forms_of_names() {
        let name = |text: &str| Well::parse(text).map(|well| well.to_string());
        for text in ["A01", "a1", "A-1", "A_01", "A 1", "A001", "r01c01", "R1C1", " A1 "] {
            assert_eq!(name(text).as_deref(), Some("A01"), "{text}");
        }
        for (text, expected) in [("P24", "P24"), ("AA01", "AA01"), ("af48", "AF48"), ("r27c3", "AA03"), ("R12", "R12")]
        {
            assert_eq!(name(text).as_deref(), Some(expected), "{text}");
        }
        for text in
            ["", "A", "1", "A0", "A49", "AG1", "BA1", "r0c1", "r33c1", "A1b", "A1.5", "A--1", "\u{c4}1", "A99999"]
        {
            assert_eq!(name(text), None, "{text}");
        }
    }
}

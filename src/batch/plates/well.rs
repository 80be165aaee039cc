//! Names of wells, in all their forms, and the plates that they lie on.

use crate::recipe::FORMATS;

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
    /// Reads `A01`, `a1`, `A-1`, `A_001`, `A.1`, `AF48`, `1A`, `r01c01`, `R1-C2`, `Row 1 Col 2`, and each of them behind `Well`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let text = text.strip_prefix("WELL").map_or(text.as_str(), |rest| rest.trim_start_matches(SEPARATORS));
        let well = by_words(text).or_else(|| by_letters(text)).or_else(|| column_first(text));
        let (row, column) = well?;
        ((1..=ROWS).contains(&row) && (1..=COLUMNS).contains(&column)).then_some(Well { row, column })
    }

    /// A plate of so many wells has it.
    pub fn is_on(self, wells: u32) -> bool {
        FORMATS.iter().any(|(n, [rows, columns])| *n == wells && self.row <= *rows && self.column <= *columns)
    }
}

/// Two names are of one well, in whatever forms.
pub fn are_one(a: &str, b: &str) -> bool {
    a == b || Well::parse(a).is_some_and(|well| Well::parse(b) == Some(well))
}

/// A usual plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub wells: u32,
    pub rows: u32,
    pub columns: u32,
}

impl Format {
    /// The plate of so many wells; without that, the smallest one that has all of these.
    pub fn of(wells: Option<u32>, met: impl Iterator<Item = Well> + Clone) -> Self {
        let fits = |n: u32| wells.map_or_else(|| met.clone().all(|well| well.is_on(n)), |wells| wells == n);
        let found = FORMATS.iter().find(|(n, _)| fits(*n)).or(FORMATS.last());
        let (wells, [rows, columns]) = found.copied().unwrap_or((1536, [ROWS, COLUMNS]));
        Format { wells, rows, columns }
    }

    /// The well lies at the edge of the plate.
    pub fn is_edge(self, well: Well) -> bool {
        well.row == 1 || well.row == self.rows || well.column == 1 || well.column == self.columns
    }
}

/// May stand between a row and a column.
const SEPARATORS: [char; 6] = ['-', '_', ' ', ':', '.', ','];

fn number(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// `R1C2`, `ROW 1, COLUMN 2`.
fn by_words(text: &str) -> Option<(u32, u32)> {
    let of = |(row, column): (&str, &str)| {
        let (row, column) = text.strip_prefix(row)?.split_once(column)?;
        Some((number(row.trim_matches(SEPARATORS))?, number(column.trim_matches(SEPARATORS))?))
    };
    [("ROW", "COLUMN"), ("ROW", "COL"), ("R", "C")].into_iter().find_map(of)
}

/// `A01`, with one separator at most.
fn by_letters(text: &str) -> Option<(u32, u32)> {
    let (letters, rest) = text.split_at(text.find(|c: char| !c.is_ascii_alphabetic())?);
    Some((row_of(letters)?, number(rest.strip_prefix(SEPARATORS).unwrap_or(rest))?))
}

/// `01A`.
fn column_first(text: &str) -> Option<(u32, u32)> {
    let (digits, letters) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    Some((row_of(letters)?, number(digits)?))
}

/// `A` is 1, `Z` 26, `AA` 27.
fn row_of(letters: &str) -> Option<u32> {
    match letters.as_bytes() {
        [one @ b'A'..=b'Z'] => Some(u32::from(one - b'A') + 1),
        [b'A', second @ b'A'..=b'Z'] => Some(u32::from(second - b'A') + 27),
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
    fn plates_follow_from_their_wells() {
        let of = |wells: &[&str], given| {
            let wells: Vec<Well> = wells.iter().filter_map(|w| Well::parse(w)).collect();
            Format::of(given, wells.into_iter()).wells
        };
        assert_eq!([of(&["H12"], None), of(&["H13"], None), of(&["Q1"], None)], [96, 384, 1536]);
        assert_eq!([of(&["B2"], None), of(&["A1", "B2"], Some(384)), of(&["AF48"], None)], [6, 384, 1536]);
        let plate = Format::of(Some(96), std::iter::empty());
        let edge = |name: &str| Well::parse(name).is_some_and(|well| plate.is_edge(well));
        assert_eq!(["A05", "H05", "C01", "C12", "B02", "G11"].map(edge), [true, true, true, true, false, false]);
    }

    #[test]
    fn forms_of_names() {
        let name = |text: &str| Well::parse(text).map(|well| well.to_string());
        for text in ["A01", "a1", "A-1", "A_01", "A 1", "A001", "r01c01", "R1C1", " A1 "] {
            assert_eq!(name(text).as_deref(), Some("A01"), "{text}");
        }
        for text in [
            "1A",
            "01A",
            "A.1",
            "R1-C1",
            "R1 C1",
            "r1_c01",
            "Row 1 Col 1",
            "row1, column 1",
            "Well A01",
            "well_A1",
            "Well 1A",
        ] {
            assert_eq!(name(text).as_deref(), Some("A01"), "{text}");
        }
        for (text, expected) in
            [("12H", "H12"), ("48AF", "AF48"), ("Row 2 Col 3", "B03"), ("R27-C3", "AA03"), ("C7", "C07")]
        {
            assert_eq!(name(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["Well", "1", "1A1", "1 A", "49A", "0A", "1BA", "Row 1", "Col 1 Row 2", "R1C", "RC1", "1\u{c4}"] {
            assert_eq!(name(text), None, "{text}");
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

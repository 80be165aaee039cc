//! What stays known of an image that was read and fails after that: what its headers and values tell, and what is doubtful in them.
//! Its row in `images` has that all the same, since it may be the very reason: a liver is not found where the weight is wrong.

use crate::image::Scan;
use crate::pet::suv::DOUBT;
use crate::table::{Cells, Column};
use crate::{Error, Kind};

/// What is known of an image once it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownOfScan {
    /// Cells of its row, by column, as words.
    pub cells: Vec<(String, String)>,
    /// What the user should look at.
    pub warnings: Vec<String>,
}

impl KnownOfScan {
    /// What the reader said of it.
    pub fn of(scan: &Scan) -> Self {
        let mut cells: Vec<(String, String)> = scan.audit.columns.iter().filter_map(cell).collect();
        let mut said = |column: &str, words: &[String]| {
            if !words.is_empty() {
                cells.push((column.into(), words.join("; ")));
            }
        };
        said("warnings", &scan.warnings);
        said("notes", &scan.notes);
        KnownOfScan { cells, warnings: scan.warnings.clone() }
    }

    /// Adds cells of columns that are not known yet.
    pub fn add(&mut self, cells: Vec<(String, String)>) {
        let is_new = |cell: &(String, String)| self.cells.iter().all(|(column, _)| *column != cell.0);
        let new: Vec<(String, String)> = cells.into_iter().filter(is_new).collect();
        self.cells.extend(new);
    }

    /// The error with what was doubted before, which may be the cause: not where it comes from outside of the image.
    pub fn told_in(&self, mut e: Error) -> Error {
        let doubts: Vec<&str> = self.warnings.iter().map(String::as_str).filter(|w| w.starts_with(DOUBT)).collect();
        let of_image =
            !matches!(e.kind, Kind::Stopped | Kind::Full | Kind::Io | Kind::Device | Kind::Limit | Kind::Internal);
        if of_image && !doubts.is_empty() {
            e.what = format!("{} (look at this first: {})", e.what, doubts.join("; "));
        }
        e
    }
}

/// The word of a column of one row, which reads as the same number again.
fn cell(column: &Column) -> Option<(String, String)> {
    let word = match &column.cells {
        Cells::Text(words) => words.first()?.clone()?,
        Cells::Int(numbers) => (*numbers.first()?)?.to_string(),
        Cells::Real(numbers) => (*numbers.first()?)?.to_string(),
    };
    Some((column.name.clone(), word))
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::image::{Modality, Scan};
    use crate::units::Shape;

    #[test]
    fn doubts_go_with_the_error_and_facts_into_the_row() {
        let mut scan = Scan::new(Modality::Pet, Shape::flat(1, 1), vec![]);
        scan.audit.push(Column::new("weight_kg", "kg", "", Cells::Real(vec![Some(0.1 + 0.2)])));
        scan.audit.push(Column::new("sex", "", "", Cells::Text(vec![None])));
        scan.warnings = vec!["doubtful: 760 kg".into(), "a slice is empty".into()];
        let known = KnownOfScan::of(&scan);
        let words = |name: &str| known.cells.iter().find(|(n, _)| n == name).map(|(_, word)| word.as_str());
        assert_eq!(words("weight_kg").map(str::parse), Some(Ok(0.1 + 0.2)));
        assert_eq!((words("sex"), words("notes")), (None, None));
        assert_eq!(words("warnings"), Some("doubtful: 760 kg; a slice is empty"));
        let told = known.told_in(Error::format("no liver").remedy("a mask"));
        assert_eq!(told.reason(), "format: no liver (look at this first: doubtful: 760 kg); try a mask");
        assert_eq!(known.told_in(Error::io("the file changed")).what, "the file changed");
        assert_eq!(KnownOfScan::default().told_in(Error::format("cut off")).what, "cut off");
    }
}

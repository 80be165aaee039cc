//! Pixels that stand for nothing: PixelPaddingValue (0028,0120), to PixelPaddingRangeLimit (0028,0121) where that is there.
//!
//! In PET they were not imaged, as NaN in NIfTI: they become 0, which belongs to no object. A padding of 0 says nothing of PET, since air
//! is 0 as well. Elsewhere they are kept as numbers, with a word.

use super::File;
use crate::read::numbers::Kind;
use dicom_dictionary_std::tags;
use rayon::prelude::*;
use std::ops::RangeInclusive;

/// The numbers that stand for nothing.
pub struct Padding {
    range: RangeInclusive<i64>,
    is_signed: bool,
}

/// What was found of them.
pub struct Padded {
    /// How many, if there are some.
    pub word: Option<String>,
    /// 1 where a voxel was not imaged, if some was not.
    pub places: Option<Vec<u8>>,
}

impl Padding {
    /// Of a file, if it says so.
    pub fn of(file: &File) -> Option<Self> {
        let is_signed = file.pixels.stored_type().kind == Kind::Int;
        let number = |tag| {
            let word = u16::from_le_bytes(*file.header.set.bytes(tag)?.first_chunk()?);
            let word = if file.pixels.big { word.swap_bytes() } else { word };
            Some(if is_signed { i64::from(word as i16) } else { i64::from(word) })
        };
        let value = number(tags::PIXEL_PADDING_VALUE)?;
        let limit = number(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
        Some(Padding { range: value.min(limit)..=value.max(limit), is_signed })
    }

    fn holds(&self, stored: u32) -> bool {
        let number = if self.is_signed { i64::from(stored as i32) } else { i64::from(stored) };
        self.range.contains(&number)
    }

    /// Looks for them in the stored numbers of all samples, and makes 0 of those of PET.
    pub fn find(&self, planes: &mut [Vec<u32>], pet: bool) -> Padded {
        let is_nothing = |v: &u32| self.holds(*v) && !(pet && *v == 0);
        let count: usize = planes.par_iter().map(|plane| plane.par_iter().filter(|v| is_nothing(v)).count()).sum();
        let [first, ..] = planes else { return Padded { word: None, places: None } };
        if !pet || count == 0 {
            let kept = self.count(planes);
            return Padded { word: (kept > 0).then(|| kept_words(kept)), places: None };
        }
        let places = first.par_iter().map(|v| u8::from(is_nothing(v))).collect();
        first.par_iter_mut().filter(|v| is_nothing(v)).for_each(|v| *v = 0);
        let range = match (self.range.start(), self.range.end()) {
            (a, b) if a == b => a.to_string(),
            (a, b) => format!("{a} to {b}"),
        };
        let word = format!(
            "{count} voxels hold the padding value (0028,0120), {range}: they were not imaged, and belong to no object"
        );
        Padded { word: Some(word), places: Some(places) }
    }

    fn count(&self, planes: &[Vec<u32>]) -> usize {
        planes.par_iter().map(|plane| plane.par_iter().filter(|v| self.holds(**v)).count()).sum()
    }
}

fn kept_words(count: usize) -> String {
    format!("{count} voxels hold the padding value (0028,0120) and are kept as numbers")
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn padding_of_pet_was_not_imaged_and_that_of_others_is_a_number() {
        let signed = Padding { range: -32_768..=-32_768, is_signed: true };
        let stored = || vec![vec![-32_768i32 as u32, 0, 7, -1i32 as u32]];
        let mut planes = stored();
        let found = signed.find(&mut planes, true);
        assert_eq!(planes, [[0, 0, 7, -1i32 as u32]]);
        assert_eq!(found.places, Some(vec![1, 0, 0, 0]));
        assert!(
            found
                .word
                .unwrap()
                .starts_with("1 voxels hold the padding value (0028,0120), -32768: they were not imaged")
        );
        let (mut planes, before) = (stored(), stored());
        let found = signed.find(&mut planes, false);
        assert!(planes == before && found.places.is_none() && found.word.unwrap().ends_with("kept as numbers"));
        // Air is 0 as well.
        let zero = Padding { range: 0..=0, is_signed: false };
        let mut planes = vec![vec![0, 0, 7]];
        let found = zero.find(&mut planes, true);
        assert!(found.places.is_none() && found.word.unwrap().starts_with("2 voxels"));
        let range = Padding { range: 60_000..=65_535, is_signed: false };
        let mut planes = vec![vec![65_000, 59_999]];
        assert!(range.find(&mut planes, true).word.unwrap().contains("60000 to 65535"));
        assert_eq!(planes, [[0, 59_999]]);
    }
}

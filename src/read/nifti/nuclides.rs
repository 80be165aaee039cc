//! Half-lives of the nuclides used in PET, for sidecars that name one and give no half-life.
//!
//! Evaluated values of ENSDF (<https://www.nndc.bnl.gov/nudat3/>), that of 90Y of the Decay Data Evaluation Project.

/// Symbol, mass number, half-life in seconds.
const NUCLIDES: &[(&str, &str, f64)] = &[
    ("C", "11", 1221.84),
    ("N", "13", 597.9),
    ("O", "15", 122.24),
    ("F", "18", 6586.2),
    ("Sc", "43", 14_007.6),
    ("Sc", "44", 14_551.2),
    ("Cu", "61", 12_020.4),
    ("Cu", "62", 580.2),
    ("Cu", "64", 45_721.0),
    ("Ga", "68", 4_062.6),
    ("Br", "76", 58_320.0),
    ("Rb", "82", 75.45),
    ("Y", "86", 53_064.0),
    ("Y", "90", 230_550.0),
    ("Zr", "89", 282_276.0),
    ("Tb", "152", 63_000.0),
    ("I", "124", 360_806.0),
];

/// The half-life of a nuclide however it is written: `F18`, `18F`, `F-18`, `^18^Fluorine`, `[18F]`.
pub fn half_life(name: &str) -> Option<f64> {
    let mass: String = name.chars().filter(char::is_ascii_digit).collect();
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    let letters = LONG.iter().find(|(long, _)| *long == letters).map_or(letters.as_str(), |(_, short)| short);
    let known = NUCLIDES.iter().find(|(symbol, m, _)| symbol.eq_ignore_ascii_case(letters) && *m == mass);
    known.map(|(.., seconds)| *seconds)
}

/// Names that DICOM codes and people write out.
const LONG: &[(&str, &str)] = &[
    ("carbon", "c"),
    ("nitrogen", "n"),
    ("oxygen", "o"),
    ("fluorine", "f"),
    ("flourine", "f"),
    ("scandium", "sc"),
    ("copper", "cu"),
    ("gallium", "ga"),
    ("bromine", "br"),
    ("rubidium", "rb"),
    ("yttrium", "y"),
    ("zirconium", "zr"),
    ("terbium", "tb"),
    ("iodine", "i"),
];

#[cfg(test)]
mod tests {
    //! Oracle: half-lives in hours and minutes as textbooks have them.
    use super::*;

    #[test]
    fn names_of_many_kinds_are_understood() {
        for name in ["F18", "18F", "F-18", "^18^F", "^18^Fluorine", "[18F]", "fluorine 18"] {
            assert_eq!(half_life(name), Some(6586.2), "{name}");
        }
        let minutes = |name| half_life(name).map(|s| (s / 6.0).round() / 10.0);
        assert_eq!(minutes("C11"), Some(20.4));
        assert_eq!(minutes("Ga68"), Some(67.7));
        assert_eq!(minutes("Zr89").map(|m| (m / 144.0).round() / 10.0), Some(3.3));
        for unknown in ["", "18", "F", "F19", "FDG", "Rb82m", "C-11 and F-18"] {
            assert_eq!(half_life(unknown), None, "{unknown}");
        }
    }
}

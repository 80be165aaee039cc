//! Half-lives of the radionuclides of PET, for files that name the nuclide and not its half-life. BIDS has no key for it.
//!
//! Values: Evaluated Nuclear Structure Data File, National Nuclear Data Center, as used in nuclear medicine. A file's own
//! half-life always goes before.

/// Element, mass number and half-life in s.
const HALF_LIVES: &[(&str, &str, &str, f64)] = &[
    ("c", "carbon", "11", 1221.84),
    ("n", "nitrogen", "13", 597.9),
    ("o", "oxygen", "15", 122.24),
    ("f", "fluorine", "18", 6586.2),
    ("sc", "scandium", "44", 14292.0),
    ("cu", "copper", "64", 45723.6),
    ("ga", "gallium", "68", 4062.6),
    ("br", "bromine", "76", 58320.0),
    ("rb", "rubidium", "82", 75.45),
    ("y", "yttrium", "86", 53064.0),
    ("zr", "zirconium", "89", 282276.0),
    ("y", "yttrium", "90", 230590.8),
    ("i", "iodine", "124", 360806.4),
];

/// The half-life in s of a nuclide, however its name is written: `F18`, `18F`, `[18F]`, `^18^Fluorine`, `Fluorine-18`.
pub fn half_life(name: &str) -> Option<f64> {
    let mass: String = name.chars().filter(char::is_ascii_digit).collect();
    let element: String = name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    let is = |entry: &&(&str, &str, &str, f64)| entry.2 == mass && (entry.0 == element || entry.1 == element);
    HALF_LIVES.iter().find(is).map(|entry| entry.3)
}

/// The half-life in s of the nuclide that a text names: `[18F]FDG`, `Ga-68 PSMA-11`. FDG is made with 18F.
pub fn half_life_in(text: &str) -> Option<f64> {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let pairs = words.windows(2).map(|pair| pair.concat());
    let named = words.iter().map(|w| (*w).to_string()).chain(pairs).find_map(|w| half_life(&w));
    named.or_else(|| super::is_fdg(Some(text)).then(|| half_life("F18")).flatten())
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::{half_life, half_life_in};

    #[test]
    fn nuclides_are_found_in_the_names_of_tracers() {
        for name in
            ["[18F]FDG", "F-18 FDG", "Fluorodeoxyglucose F^18^", "FDG", "^18^Fluorine", "FDG -- fluorodeoxyglucose"]
        {
            assert_eq!(half_life_in(name), Some(6586.2), "{name}");
        }
        assert_eq!(half_life_in("Ga-68 PSMA-11"), Some(4062.6));
        for name in ["PSMA-11", "DOTATATE", "Solution", ""] {
            assert_eq!(half_life_in(name), None, "{name}");
        }
    }

    #[test]
    fn names_are_read_in_every_spelling() {
        for name in ["F18", "18F", "[18F]", "F-18", "^18^Fluorine", "Fluorine-18", "fluorine 18"] {
            assert_eq!(half_life(name), Some(6586.2), "{name}");
        }
        assert_eq!(half_life("89Zr"), Some(282276.0));
        for name in ["F19", "18", "F", "", "18FDG"] {
            assert_eq!(half_life(name), None, "{name}");
        }
    }
}

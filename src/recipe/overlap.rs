//! `[overlap]`: object sets that are held against others, as what was found against what somebody has drawn.
//!
//! ```toml
//! [overlap]
//! pairs = [["nuclei", "drawn"]]       # the first is judged by the second
//! ```

use super::validate::Checker;
use crate::Result;
use serde::{Deserialize, Deserializer};

/// Pairs of object sets.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlap {
    /// The one that is judged, and the one that it is judged by.
    #[serde(deserialize_with = "pairs")]
    pub pairs: Vec<[String; 2]>,
}

/// One pair, or a list of them.
fn pairs<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<Vec<[String; 2]>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a list of pairs of object sets   try: pairs = [[\"found\", \"drawn\"]]")]
    enum Pairs {
        One([String; 2]),
        Many(Vec<[String; 2]>),
    }
    Ok(match Pairs::deserialize(d)? {
        Pairs::One(pair) => vec![pair],
        Pairs::Many(pairs) => pairs,
    })
}

impl Checker<'_> {
    /// Sets that there are, each pair once.
    pub fn overlap(&self) -> Result<()> {
        let (here, pairs) = (["overlap", "pairs"], &self.body.overlap.pairs);
        for (i, pair) in pairs.iter().enumerate() {
            pair.iter().try_for_each(|set| self.known("object set", set, &here, &self.body.objects))?;
            if pair[0] == pair[1] {
                let e = self.error(format!("\"{}\" is held against itself", pair[0]), &here);
                return Err(e.remedy("two object sets: the one that is judged, and the one that it is judged by"));
            }
            if pairs[..i].contains(pair) {
                return Err(self.error(format!("{pair:?} stands there twice"), &here).remedy("each pair once"));
            }
        }
        Ok(())
    }
}

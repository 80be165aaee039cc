//! What the types of a recipe cannot say about maps of textures.

use super::TextureMap;
use super::validate::Checker;
use crate::Result;
use crate::measure::texture::Bins;

/// The widest window.
const WIDEST: usize = 31;

impl Checker<'_> {
    /// A window with a middle, and bins where there are grey levels.
    pub fn texture_map(&self, p: &TextureMap, here: &[&str]) -> Result<()> {
        let wrong = |what: String, remedy: &str| Err(self.error(what, here).remedy(remedy));
        if p.window.is_multiple_of(2) || !(3..=WIDEST).contains(&p.window) {
            let what = format!("a window of {} voxels has no voxel around its middle, or is too wide", p.window);
            return wrong(what, &format!("an odd number from 3 to {WIDEST}: window = 5"));
        }
        if p.at_least.is_some_and(|least| !least.is_finite()) {
            return wrong("at_least is no number".into(), "at_least = 2.5, in the unit of the image");
        }
        match (p.feature.0.needs_levels(), p.bins) {
            (true, None) => {
                wrong("nothing says how values become grey levels".into(), "bins = { size = 0.25, from = 0 }")
            }
            (false, Some(_)) => wrong("bins say nothing to this feature".into(), "leave them out"),
            (_, Some(Bins::Size { size, from }))
                if !(size > 0.0 && size.is_finite() && from.is_some_and(f64::is_finite)) =>
            {
                wrong("bins that are not the same in all windows".into(), "bins = { size = 0.25, from = 0 }")
            }
            (_, Some(Bins::Number { number: 0 })) => wrong("no bins".into(), "bins = { number = 32 }"),
            _ => Ok(()),
        }
    }
}

//! Which channels an object set is shown over.
//!
//! Objects that were found in a channel are shown over it. Those that were made from others, or come from elsewhere (cells
//! around nuclei, cytoplasm, a label image), are shown over what is measured in them: the probe, with the channel that the
//! others were found in beneath it.

use super::roles::Roles;
use crate::recipe::Recipe;

/// The role that is what most recipes are for.
const PROBE: &str = "probe";

/// Index of the channel, and of the one beneath it; `found_in` is that of the objects, or of those that they come from.
pub(super) fn shown(set: &str, recipe: &Recipe, roles: &Roles, found_in: usize) -> (usize, Option<usize>) {
    if recipe.body.objects.get(set).is_none_or(|o| o.steps.is_some()) {
        return (found_in, None);
    }
    let measured = recipe.body.measure.get(set).and_then(|m| m.channels.as_ref());
    let is_measured = |role: &str| measured.is_none_or(|names| names.iter().any(|n| n == role));
    let mut others = roles.found.iter().filter(|(role, i)| *i != found_in && is_measured(role));
    let first = others.clone().next();
    match others.find(|(role, _)| role == PROBE).or(first) {
        Some((_, i)) => (*i, Some(found_in)),
        None => (found_in, None),
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn cells_are_shown_over_the_probe_and_nuclei_over_their_own_channel() {
        let recipe = Recipe::parse("cells", crate::recipe::preset("cells").unwrap().text, &[]).unwrap();
        let roles = |all: &[(&str, usize)]| {
            let found = all.iter().map(|(role, i)| (role.to_string(), *i)).collect();
            Roles { found, ..Roles::default() }
        };
        let both = roles(&[("nuclear", 0), ("other", 1), ("probe", 2)]);
        assert_eq!(shown("nuclei", &recipe, &both, 0), (0, None));
        assert_eq!(shown("cells", &recipe, &both, 0), (2, Some(0)));
        assert_eq!(shown("cytoplasm", &recipe, &both, 0), (2, Some(0)));
        let one = roles(&[("nuclear", 0)]);
        assert_eq!(shown("cells", &recipe, &one, 0), (0, None));
        let text = "channels = { a = [0], b = [1], c = [2] }\n[objects.x]\nlabels = \"m.tif\"\n[measure.x]\nchannels = [\"c\"]";
        let masks = Recipe::parse("masks", text, &[]).unwrap();
        assert_eq!(shown("x", &masks, &roles(&[("a", 0), ("b", 1), ("c", 2)]), 0), (2, Some(0)));
    }
}

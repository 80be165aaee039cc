//! The channels of an image as measures see them.

use super::made::Derived;
use super::roles::Roles;
use crate::image::Scan;
use crate::measure::ChannelRef;
use crate::recipe::{Measure, Recipe};

/// The channels of the roles, under the names of the roles: so columns are the same for all images of a batch.
pub(super) fn channel_refs<'a>(scan: &'a Scan, roles: &'a Roles) -> Vec<ChannelRef<'a>> {
    let channel = |(role, i): &'a (String, usize)| {
        let c = scan.channels.get(*i)?;
        Some(ChannelRef { saturation: c.saturation, ..ChannelRef::new(role, c.unit, &c.volume) })
    };
    roles.found.iter().filter_map(channel).collect()
}

/// The channels of the roles, and the derived images that something is measured in.
pub(super) fn image_refs<'a>(scan: &'a Scan, roles: &'a Roles, recipe: &Recipe) -> Vec<ChannelRef<'a>> {
    let is_measured =
        |name: &String| recipe.body.measure.values().any(|m| m.channels.iter().flatten().any(|c| c == name));
    let derived = |d: &'a Derived| {
        let c = scan.channels.get(d.index).filter(|_| is_measured(&d.name))?;
        Some(ChannelRef { full_scale: d.full_scale, ..ChannelRef::new(&d.name, c.unit, &c.volume) })
    };
    let mut all = channel_refs(scan, roles);
    all.extend(roles.derived.iter().filter_map(derived));
    all
}

/// Whether a set is measured in the channel of that name. Derived images are measured where they are named.
pub(super) fn is_measured_in(wanted: &Measure, name: &str, recipe: &Recipe) -> bool {
    match &wanted.channels {
        Some(names) => names.iter().any(|n| n == name),
        None => !recipe.body.makes_image(name),
    }
}

/// Whether something is said of the objects of a set in the channel of that name.
pub(super) fn has_columns_of(wanted: &Measure, name: &str, recipe: &Recipe) -> bool {
    is_measured_in(wanted, name, recipe) && wanted.families.iter().any(|c| !c.together(&[name]).is_empty())
}

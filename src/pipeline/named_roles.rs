//! Roles by the names of channels alone, before any pixel is read.

use super::roles::Roles;
use crate::Result;
use crate::image::{Channel, Modality, NO_UNIT, Scan, Volume};
use crate::recipe::Recipe;
use crate::units::Shape;

/// Roles and the names of their channels for an image with these channels, as far as names tell: in a colour picture the
/// pixels have a say as well.
///
/// # Errors
/// As in a run: a role that no channel fits, or several.
pub fn by_names(names: &[String], recipe: &Recipe) -> Result<Vec<(String, String)>> {
    let found = of_names(names, recipe)?.found.into_iter();
    Ok(found.filter_map(|(role, i)| Some((role, names.get(i)?.clone()))).collect())
}

/// The same by index.
pub(super) fn of_names(names: &[String], recipe: &Recipe) -> Result<Roles> {
    let shape = Shape::flat(1, 1);
    let channel = |name: &String| -> Result<Channel> {
        let volume = Volume::new(shape, vec![0])?;
        Ok(Channel { name: name.clone(), unit: NO_UNIT, volume, saturated: None, saturation: None })
    };
    let channels = names.iter().map(channel).collect::<Result<Vec<_>>>()?;
    Roles::find(&Scan::new(Modality::Unknown, shape, channels), recipe)
}

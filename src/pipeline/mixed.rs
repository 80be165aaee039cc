//! What is said of mixtures of dyes in the row of an image.

use crate::recipe::Recipe;
use crate::table::{Cells, Column, Table};

/// What is known of a mixture in an image.
pub(super) struct Mixed {
    /// As the recipe calls it.
    pub name: String,
    /// Share of the light that the dyes leave over.
    pub residual: Option<f64>,
    /// Voxels of which a channel is saturated.
    pub saturated: u64,
}

/// The columns of the mixtures.
pub(super) fn columns(mixed: &[Mixed]) -> Table {
    let mut table = Table::default();
    for m in mixed {
        let about = format!(
            "What the dyes of {} leave over, as a share of the light: root of the sum of squares of what is left over that of \
             the light above the background, over all channels and all voxels that are not saturated.",
            m.name
        );
        let empty = "no light, or all of it saturated".to_string();
        let column = Column::new(format!("unmix_residual_{}", m.name), "1", about, Cells::Real(vec![m.residual]));
        table.push(Column { empty, ..column });
        let about = format!(
            "Voxels with a saturated channel of {}: of that channel it is known only that its light is at least so much, and \
             the other channels decide as long as they explain that.",
            m.name
        );
        let cells = Cells::Int(vec![i64::try_from(m.saturated).ok()]);
        table.push(Column::new(format!("unmix_saturated_{}_px", m.name), "px", about, cells));
    }
    table
}

/// What [`columns`] needs before any image is there.
pub(super) fn blank(recipe: &Recipe) -> Vec<Mixed> {
    recipe.body.unmix.keys().map(|name| Mixed { name: name.clone(), residual: None, saturated: 0 }).collect()
}

//! Where a list is meant, one value is a list of one.

use super::{Pick, Size};
use crate::words::one_or_many;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Areas and volumes, one or a list, where the key may be absent.
pub(super) fn sizes<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<Size>>, D::Error> {
    one_or_many(d).map(Some)
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a channel: a name, an index from 0, or a list of them")]
enum Picks {
    One(Pick),
    Many(Vec<Pick>),
}

/// The channels of each role.
pub(super) fn picks<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<String, Vec<Pick>>, D::Error> {
    let all = BTreeMap::<String, Picks>::deserialize(d)?;
    let many = |picks| match picks {
        Picks::One(pick) => vec![pick],
        Picks::Many(picks) => picks,
    };
    Ok(all.into_iter().map(|(role, picks)| (role, many(picks))).collect())
}

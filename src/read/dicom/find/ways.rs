//! Files of one series that look in several directions.

use super::{Group, Key, Look};
use crate::read::dicom::directions::{are_one_stack, are_same};
use crate::read::dicom::series::Other;
use std::collections::BTreeMap;

/// Of a whole series, files that look elsewhere are fewer than one in so many: localisers that were filed with it. Projections and
/// localisers alone have about as many in each direction.
const FEW: usize = 10;

/// Files of one key and one direction. PET that looks in several directions is a rotating projection or a set of
/// localisers, unless nearly all of it looks in one.
pub(super) fn by_direction(looks: Vec<Look>, others: &mut Vec<Other>) -> Vec<Group> {
    let mut ways: BTreeMap<Key, Vec<Group>> = BTreeMap::new();
    for look in looks {
        let groups = ways.entry(look.key.clone()).or_default();
        let same = |g: &&mut Group| g.looks.first().is_some_and(|f| are_same(&f.axes, &look.axes));
        match groups.iter_mut().find(same) {
            Some(group) => group.looks.push(look),
            None => groups.push(Group { looks: vec![look], notes: vec![], remarks: vec![] }),
        }
    }
    let mut all: Vec<Group> = Vec::new();
    for groups in ways.into_values() {
        let pet = groups.iter().flat_map(|g| &g.looks).all(|l| l.series.modality == "PT");
        let is_one = are_one_stack(groups.iter().filter_map(|g| Some(g.looks.first()?.axes.as_slice())));
        if pet && is_one {
            all.extend(groups.into_iter().reduce(|mut one, other| {
                one.looks.extend(other.looks);
                one
            }));
        } else if pet && groups.len() > 1 {
            all.extend(one_of_several(groups, others));
        } else {
            all.extend(groups);
        }
    }
    all.sort_by(|a, b| a.looks.first().map(|l| &l.path).cmp(&b.looks.first().map(|l| &l.path)));
    all
}

/// The direction of nearly all files, with a word on the others; nothing where there is none.
fn one_of_several(groups: Vec<Group>, others: &mut Vec<Other>) -> Option<Group> {
    let (n, all) = (groups.len(), groups.iter().map(|g| g.looks.len()).sum::<usize>());
    let (mut large, small): (Vec<Group>, Vec<Group>) =
        groups.into_iter().partition(|g| FEW * (all - g.looks.len()) < all);
    let rest = small.into_iter().flat_map(|g| g.looks);
    let Some(mut whole) = large.pop() else {
        let reason = format!("PT: its series looks in {n} directions (projections, localisers), no scan");
        others.extend(rest.map(|l| Other::sound(l.path, reason.clone())));
        return None;
    };
    let of = whole.looks.len();
    for look in rest {
        let name = look.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        whole.notes.push(format!(
            "{name} looks in another direction (ImageOrientationPatient (0020,0037)) than the {of} other files of its series: it is left out; \
             if it is one of its slices, that is missing"
        ));
        let reason =
            format!("PT: it looks in another direction than the {of} other files of its series, no slice of that scan");
        others.push(Other::sound(look.path, reason));
    }
    Some(whole)
}

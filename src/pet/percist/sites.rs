//! Whether the sites of the baseline's lesions were measured at follow-up: each of them, and all of it.

use super::same::{Same, apart, same};
use super::{Lesion, Visit, Zeros};

/// So much of a site must lie in the image of the follow-up.
const WHOLE: f64 = 0.95;
/// The same by its volume, where a table does not say what lies in the image: resampling may change the volume of a few voxels.
const WHOLE_VOLUME: f64 = 0.8;
/// What gives the sites.
pub(super) const SITES: &str = "run the follow-up with --set labels.sites=BASELINE/labels/NAME_lesions.nii.gz";

/// The file that was read for the sites has none: nobody measured any, as without a file.
pub(super) fn nothing_read(followup: &Visit) -> Option<String> {
    let file = followup.sites_file.as_ref().filter(|_| followup.sites_are_none)?;
    Some(format!("the file of the sites at follow-up, {file}, has no region"))
}

/// Why the sites at follow-up are not those of all lesions of the baseline. Nothing where nobody asked for sites, and nothing
/// but their number is known where the tables say no places.
pub(super) fn unmeasured(baseline: &Visit, followup: &Visit) -> Option<String> {
    let (lesions, sites) = (&baseline.lesions, &followup.sites);
    if sites.is_empty() {
        if followup.sites_are_none {
            return None;
        }
        let none =
            "none of the sites of the baseline lies in what was imaged at follow-up: a scan that shows them is needed";
        return followup.sites_file.as_ref().map(|_| none.into());
    }
    if let Some(other) = &followup.sites_of {
        return Some(format!(
            "the sites at follow-up are the lesions of the image {other}, not of this baseline: {SITES}"
        ));
    }
    let Some(found) = same(lesions, sites) else {
        let few = sites.len() < lesions.len();
        return few.then(|| format!("only {} of {} sites of the baseline were measured", sites.len(), lesions.len()));
    };
    lesions.iter().zip(&found.partner).find_map(|(lesion, site)| match site.and_then(|i| sites.get(i)) {
        Some(site) => cut(lesion, site),
        None => Some(absent(lesion, sites)),
    })
}

/// Why lesions alone do not tell of all sites of the baseline, where no site was measured: not each of them has a lesion at follow-up.
/// `found` is what became of the lesions.
pub(super) fn elsewhere(baseline: &Visit, followup: &Visit, found: Option<&Same>) -> Option<String> {
    let found = found.filter(|_| followup.sites.is_empty())?;
    let mut lost = baseline.lesions.iter().zip(&found.partner).filter(|(_, partner)| partner.is_none());
    lost.next().map(|(lesion, _)| format!("the site of {} was not measured at follow-up: {SITES}", called(lesion)))
}

/// `the lesion at x 100, y 0, z 0 mm`.
pub(super) fn called(lesion: &Lesion) -> String {
    let place = lesion.place.map(|[x, y, z]| format!(" at x {x:.0}, y {y:.0}, z {z:.0} mm"));
    format!("the lesion{}", place.unwrap_or_default())
}

/// Sites of which a part holds exactly 0: that may be air, or what an image is filled up with.
pub(super) fn with_zeros(followup: &Visit) -> impl Iterator<Item = String> {
    followup.sites.iter().filter(|site| site.zeros == Some(Zeros::Some)).map(|site| {
        format!(
            "voxels of {} at follow-up hold exactly 0: where that is no air, but what the image was filled up with, its sul_peak may be another",
            called(site).replacen("lesion", "site", 1)
        )
    })
}

/// A site of which a part was not measured.
fn cut(lesion: &Lesion, site: &Lesion) -> Option<String> {
    if site.zeros == Some(Zeros::Most) {
        return Some(format!(
            "half and more of the site of {} holds exactly 0 at follow-up, as images do that are filled up where nothing was imaged; \
             a scan that shows it is needed",
            called(lesion)
        ));
    }
    let by_volume = || Some(site.mtv_ml? / lesion.mtv_ml.filter(|v| *v > 0.0)?);
    let (share, least) = match site.coverage {
        Some(share) => (share, WHOLE),
        None => (by_volume()?, WHOLE_VOLUME),
    };
    let words = format!(
        "only {:.0} % of the site of {} was measured at follow-up, less than {:.0} %: the rest lies outside of the image or is \
         excluded; a scan that shows it is needed",
        (100.0 * share).floor(),
        called(lesion),
        100.0 * least
    );
    (share < least).then_some(words)
}

/// A lesion without a site.
fn absent(lesion: &Lesion, sites: &[Lesion]) -> String {
    let far = |site: &Lesion| Some(apart(lesion.place?, site.place?));
    let nearest = sites.iter().filter_map(far).min_by(f64::total_cmp).unwrap_or(f64::INFINITY);
    format!(
        "no site at follow-up is {} of the baseline, the nearest lies {nearest:.0} mm away: it was not imaged (a scan that \
         shows it is needed), the patient lies otherwise (register the scan, then measure it again), or the sites are another scan's ({SITES})",
        called(lesion)
    )
}

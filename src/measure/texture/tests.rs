//! What has to hold for every region (invariant): where it lies in its box, how it is turned and how it is scaled change
//! nothing that they should not; regions that have no texture give no value rather than a number that is none.

use super::volume_histogram::Steps;
use super::*;
use crate::units::Shape;
use proptest::prelude::*;

/// A region whose intensities are whole numbers; 0 is outside.
pub(super) fn region([z, y, x]: [usize; 3], cells: &[u16]) -> Region<'static> {
    let mask: Vec<bool> = cells.iter().map(|c| *c > 0).collect();
    let intensities = Intensities::Real(cells.iter().map(|c| f64::from(*c)).collect());
    Region::new(Shape::new(z, y, x), [1.0; 3], intensities, &mask).unwrap()
}

/// Its levels.
pub(super) fn levels(size: [usize; 3], cells: &[u16]) -> Levels {
    Levels::of(&region(size, cells), Discretisation::None).unwrap()
}

/// Names and values.
type Named = Vec<(String, Option<f64>)>;

fn named<F>(features: &[Feature<F>], suffix: &str, values: Vec<Option<f64>>) -> Named {
    assert_eq!(features.len(), values.len());
    let one = |(feature, value): (&Feature<F>, Option<f64>)| {
        assert!(value.is_none_or(f64::is_finite), "{}", feature.name);
        assert!(value.is_some() || !feature.empty.is_empty(), "{} is empty without a reason", feature.name);
        (format!("{}{suffix}", feature.name), value)
    };
    features.iter().zip(values).map(one).collect()
}

/// Of the region alone.
fn of_region(region: &Region) -> Named {
    let volumes = volume_histogram::values(region, Steps::AsStored(1.0)).unwrap();
    [
        named(morphology::FEATURES, "", morphology::values(region)),
        named(enclosing::FEATURES, "", enclosing::values(region)),
        named(autocorrelation::FEATURES, "", autocorrelation::values(region)),
        named(local::FEATURES, "", local::values(region, 20.0)),
        named(statistics::FEATURES, "", statistics::values(region)),
        named(volume_histogram::FEATURES, "", volumes),
    ]
    .concat()
}

/// Of grey levels, some ways of putting matrices together.
fn of_levels(region: &Region, how: Discretisation, aggregations: &[Aggregation], spaces: &[Space]) -> Named {
    let levels = Levels::of(region, how).unwrap();
    let mut all = named(histogram::FEATURES, "", histogram::values(&levels));
    for &aggregation in aggregations {
        let suffix = format!("_{}", aggregation.suffix());
        all.extend(named(glcm::FEATURES, &suffix, glcm::values(&levels, glcm::Choice::default(), aggregation)));
        all.extend(named(glrlm::FEATURES, &suffix, glrlm::values(&levels, glrlm::Choice::default(), aggregation)));
    }
    for &space in spaces {
        let suffix = format!("_{}", space.suffix());
        all.extend(named(glszm::FEATURES, &suffix, glszm::values(&levels, space)));
        all.extend(named(gldzm::FEATURES, &suffix, gldzm::values(region, &levels, space)));
        all.extend(named(ngtdm::FEATURES, &suffix, ngtdm::values(&levels, ngtdm::Choice::default(), space)));
        all.extend(named(ngldm::FEATURES, &suffix, ngldm::values(&levels, ngldm::Choice::default(), space)));
    }
    all
}

fn everything(region: &Region) -> Named {
    [of_region(region), of_levels(region, Discretisation::None, &Aggregation::ALL, &Space::ALL)].concat()
}

/// The same up to rounding.
fn alike(a: &Named, b: &Named) {
    assert_eq!(a.len(), b.len());
    for ((name, a), (other, b)) in a.iter().zip(b) {
        assert_eq!(name, other);
        // The smallest ellipsoid is found to one in 10^6.
        let near = if name.ends_with("mvee") { 1e-5 } else { 1e-9 };
        match (a, b) {
            (Some(a), Some(b)) => assert!((a - b).abs() <= near * a.abs().max(1.0), "{name}: {a} {b}"),
            _ => assert_eq!(a, b, "{name}"),
        }
    }
}

/// Cells of a box, of which some are outside.
fn cells(size: [usize; 3], most: u16) -> impl Strategy<Value = Vec<u16>> {
    let n = size.iter().product();
    prop::collection::vec(0..=most, n..=n).prop_filter("a voxel", |cells| cells.iter().any(|c| *c > 0))
}

const SIZE: [usize; 3] = [3, 4, 5];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Bytes.
    #[test]
    fn the_box_around_a_region_does_not_matter(cells in cells(SIZE, 4), before in prop::array::uniform3(0usize..3)) {
        let size: [usize; 3] = std::array::from_fn(|a| SIZE[a] + before[a] + 2);
        // What lies around has no intensity, so that spheres do not see it either.
        let shape = Shape::new(size[0], size[1], size[2]);
        let (mut values, mut mask) = (vec![f64::NAN; shape.len()], vec![false; shape.len()]);
        let small = Shape::new(SIZE[0], SIZE[1], SIZE[2]);
        for (i, &cell) in cells.iter().enumerate() {
            let [z, y, x] = small.position(i);
            let to = shape.index(z + before[0], y + before[1], x + before[2]);
            (values[to], mask[to]) = (f64::from(cell), cell > 0);
        }
        let moved = Region::new(shape, [1.0; 3], Intensities::Real(values.into()), &mask).unwrap();
        prop_assert_eq!(everything(&region(SIZE, &cells)), everything(&moved));
    }

    #[test]
    fn turned_regions_are_alike(cells in cells(SIZE, 4)) {
        let small = Shape::new(SIZE[0], SIZE[1], SIZE[2]);
        let turned = |axes: [usize; 3], flip: usize| {
            let size = axes.map(|a| SIZE[a]);
            let shape = Shape::new(size[0], size[1], size[2]);
            let mut out = vec![0; cells.len()];
            for (i, &cell) in cells.iter().enumerate() {
                let place = small.position(i);
                let mut to = axes.map(|a| place[a]);
                to[flip] = size[flip] - 1 - to[flip];
                out[shape.index(to[0], to[1], to[2])] = cell;
            }
            region(size, &out)
        };
        let solid = |region: &Region| {
            let aggregations = [Aggregation::Averaged3d, Aggregation::Merged3d];
            [of_region(region), of_levels(region, Discretisation::None, &aggregations, &[Space::Volume3d])].concat()
        };
        let straight = region(SIZE, &cells);
        for axes in [[0, 2, 1], [2, 1, 0], [1, 0, 2]] {
            alike(&solid(&straight), &solid(&turned(axes, 0)));
        }
        alike(&everything(&straight), &everything(&turned([0, 2, 1], 1)));
    }

    #[test]
    fn scaled_intensities_have_the_same_levels(cells in cells(SIZE, 6)) {
        let how = Discretisation::BinNumber(4);
        let whole = region(SIZE, &cells);
        let mask: Vec<bool> = cells.iter().map(|c| *c > 0).collect();
        let samples: Vec<i32> = cells.iter().map(|c| i32::from(*c) - 3).collect();
        let scale = crate::image::Scale::new(0.25, 8.0).unwrap();
        let scaled = Region::new(whole.shape, [1.0; 3], Intensities::Samples(samples.into(), scale), &mask).unwrap();
        let all = |region: &Region| of_levels(region, how, &Aggregation::ALL, &Space::ALL);
        prop_assert_eq!(all(&whole), all(&scaled));
    }

    #[test]
    fn lengths_go_into_shape_as_they_should(cells in cells(SIZE, 2)) {
        let plain = region(SIZE, &cells);
        let mut large = plain.clone();
        large.spacing = [2.0; 3];
        let (plain, large) = (morphology::values(&plain), morphology::values(&large));
        for (feature, (a, b)) in morphology::FEATURES.iter().zip(plain.iter().zip(&large)) {
            let times = match (feature.unit, feature.name) {
                (_, "morph_integrated_intensity") | ("um3", _) => 8.0,
                ("um2", _) => 4.0,
                ("um", _) => 2.0,
                ("um-1", _) => 0.5,
                _ => 1.0,
            };
            alike(&vec![(feature.name.into(), a.map(|v| v * times))], &vec![(feature.name.into(), *b)]);
        }
    }
}

#[test]
fn poor_regions_give_values_or_nothing() {
    let shapes = [[1, 1, 1], [1, 1, 5], [5, 1, 1], [1, 4, 4], [4, 1, 4], [2, 2, 2]];
    for size in shapes {
        let n: usize = size.iter().product();
        everything(&region(size, &vec![3; n]));
        everything(&region(size, &(1..=n as u16).collect::<Vec<_>>()));
        everything(&region(size, &(1..=n as u16).map(|k| k % 2 * 7).collect::<Vec<_>>()));
        // Nothing at all, and a shape without a single intensity.
        everything(&region(size, &vec![0; n]));
        let none = Intensities::Real(vec![f64::NAN; n].into());
        everything(&Region::new(Shape::new(size[0], size[1], size[2]), [1.0; 3], none, &vec![true; n]).unwrap());
    }
}

#[test]
fn one_grey_level_has_no_correlation_whatever_its_size() {
    // Rows of n voxels have n - 1 pairs; the rounded entropy of 58, 94, 98, 116 pairs and others is not 0.
    let correlations = ["glcm_correlation", "glcm_information_correlation_1", "glcm_information_correlation_2"];
    let flat_and_not = |n: usize| {
        let flat = region([1, 1, n], &vec![3; n]);
        // Below the flat slice one that is not, with nothing between them.
        let busy: Vec<u16> = (0..n).map(|k| 1 + (k % 3) as u16).collect();
        let both = region([3, 1, n], &[vec![3; n], vec![0; n], busy.clone()].concat());
        [flat, both, region([1, 1, n], &busy)]
    };
    for n in 2..1000 {
        let [flat, both, busy] = flat_and_not(n).map(|r| {
            let way = [Aggregation::Averaged2d];
            let levels = Levels::of(&r, Discretisation::None).unwrap();
            let all = named(glcm::FEATURES, "", glcm::values(&levels, glcm::Choice::default(), way[0]));
            correlations.map(|name| all.iter().find(|(n, _)| n == name).unwrap().1)
        });
        assert_eq!(flat, [None; 3], "{n}");
        assert_eq!(both, busy, "{n}");
    }
}

#[test]
fn tones_that_are_alike_but_for_rounding_are_alike() {
    let value = |levels: &Levels, choice, name: &str| {
        let values = ngtdm::values(levels, choice, Space::Volume3d);
        named(ngtdm::FEATURES, "", values).into_iter().find(|(n, _)| n == name).unwrap().1
    };
    // Levels with as many voxels as they are lower: all weigh the same, whatever their shares are rounded to.
    for times in 1..40 {
        let cells: Vec<u16> = [1u16, 2, 3, 4, 6].iter().flat_map(|&k| vec![k; times * 12 / usize::from(k)]).collect();
        let levels = levels([1, 1, cells.len()], &cells);
        assert_eq!(value(&levels, ngtdm::Choice::default(), "ngtdm_busyness"), None, "{times}");
    }
    // Weighed means of one level.
    let flat = levels([4, 5, 6], &[7; 120]);
    let choice = |step: usize| ngtdm::Choice {
        distance: 2,
        weighting: Some((
            weights::Weighting { norm: WeightNorm::Euclidean, length: 1.0, voxels: false },
            [1.0, 0.5 + step as f64 / 7.0, 0.7],
        )),
        ..ngtdm::Choice::default()
    };
    for step in 0..20 {
        assert_eq!(value(&flat, choice(step), "ngtdm_coarseness"), None, "{step}");
    }
}

#[test]
fn wider_steps_reach_what_they_should() {
    // Pairs two apart in a row: 1-3, 2-4, 3-5.
    let levels = levels([1, 1, 5], &[1, 2, 3, 4, 5]);
    let choice = glcm::Choice { distance: 2, norm: Norm::Manhattan, symmetric: false, weighting: None };
    let values = glcm::values(&levels, choice, Aggregation::Merged25d);
    let at = |name: &str| values[glcm::FEATURES.iter().position(|f| f.name == name).unwrap()].unwrap();
    assert_eq!((at("glcm_joint_average"), at("glcm_contrast"), at("glcm_joint_maximum")), (2.0, 4.0, 1.0 / 3.0));
    assert!((at("glcm_correlation") - 1.0).abs() < 1e-12);
    // All others are dependent, as far as two steps reach.
    let choice = ngldm::Choice { distance: 2, norm: Norm::Chebyshev, coarseness: 9 };
    let values = ngldm::values(&levels, choice, Space::Volume3d);
    let high = ngldm::FEATURES.iter().position(|f| f.name == "ngldm_high_dependence_emphasis").unwrap();
    assert_eq!(values[high], Some((9.0 + 16.0 + 25.0 + 16.0 + 9.0) / 5.0));
}

#[test]
fn names_and_codes_are_there_once() {
    fn of<F>(features: &[Feature<F>]) -> Vec<(&'static str, &'static str)> {
        features.iter().map(|f| (f.name, f.standard)).collect()
    }
    let mut all = [
        of(morphology::FEATURES),
        of(enclosing::FEATURES),
        of(autocorrelation::FEATURES),
        of(local::FEATURES),
        of(statistics::FEATURES),
        of(volume_histogram::FEATURES),
        of(histogram::FEATURES),
        of(glcm::FEATURES),
        of(glrlm::FEATURES),
        of(glszm::FEATURES),
        of(gldzm::FEATURES),
        of(ngtdm::FEATURES),
        of(ngldm::FEATURES),
    ]
    .concat();
    assert_eq!(all.len(), 173);
    all.sort_unstable();
    all.dedup_by_key(|f| f.0);
    assert_eq!(all.len(), 173);
    assert!(all.iter().all(|(_, code)| code.strip_prefix("IBSI:").is_some_and(|c| c.len() == 4)));
}

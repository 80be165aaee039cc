//! Oracle: shapes whose branches can be counted by eye, lines of known length, and scikit-image (`tests/oracle/skeleton.py`).
//! Invariant: pieces, holes and tunnels are kept, other directions give nearly the same.

use super::Facts;
use super::graph::Graph;
use super::thinning::{Around, class, thin};
use crate::image::Labels;
use crate::measure::object::{Crop, Object};
use crate::measure::surface::Patterns;
use crate::ops::extent::extents;
use crate::units::{Shape, Spacing};
use proptest::prelude::*;

fn facts(shape: Shape, voxels: Vec<u32>, spacing: Option<Spacing>) -> Facts {
    let labels = Labels::new(shape, voxels).unwrap();
    let extent = extents(&labels).unwrap()[0];
    Facts::of(&Object::new(&labels, 1, extent).unwrap(), spacing)
}

/// Rows of a plane; `#` is the object.
fn drawn(rows: &[&str]) -> Facts {
    let voxels = rows.iter().flat_map(|row| row.bytes().map(|c| u32::from(c == b'#'))).collect();
    facts(Shape::flat(rows.len(), rows[0].len()), voxels, None)
}

/// Branches, branch points, end points and loops.
fn counts(f: &Facts) -> [i64; 4] {
    [f.branches as i64, f.branch_points as i64, f.end_points as i64, f.loops]
}

fn near(got: f64, want: f64, by: f64) {
    assert!((got - want).abs() <= by, "{got} for {want}");
}

#[test]
fn shapes_counted_by_eye() {
    let line = drawn(&["#####"]);
    assert_eq!((counts(&line), line.px.all, line.tortuosity), ([1, 0, 2, 0], 4.0, Some(1.0)));
    let tee = drawn(&["#######", "...#...", "...#...", "...#..."]);
    // The voxel in the corner of both goes.
    assert_eq!(counts(&tee), [3, 1, 3, 0]);
    near(tee.px.all, 6.0 + 2.0 * 2f64.sqrt(), 1e-12);
    let cross = drawn(&["...#...", "...#...", "...#...", "#######", "...#...", "...#...", "...#..."]);
    assert_eq!((counts(&cross), cross.px.all), ([4, 1, 4, 0], 12.0));
    let oblique = drawn(&["#...#", ".#.#.", "..#..", ".#.#.", "#...#"]);
    assert_eq!(counts(&oblique), [4, 1, 4, 0]);
    near(oblique.px.all, 8.0 * 2f64.sqrt(), 1e-12);
    let fork = drawn(&["#.....#", ".#...#.", "..#.#..", "...#...", "...#...", "...#..."]);
    assert_eq!(counts(&fork), [3, 1, 3, 0]);
    near(fork.px.all, 2.0 + 6.0 * 2f64.sqrt(), 1e-12);
    // Its corners go: there is a shorter way round.
    let ring = drawn(&["####", "#..#", "#..#", "####"]);
    assert_eq!((counts(&ring), ring.voxels, ring.tortuosity), ([1, 0, 0, 1], 8, None));
    near(ring.px.all, 4.0 + 4.0 * 2f64.sqrt(), 1e-12);
}

#[test]
fn odd_objects() {
    let one = drawn(&["#"]);
    assert_eq!((counts(&one), one.px.all, one.px.mean_branch, one.px.max_width), ([0; 4], 0.0, None, 2.0));
    assert!(one.true_size.is_none());
    assert_eq!(counts(&drawn(&["##", "##"])), [1, 0, 2, 0]);
    // Two pieces that are one object.
    assert_eq!(counts(&drawn(&["###...###"])), [2, 0, 4, 0]);
    let plate = facts(Shape::new(1, 40, 40), vec![1; 1600], None);
    assert_eq!((plate.loops, plate.px.max_width), (0, 40.0));
    let cube = facts(Shape::new(9, 9, 9), vec![1; 729], Spacing::um([3.0, 1.0, 1.0]));
    assert_eq!((cube.loops, cube.branch_points), (0, 0));
    // A shell becomes what the ball in it would.
    let [shell, ball] = [4, 0].map(|inner: i64| {
        let at = |i: i64| (i / 289 - 8).pow(2) + (i / 17 % 17 - 8).pow(2) + (i % 17 - 8).pow(2);
        facts(
            Shape::new(17, 17, 17),
            (0..4913).map(|i| u32::from((inner * inner..64).contains(&at(i)))).collect(),
            None,
        )
    });
    assert_eq!((counts(&shell), shell.px.all, shell.loops), (counts(&ball), ball.px.all, 0));
}

/// A scene of `tests/oracle/skeleton.csv`.
struct Scene {
    name: &'static str,
    shape: Shape,
    tubes: Vec<[i64; 6]>,
    voxels: Vec<u32>,
    /// Voxels of the skeleton, ends, pieces, Euler number.
    want: [i64; 4],
}

fn numbers<const N: usize>(text: &str) -> [i64; N] {
    text.split(' ').map(|v| v.parse().unwrap()).collect::<Vec<_>>().try_into().unwrap()
}

/// Balls side by side along the tubes.
fn draw(shape: Shape, radius: i64, tubes: &[[i64; 6]]) -> Vec<u32> {
    let mut voxels = vec![0; shape.len()];
    let ball: Vec<[i64; 3]> = (0..(2 * radius + 1).pow(3))
        .map(|i| [i / (2 * radius + 1).pow(2), i / (2 * radius + 1) % (2 * radius + 1), i % (2 * radius + 1)])
        .map(|at| at.map(|v| v - radius))
        .filter(|at| at.iter().map(|v| v * v).sum::<i64>() <= radius * radius)
        .collect();
    for tube in tubes {
        let n = (0..3).map(|k| (tube[k + 3] - tube[k]).abs()).max().unwrap();
        for (t, step) in (0..=n).flat_map(|t| ball.iter().map(move |step| (t, step))) {
            let [z, y, x] = [0, 1, 2].map(|k| tube[k] + ((tube[k + 3] - tube[k]) * t).div_euclid(n) + step[k]);
            if (0..shape.z as i64).contains(&z) {
                voxels[shape.index(z as usize, y as usize, x as usize)] = 1;
            }
        }
    }
    voxels
}

fn scenes() -> impl Iterator<Item = Scene> {
    include_str!("../../../tests/oracle/skeleton.csv").lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let [z, y, x] = numbers(cells[1]).map(|v| v as usize);
        let (shape, [radius]) = (Shape::new(z, y, x), numbers(cells[2]));
        let tubes: Vec<[i64; 6]> = cells[3].split('/').map(numbers).collect();
        let voxels = draw(shape, radius, &tubes);
        let want = [4, 5, 6, 7].map(|k| cells[k].parse().unwrap());
        Scene { name: cells[0], shape, tubes, voxels, want }
    })
}

#[test]
fn tubes_as_scikit_image_thins_them() {
    for Scene { name, shape, voxels, want: [skeleton, ends, pieces, euler], .. } in scenes() {
        let f = facts(shape, voxels, None);
        // scikit-image asks once a pass whether a voxel is the end of a line, and eats some ends.
        let more = f.voxels as i64 - skeleton;
        assert!((0..=4).contains(&more), "{name}: {more} voxels more");
        assert_eq!((f.end_points as i64, f.loops), (ends, pieces - euler), "{name}");
        let (branches, points) = match name {
            "y" | "t" | "tripod" => (3, 1),
            "x" | "cross" => (4, 1),
            "window" => (3, 2),
            _ => (1, 0),
        };
        assert_eq!((f.branches, f.branch_points), (branches, points), "{name}");
    }
}

/// Tubes end in a half ball, which thinning takes off but for a voxel or so; steps along the grid are longer than a slanting line.
#[test]
fn lengths_of_lines_with_true_spacing() {
    let single = |scene: &Scene| scene.tubes.len() == 1;
    for Scene { name, shape, tubes, voxels, .. } in scenes().filter(single) {
        for size in [[1.0, 1.0, 1.0], [0.5, 0.5, 0.5], [3.0, 0.5, 0.7]] {
            let f = facts(shape, voxels.clone(), Spacing::um(size));
            let tube = tubes[0];
            let want = (0..3).map(|k| ((tube[k + 3] - tube[k]) as f64 * size[k]).powi(2)).sum::<f64>().sqrt();
            let got = f.true_size.unwrap();
            let most = match name {
                "straight" | "rod" => 1.0,
                "diagonal" => 1.04,
                _ if size[0] == size[2] => 1.17,
                _ => 1.25,
            };
            let longer = got.all / want;
            assert!((0.94..=most).contains(&longer) && f.tortuosity.unwrap() <= most, "{name} {size:?}: {longer}");
            if size[0] == size[2] {
                near(got.all / size[0], f.px.all, 1e-9);
                near(got.max_width / size[0], f.px.max_width, 1e-9);
            }
        }
    }
}

/// Voxels within a radius of the line between two places.
fn tube(shape: Shape, [a, b]: [[f64; 3]; 2], radius: f64) -> Vec<u32> {
    let along: [f64; 3] = std::array::from_fn(|k| b[k] - a[k]);
    let length2: f64 = along.iter().map(|v| v * v).sum();
    let is_near = |i: usize| {
        let at = shape.position(i).map(|v| v as f64);
        let t = (0..3).map(|k| (at[k] - a[k]) * along[k]).sum::<f64>() / length2;
        (0..3).map(|k| (at[k] - a[k] - t.clamp(0.0, 1.0) * along[k]).powi(2)).sum::<f64>() <= radius * radius
    };
    (0..shape.len()).map(|i| u32::from(is_near(i))).collect()
}

/// Oracle: lines of known length in all directions. An even width and a flank along the grid are what made branches, or ate the line.
#[test]
fn straight_tubes_are_one_line_of_their_length() {
    for flat in [true, false] {
        let shape = if flat { Shape::flat(56, 56) } else { Shape::new(48, 48, 48) };
        let middle = shape.zyx().map(|n| (n / 2) as f64);
        for (radius, aside) in [(1.0, 0.5), (1.5, 0.0), (2.0, 0.5), (2.2, 0.3), (3.0, 0.5), (3.0, 0.2), (4.0, 0.4)] {
            for (k, tilt) in [0.0f64, 3.0, 10.0, 45.0, 84.0, 90.0].into_iter().enumerate() {
                let (turn, tilt) = ((11.0 + 7.0 * k as f64) * aside, tilt.to_radians());
                let u = match flat {
                    true => [0.0, tilt.sin(), tilt.cos()],
                    false => [tilt.sin(), tilt.cos() * turn.sin(), tilt.cos() * turn.cos()],
                };
                let end = |way: f64| {
                    std::array::from_fn(|a| if flat && a == 0 { 0.0 } else { middle[a] + aside + way * 15.0 * u[a] })
                };
                let f = facts(shape, tube(shape, [end(-1.0), end(1.0)], radius), None);
                assert_eq!(counts(&f), [1, 0, 2, 0], "{shape} radius {radius}, {tilt} up, {turn} round");
                // Steps along the grid are longer than a slanting line; round ends go.
                assert!((0.8..=1.35).contains(&(f.px.all / 30.0)), "{shape} {radius} {tilt} {turn}: {}", f.px.all);
            }
        }
    }
}

/// Oracle: bars with sharp edges, two voxels wide among them, which scikit-image takes down to a single voxel along z and y.
#[test]
fn bars_of_any_width_stay_lines_along_each_axis() {
    for (a, b) in (1..6).flat_map(|a| (1..6).map(move |b| (a, b))) {
        for size in [[24, a, b], [a, 24, b], [a, b, 24]] {
            let shape = Shape::new(size[0], size[1], size[2]);
            let f = facts(shape, vec![1; shape.len()], None);
            assert_eq!(counts(&f), [1, 0, 2, 0], "{shape}");
            assert!((17.0..=25.0).contains(&f.px.all), "{shape}: {}", f.px.all);
        }
    }
}

fn crop(shape: Shape, voxels: &[bool]) -> Crop {
    let size = shape.zyx().map(|n| n + 2);
    let mut crop = Crop { size, cells: vec![0; size.iter().product()] };
    for (i, _) in voxels.iter().enumerate().filter(|(_, v)| **v) {
        let [z, y, x] = shape.position(i);
        let at = crop.index(z + 1, y + 1, x + 1);
        crop.cells[at] = 1;
    }
    crop
}

/// Round after round over all voxels.
fn thinned_plainly(crop: &mut Crop) -> Vec<usize> {
    let around = Around::new(crop.size);
    let (row, slice) = (crop.size[2] as isize, (crop.size[1] * crop.size[2]) as isize);
    let sides = [-row, row, 1, -1, slice, -slice];
    loop {
        let mut any = false;
        for side in &sides[..if crop.size[0] == 3 { 4 } else { 6 }] {
            let open = |i: &usize| crop.cells[*i] == 1 && crop.cells[i.wrapping_add_signed(*side)] == 0;
            let mut found: Vec<usize> =
                (0..crop.cells.len()).filter(|i| open(i) && around.may_go(&crop.cells, *i)).collect();
            found.sort_by_key(|i| class(*i, crop.size));
            for i in found {
                if around.still_may_go(&crop.cells, i) {
                    (crop.cells[i], any) = (0, true);
                }
            }
        }
        if !any {
            return (0..crop.cells.len()).filter(|i| crop.cells[*i] == 1).collect();
        }
    }
}

proptest! {
    #[test]
    fn what_hangs_together_stays_so(z in 1usize..7, x in 1usize..14, full in 1u32..8, noise in prop::collection::vec(any::<u32>(), 1..500)) {
        let y = noise.len().div_ceil(z * x);
        let shape = Shape::new(z, y, x);
        let mut voxels: Vec<bool> = noise.iter().map(|v| v % 8 < full).collect();
        voxels.resize(shape.len(), true);
        let (mut fast, mut plain) = (crop(shape, &voxels), crop(shape, &voxels));
        let before = Patterns::of(&fast).euler();
        let left = thin(&mut fast);
        prop_assert_eq!(&left, &thinned_plainly(&mut plain));
        prop_assert_eq!(&fast.cells, &plain.cells);
        prop_assert_eq!(Patterns::of(&fast).euler(), before);
        let pieces = |crop: &Crop| {
            let all: Vec<usize> = (0..crop.cells.len()).filter(|i| crop.cells[*i] == 1).collect();
            Graph::of(&all, crop.size).pieces
        };
        prop_assert_eq!(pieces(&fast), pieces(&crop(shape, &voxels)));
    }
}

/// Sides have an order, so a turned object may lose other voxels.
#[test]
fn turned_and_mirrored_tubes_are_as_long() {
    for Scene { name, shape, voxels, .. } in scenes() {
        let f = facts(shape, voxels.clone(), None);
        let turned = |to: Shape, from: fn(Shape, [usize; 3]) -> [usize; 3]| {
            let at = |i: usize| {
                let [z, y, x] = from(shape, to.position(i));
                voxels[shape.index(z, y, x)]
            };
            facts(to, (0..to.len()).map(at).collect(), None)
        };
        let quarter = turned(Shape::new(shape.z, shape.x, shape.y), |s, [z, y, x]| [z, x, s.x - 1 - y]);
        let mirrored = turned(shape, |s, [z, y, x]| [s.z - 1 - z, y, s.x - 1 - x]);
        for other in [quarter, mirrored] {
            assert_eq!(counts(&other), counts(&f), "{name}");
            near(other.px.all / f.px.all, 1.0, 0.05);
            near(other.px.mean_width / f.px.mean_width, 1.0, 0.04);
        }
    }
}

//! Mechanics, on small literal grids.
use super::*;

#[test]
fn small_images_are_enlarged_and_large_ones_reduced() {
    let small = View::new(Shape::flat(100, 50), None, false, 2048);
    assert_eq!((small.height(), small.width(), small.pixel), (1200, 600, 1.0 / 12.0));
    let middle = View::new(Shape::flat(600, 400), None, false, 2048);
    assert_eq!((middle.height(), middle.width()), (600, 400));
    let large = View::new(Shape::flat(1000, 5000), Spacing::um([1.0, 0.5, 0.5]), false, 2048);
    assert_eq!((large.height(), large.width(), large.pixel), (334, 1667, 0.5 * 5000.0 / 1667.0));
}

#[test]
fn bodies_are_seen_from_the_front_in_proportion() {
    let shape = Shape::new(400, 7, 100);
    let view = View::new(shape, Spacing::mm([4.0, 2.0, 2.0]), true, 1024);
    assert_eq!((view.height(), view.width()), (800, 100));
    let mut labels = vec![0; shape.len()];
    labels[shape.index(9, 4, 5)] = 1;
    let (name, slice) = view.fullest(&labels).unwrap();
    assert_eq!(name, "row 5");
    assert_eq!(slice.labels(&labels).row((400 - 1 - 9) * 2), [Run { label: 1, from: 5, to: 6 }]);
}

#[test]
fn the_head_is_up_however_the_voxels_lie() {
    // One voxel at the patient's right, front and head, in grids of 2 x 3 x 4 turned in two ways.
    let straight = PatientGrid::STRAIGHT;
    let turned = PatientGrid { directions: [[0.0, 1.0, 0.1], [1.0, 0.0, 0.0], [0.0, 0.1, -1.0]], ..straight };
    let spacing = Spacing::mm([1.0; 3]);
    for (shape, patient_grid, at) in [
        (Shape::new(2, 3, 4), Some(straight), [1, 0, 0]),
        (Shape::new(2, 3, 4), None, [1, 0, 0]),
        (Shape::new(3, 4, 2), Some(turned), [0, 0, 0]),
    ] {
        let mut samples = vec![0; shape.len()];
        samples[shape.index(at[0], at[1], at[2])] = 9;
        let [front, side] = View::body(shape, spacing, patient_grid, 1024);
        assert_eq!([front.height(), front.width(), side.width()], [512, 1024, 768]);
        for view in [front, side] {
            let grey = view.grey(&samples);
            let lit: Vec<usize> = (0..grey.len()).filter(|i| grey[*i] == 9).collect();
            assert_eq!((lit[0], lit.len()), (0, 256 * 256), "the upper left corner");
        }
    }
}

#[test]
fn columns_give_the_maximum_and_all_their_labels() {
    let view = View::new(Shape::new(3, 1, 700), None, false, 1024);
    let at = |z: usize| move |x: usize| (z * 10 + x % 2) as i32;
    let grey: Vec<i32> = (0..3).flat_map(|z| (0..700).map(at(z))).collect();
    assert_eq!(view.grey(&grey)[..2], [20, 21]);
    let mut labels = vec![0; 2100];
    (labels[0], labels[700], labels[1400]) = (7, 9, 9);
    (labels[1], labels[701]) = (5, 4);
    let found = view.labels(&labels);
    let run = |label: u32, from: usize| Run { label, from, to: from + 1 };
    assert_eq!(found.row(0), [run(4, 1), run(5, 1), run(7, 0), run(9, 0)]);
}

#[test]
fn known_runs_show_the_same_objects() {
    let shape = Shape::flat(700, 900);
    let voxels: Vec<u32> = (0..shape.len()).map(|i| (i / 7 % 90 * (i / 900 / 5 % 3)) as u32 % 40).collect();
    let labels = Labels::new(shape, voxels.clone()).unwrap();
    labels.runs().unwrap();
    for longest in [2048, 500] {
        let view = View::new(shape, None, false, longest);
        assert_eq!(view.objects(&labels).unwrap().rows, view.labels(&voxels).rows);
    }
}

#[test]
fn reduced_labels_hold_half_of_a_pixel() {
    // Two rows of 4096 become one of 2048: label 3 has half of the first block, label 2 a quarter of the next.
    let mut labels = vec![0; 2 * 4096];
    (labels[0], labels[4096], labels[2]) = (3, 3, 2);
    let view = View::new(Shape::flat(2, 4096), None, false, 2048);
    let found = view.labels(&labels);
    assert_eq!((found.width, found.rows), (2048, vec![vec![Run { label: 3, from: 0, to: 1 }]]));
}

//! Oracle: the sum over all voxels of the image that lie close enough.
use super::*;
use crate::image::Labels;
use crate::ops::extent::extents;

fn naive(seen: &Seen, middle: [usize; 3], radius: f64, size: [f64; 3]) -> (i64, i64) {
    let shape = seen.shape;
    let away = |p: [usize; 3]| (0..3).map(|a| (p[a].abs_diff(middle[a]) as f64 * size[a]).powi(2)).sum::<f64>();
    let near = (0..shape.len()).filter(|&i| away(shape.position(i)) <= radius * radius * (1.0 + 1e-9));
    near.filter(|i| seen.has(*i)).fold((0, 0), |(sum, n), i| (sum + i64::from(seen.samples[i]), n + 1))
}

#[test]
fn sums_are_those_of_the_voxels_close_enough() {
    for (shape, size) in [
        (Shape::new(5, 6, 7), [1.0, 1.0, 1.0]),
        (Shape::new(4, 9, 5), [3.27, 4.6875, 4.6875]),
        (Shape::flat(7, 8), [5.0, 0.5, 2.0]),
        (Shape::new(3, 3, 3), [20.0, 20.0, 20.0]),
    ] {
        let image: Vec<i32> = (0..shape.len() as i32).map(|i| i.wrapping_mul(i32::MAX / 31)).collect();
        let whole = Seen { samples: &image, shape, left_out: &[] };
        for radius in [0.1, 2.0, 6.2035, 50.0] {
            let sphere = Sphere::new(radius, size);
            for i in 0..shape.len() {
                let got = sphere.highest_at(&[i], &whole).unwrap();
                assert_eq!((got.sum, got.n), naive(&whole, shape.position(i), radius, size));
            }
            // Rows at once give what the voxels give one by one.
            let labels = Labels::new(shape, (0..shape.len() as u32).map(|i| u32::from(i % 5 > 0)).collect()).unwrap();
            let object = Object::new(&labels, 1, extents(&labels).unwrap()[0]).unwrap();
            let inside: Vec<usize> = (0..shape.len()).filter(|i| i % 5 > 0).collect();
            let one_by_one = sphere.highest_at(&inside, &whole);
            assert_eq!(sphere.highest(&object, &whole), one_by_one);
            // What is left out counts neither in sums nor in numbers.
            let masks = [2, 3].map(|k| (0..shape.len()).map(|i| u8::from(i % (7 * k) == k)).collect::<Vec<_>>());
            let seen = Seen { left_out: &[&masks[0], &masks[1]], ..whole };
            for i in 0..shape.len() {
                let (sum, n) = naive(&seen, shape.position(i), radius, size);
                let got = sphere.highest_at(&[i], &seen).map(|a| (a.sum, a.n));
                assert_eq!(got, (n > 0).then_some((sum, n)));
            }
            let each = inside.iter().filter_map(|i| sphere.highest_at(&[*i], &seen));
            assert_eq!(sphere.highest(&object, &seen), each.reduce(|a, b| a.higher(b)));
        }
    }
}

#[test]
fn spheres_of_known_size() {
    // Integer points within 2 of the origin, and within 3.
    assert_eq!(Sphere::new(2.0, [1.0; 3]).voxels, 33);
    assert_eq!(Sphere::new(3.0, [1.0; 3]).voxels, 123);
    // Where a side is a decimal fraction, rounding does not drop the poles.
    assert_eq!(Sphere::new(0.3, [0.1; 3]).voxels, 123);
    assert_eq!(Sphere::new(6.0, [7.0; 3]).voxels, 1);
}

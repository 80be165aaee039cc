//! A margin filled with the picture next to it, mirrored: it goes on as it is, with its noise, and without an edge.

use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::Labels;
use crate::ops::grow::grow;
use crate::units::Shape;
use rayon::prelude::*;

/// The samples where `picture` is 1; elsewhere those that lie as far behind the nearest voxel of the picture in the plane. A plane
/// without a picture is that of the nearest with one, the lower of two.
///
/// # Errors
/// The planes are too large to look for what is nearest.
pub(super) fn filled(shape: Shape, samples: &[i32], picture: &[u8]) -> Result<Vec<i32>> {
    let size = shape.y * shape.x;
    let mut filled = samples.to_vec();
    let has_picture: Vec<bool> = picture.chunks_exact(size).map(|plane| plane.contains(&1)).collect();
    let in_plane = Shape::flat(shape.y, shape.x);
    for (z, plane) in filled.chunks_exact_mut(size).enumerate().filter(|(z, _)| has_picture[*z]) {
        let at = z * size..(z + 1) * size;
        if picture[at.clone()].contains(&0) {
            fill_plane(in_plane, plane, &samples[at.clone()], &picture[at])?;
        }
    }
    for z in (0..shape.z).filter(|z| !has_picture[*z]) {
        let others = (0..shape.z).filter(|other| has_picture[*other]);
        if let Some(nearest) = others.min_by_key(|other| other.abs_diff(z)) {
            filled.copy_within(nearest * size..(nearest + 1) * size, z * size);
        }
    }
    Ok(filled)
}

fn fill_plane(shape: Shape, filled: &mut [i32], samples: &[i32], picture: &[u8]) -> Result<()> {
    // Each voxel of the picture is an object, so that growing them says which is nearest.
    let itself = picture.iter().zip(1..).map(|(p, number)| if *p == 1 { number } else { 0 }).collect();
    let itself = Labels::of(shape, shape.len() as u32, Buffer::on_host(itself));
    let reach = libm::hypot(shape.y as f64, shape.x as f64);
    let nearest = grow(&Device::Cpu, &itself, reach, [1; 3])?;
    let nearest = nearest.voxels().host()?;
    filled.par_iter_mut().enumerate().filter(|(i, _)| picture[*i] == 0).for_each(|(i, sample)| {
        if let Some(number) = nearest[i].checked_sub(1) {
            *sample = samples[mirrored(shape, picture, i, number as usize)];
        }
    });
    Ok(())
}

/// As far behind the voxel `nearest` of the picture as `i` lies before it; half as far, or less, where the picture has ended by then.
fn mirrored(shape: Shape, picture: &[u8], i: usize, nearest: usize) -> usize {
    let ([_, y, x], [_, to_y, to_x]) = (shape.position(i), shape.position(nearest));
    let (mut down, mut right) = (to_y as isize - y as isize, to_x as isize - x as isize);
    loop {
        let (y, x) = (to_y.wrapping_add_signed(down), to_x.wrapping_add_signed(right));
        // What lies before the first row or column has wrapped beyond the last.
        if y < shape.y && x < shape.x && picture[shape.index(0, y, x)] == 1 {
            return shape.index(0, y, x);
        }
        (down, right) = (down / 2, right / 2);
    }
}

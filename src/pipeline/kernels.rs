//! The kernels that a recipe asks a device for, so that they can be compiled before the first image is there.
//!
//! Those of a case that is seldom met are left out: they are compiled when they are wanted.

use crate::device::kernel::Kernel;
use crate::ops::{
    Op, background, cytoplasm, delineate, denoise, fill, gaussian, gradient, grow, histogram, hysteresis, keep, label,
    landscape, local, mean, median, morphology, noise, object_runs, overlap, pixelwise, propagate, refine, renumber,
    rolling_ball, scale, sizes, split, spots, sums, threshold, watershed,
};
use crate::recipe::{Method, ObjectScale, Objects, Recipe, Step, Threshold};
use std::collections::BTreeMap;

/// The kernels of a recipe, each once.
pub fn kernels(recipe: &Recipe) -> Vec<&'static Kernel> {
    let mut all = BTreeMap::from([(crate::device::UNPACK.name, &crate::device::UNPACK)]);
    for set in recipe.body.objects.values() {
        of_set(set).iter().for_each(|op| op.add_kernels(&mut all));
    }
    all.into_values().collect()
}

fn of_set(set: &Objects) -> Vec<&'static Op> {
    let mut ops: Vec<&Op> = vec![&object_runs::OP];
    if let Some(steps) = &set.steps {
        ops.extend([&histogram::OP, &pixelwise::OP, &label::OP]);
        ops.extend(steps.iter().flat_map(of_step));
    } else if set.grow.is_some() {
        ops.push(&grow::OP);
    } else if set.minus.is_some() {
        ops.push(&cytoplasm::OP);
    } else if set.labels.is_some() {
        ops.extend([&renumber::OP, &sizes::OP]);
    }
    if set.scale == Some(ObjectScale::Auto) {
        ops.push(&scale::OP);
    }
    if !set.parent.is_empty() {
        ops.push(&overlap::OP);
    }
    ops
}

fn of_step(step: &Step) -> Vec<&'static Op> {
    match step {
        Step::Gaussian(_) => vec![&gaussian::OP],
        Step::Median(_) => vec![&median::OP],
        Step::Mean(_) => vec![&mean::OP],
        Step::TopHat(_) | Step::Opening(_) | Step::Closing(_) => vec![&morphology::OP],
        Step::Background(_) => vec![&background::OP],
        Step::Denoise(_) => vec![&denoise::OP],
        Step::RollingBall(_) => vec![&rolling_ball::OP],
        Step::Threshold(p) => of_threshold(p),
        Step::BlankNoise(_) => vec![&noise::OP, &gaussian::OP, &threshold::OP],
        Step::FillHoles(p) if p.around.is_some() => vec![&fill::OP, &cytoplasm::OP, &renumber::OP, &sizes::OP],
        Step::FillHoles(_) => vec![&fill::OP],
        Step::Spots(_) => vec![&spots::OP, &renumber::OP],
        Step::Label(_) => vec![&label::OP],
        Step::Landscape(_) => vec![&landscape::OP],
        Step::Split(_) => vec![&split::OP, &landscape::OP],
        Step::Refine(_) => vec![&refine::OP],
        Step::Keep(_) => vec![&keep::OP],
        Step::Exclude(_) => vec![&cytoplasm::OP, &renumber::OP, &sizes::OP],
        Step::Contour(_) => vec![&delineate::OP],
        Step::Watershed(_) => vec![&gradient::OP, &watershed::OP, &grow::OP, &renumber::OP],
        Step::Propagate(_) => {
            vec![&propagate::OP, &cytoplasm::OP, &gradient::OP, &grow::OP, &renumber::OP, &sizes::OP, &sums::OP]
        }
        // On the host.
        Step::DimSpecks(_) | Step::Filter(_) | Step::Habitats(_) | Step::Prescription(_) | Step::Texture(_) => vec![],
    }
}

fn of_threshold(p: &Threshold) -> Vec<&'static Op> {
    let mut ops: Vec<&Op> = match p.method {
        Method::Hysteresis => vec![&hysteresis::OP],
        method if method.is_local() => vec![&local::OP],
        _ => vec![&threshold::OP],
    };
    if p.noise.is_some() {
        ops.push(&noise::OP);
    }
    if p.dimmer_beyond.is_some() {
        ops.push(&morphology::OP);
    }
    ops
}

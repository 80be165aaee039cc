//! Invariant: every operation gives the same words on the CPU and on the GPU, for any number of threads and any size
//! of binding. The comparison first proves that it can fail.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::gpu;
use uptake::device::Device;
use uptake::image::Labels;
use uptake::ops::grey_boxes::GreyBoxes;
use uptake::ops::grey_counts::Counting;
use uptake::ops::{Case, Input, OPS, dependences, inputs, run_lengths};

/// The first difference, in words a person can use.
fn difference(a: &[u32], b: &[u32]) -> Option<String> {
    if a.len() != b.len() {
        return Some(format!("{} words against {}", a.len(), b.len()));
    }
    let i = a.iter().zip(b).position(|(x, y)| x != y)?;
    let n = a.iter().zip(b).filter(|(x, y)| x != y).count();
    Some(format!("{n} of {} words differ, the first at {i}: {} against {}", a.len(), a[i] as i32, b[i] as i32))
}

fn run(case: &Case, device: &Device, input: &Input) -> std::result::Result<Vec<u32>, String> {
    (case.run)(device, input).map_err(|e| e.to_string())
}

fn compare_all(gpu: &Device) -> Vec<String> {
    let mut wrong = Vec::new();
    for op in OPS {
        for case in op.cases {
            for input in inputs().unwrap() {
                let (cpu, gpu) = (run(case, &Device::Cpu, &input), run(case, gpu, &input));
                let told = match (cpu, gpu) {
                    (Ok(a), Ok(b)) => difference(&a, &b),
                    (Err(a), Err(b)) if a == b => None,
                    (a, b) => Some(format!("CPU {:?}, GPU {:?}", a.map(|v| v.len()), b.map(|v| v.len()))),
                };
                if let Some(d) = told {
                    wrong.push(format!("{}, {}, on {}: {d}", op.name, case.name, input.name));
                }
            }
        }
    }
    wrong
}

#[test]
fn the_comparison_can_fail() {
    let mut a: Vec<u32> = (0..1000).collect();
    let b = a.clone();
    assert_eq!(difference(&a, &b), None);
    a[517] ^= 1;
    assert!(difference(&a, &b).is_some_and(|d| d.contains("at 517")));
    assert!(difference(&a, &b[1..]).is_some());
}

#[test]
fn a_voxel_that_flips_on_the_way_is_seen() {
    let device = gpu(None);
    for op in OPS {
        let case = &op.cases[0];
        let mut input = inputs().unwrap().swap_remove(5);
        let cpu = run(case, &Device::Cpu, &input).unwrap();
        let samples = input.volume.samples.host_mut().unwrap();
        let mask = input.mask.voxels.host_mut().unwrap();
        let mut labels = input.labels.voxels().host().unwrap().to_vec();
        // A block rather than one voxel: rank filters rightly ignore one.
        for y in 20..80 {
            for x in 30..110 {
                let i = y * 130 + x;
                samples[i] = 65_000 - samples[i];
                mask[i] ^= 1;
                labels[i] = if labels[i] == 0 { 1 } else { 0 };
            }
        }
        input.labels = Labels::new(input.labels.shape, labels).unwrap();
        let gpu = run(case, &device, &input).unwrap();
        assert!(difference(&cpu, &gpu).is_some(), "{} did not see a changed block", op.name);
    }
}

#[test]
fn every_operation_gives_the_same_words_on_the_gpu() {
    let device = gpu(None);
    let wrong = compare_all(&device);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_size_of_a_binding_changes_nothing() {
    // 32 KiB windows cut the larger inputs into many.
    let device = gpu(Some(32_768));
    let wrong = compare_all(&device);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let many = rayon::ThreadPoolBuilder::new().num_threads(7).build().unwrap();
    for op in OPS {
        for case in op.cases {
            for input in inputs().unwrap() {
                let a = one.install(|| run(case, &Device::Cpu, &input));
                let b = many.install(|| run(case, &Device::Cpu, &input));
                assert_eq!(a, b, "{}, {}, on {}", op.name, case.name, input.name);
            }
        }
    }
}

#[test]
fn the_gpu_really_worked() {
    let device = gpu(None);
    let Device::Gpu(gpu) = &device else { unreachable!() };
    let input = inputs().unwrap().swap_remove(5);
    for op in OPS {
        for case in op.cases {
            let before = gpu.counters().dispatches;
            run(case, &device, &input).unwrap();
            assert!(gpu.counters().dispatches > before, "{}, {}: nothing was dispatched", op.name, case.name);
        }
    }
}

/// Regression: 64 runs of 1100 voxels, and 1330 neighbours of 64 voxels, take an invocation more turns than Mesa's software adapter
/// goes. Such boxes are refused, so that the host counts them; smaller ones are counted.
#[test]
fn what_takes_too_many_turns_is_refused() {
    let gpu = gpu(None);
    let boxes = |long: usize| {
        let mut boxes = GreyBoxes::default();
        let cells = vec![1u16; long * 64];
        boxes.push([1, long, 64], [1], cells.chunks(64)).unwrap();
        boxes
    };
    let near = (-5..=5).flat_map(|z| (-5..=5).flat_map(move |y| (-5..=5).map(move |x| [z, y, x])));
    let neighbours: Vec<[isize; 3]> = near.filter(|step| *step != [0; 3]).collect();
    let counting = |steps: Vec<[isize; 3]>| Counting { steps, by_slice: false, by_step: false, coarseness: 0 };
    for (long, what, is_counted) in [
        (900, counting(vec![[0, 1, 0]]), true),
        (1100, counting(vec![[0, 1, 0]]), false),
        (20, counting(neighbours[..900].to_vec()), true),
        (20, counting(neighbours), false),
    ] {
        let boxes = boxes(long);
        let count = if what.steps.len() == 1 { run_lengths::run_lengths } else { dependences::dependences };
        let host = count(&boxes.to(&Device::Cpu).unwrap(), &what).unwrap();
        let found = count(&boxes.to(&gpu).unwrap(), &what);
        assert_eq!(found.is_ok(), is_counted, "{long} {}", what.steps.len());
        if let Ok(found) = found {
            assert_eq!(gpu.fetch(&found).unwrap(), host.host().unwrap(), "{long} {}", what.steps.len());
        }
    }
}

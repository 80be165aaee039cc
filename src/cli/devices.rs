//! `uptake devices`

use super::{End, print};
use crate::device::{Adapter, AdapterChoice, Device, Gpu, adapters};
use crate::ops::{Case, Input, OPS, inputs};
use crate::{Error, Result};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Run every operation on the CPU and on an adapter, and compare every word of the results
    #[arg(long)]
    verify: bool,
    /// The adapter to verify: gpu, or part of its name
    #[arg(short, long, default_value = "gpu")]
    device: String,
}

impl Args {
    pub fn run(self) -> Result<End> {
        if !self.verify {
            print(&list(&adapters()))?;
            return Ok(End::Done);
        }
        let gpu = match self.device.as_str() {
            "gpu" => Gpu::open(&AdapterChoice::Best)?,
            name => Gpu::open(&AdapterChoice::Named(name.into()))?,
        };
        verify(&gpu)
    }
}

fn list(all: &[Adapter]) -> String {
    let chosen = all.first().filter(|a| !a.software).map_or("cpu", |a| &a.name);
    let mut text = format!("cpu: {} threads\n", std::thread::available_parallelism().map_or(1, usize::from));
    for (number, a) in all.iter().enumerate() {
        let kind = if a.software { "software adapter, " } else { "" };
        let Adapter { name, backend, driver, binding_limit, .. } = a;
        text +=
            &format!("{name}: {kind}{backend}, {driver}, bindings of {} MiB; --gpus {number}\n", binding_limit >> 20);
    }
    if all.is_empty() {
        text += "no GPU adapter was found; the CPU gives the same tables\n";
    }
    text + &format!("--device auto takes: {chosen}\n")
}

/// Every case of every operation on every input, on both sides.
fn verify(gpu: &Gpu) -> Result<End> {
    let device = Device::Gpu(gpu.clone());
    let inputs = inputs()?;
    let before = gpu.counters().dispatches;
    let (mut cases, mut bad) = (0, 0);
    for op in OPS {
        let mut differing = Vec::new();
        for (case, input) in op.cases.iter().flat_map(|c| inputs.iter().map(move |i| (c, i))) {
            cases += 1;
            if !same(case, input, &device)? {
                differing.push(format!("{} on {}", case.name, input.name));
            }
        }
        bad += differing.len();
        let verdict =
            if differing.is_empty() { "same bytes".into() } else { format!("DIFFERS: {}", differing.join("; ")) };
        print(&format!("{:16} {verdict}\n", op.name))?;
    }
    let dispatches = gpu.counters().dispatches - before;
    if dispatches == 0 {
        return Err(Error::device("nothing ran on the adapter, so nothing was proved"));
    }
    print(&format!(
        "{}: {} of {cases} runs give the bytes of the CPU, {dispatches} dispatches\n",
        device.name(),
        cases - bad
    ))?;
    Ok(if bad == 0 { End::Done } else { End::SomeFailed })
}

/// Both sides agree; where one refuses, the other must too.
fn same(case: &Case, input: &Input, device: &Device) -> Result<bool> {
    Ok(match ((case.run)(&Device::Cpu, input), (case.run)(device, input)) {
        (Ok(cpu), Ok(gpu)) => cpu == gpu,
        (Err(cpu), Err(gpu)) => cpu.kind == gpu.kind,
        (Ok(_), Err(e)) => return Err(e.needed_for(format!("{} on {}", case.name, input.name))),
        (Err(_), Ok(_)) => false,
    })
}

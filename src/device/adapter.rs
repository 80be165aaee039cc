//! Which adapters there are, and which is taken.

use crate::{Error, Result};

/// A GPU or software adapter that was found.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Name that the driver gives.
    pub name: String,
    /// `vulkan`, `metal`, `dx12`.
    pub backend: String,
    /// It is a program that plays GPU on the CPU: good for tests, never faster than the CPU path.
    pub software: bool,
    /// Driver and its version.
    pub driver: String,
    /// Largest storage binding in bytes.
    pub binding_limit: u64,
}

/// Which adapter to open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdapterChoice {
    /// The best one; a software adapter only if there is nothing else.
    Best,
    /// The best one that is no software adapter.
    Hardware,
    /// The one at this place of the list of [`adapters`], from 0.
    Number(usize),
    /// The first whose name contains this text, whatever the case of letters.
    Named(String),
}

/// Driver systems in the order that they are asked in, one at a time: the next one costs its start as well.
const BACKENDS: [wgpu::Backends; 3] = [wgpu::Backends::VULKAN, wgpu::Backends::METAL, wgpu::Backends::DX12];

impl AdapterChoice {
    /// The adapter that is meant.
    pub(super) fn find(&self) -> Result<wgpu::Adapter> {
        if let AdapterChoice::Number(number) = self {
            return numbered(*number);
        }
        let mut others = Vec::new();
        for backend in BACKENDS {
            let (mut meant, rest): (Vec<_>, Vec<_>) = found(backend).into_iter().partition(|a| self.means(a));
            if !meant.is_empty() {
                return Ok(meant.swap_remove(0));
            }
            others.extend(rest);
        }
        let names: Vec<_> = others.iter().map(|a| a.get_info().name).collect();
        let last = others.into_iter().next().filter(|_| *self == AdapterChoice::Best);
        last.ok_or_else(|| {
            let have = if names.is_empty() { "none was found".into() } else { format!("found: {}", names.join(", ")) };
            Error::device(format!("no such GPU adapter; {have}"))
                .remedy("--device cpu (the same table), or install a Vulkan driver (Debian: mesa-vulkan-drivers)")
        })
    }

    /// Whether it is what was asked for, and nothing better can be among the others.
    fn means(&self, a: &wgpu::Adapter) -> bool {
        let info = a.get_info();
        match self {
            AdapterChoice::Best | AdapterChoice::Hardware => info.device_type != wgpu::DeviceType::Cpu,
            AdapterChoice::Number(_) => false,
            AdapterChoice::Named(name) => info.name.to_lowercase().contains(&name.to_lowercase()),
        }
    }
}

fn numbered(number: usize) -> Result<wgpu::Adapter> {
    let mut all = found(wgpu::Backends::PRIMARY);
    if number < all.len() {
        return Ok(all.swap_remove(number));
    }
    let have = if all.is_empty() { "none was found".into() } else { format!("there are 0 to {}", all.len() - 1) };
    Err(Error::device(format!("there is no GPU {number}: {have}"))
        .remedy("uptake devices lists them with their numbers"))
}

fn instance(backends: wgpu::Backends) -> wgpu::Instance {
    let mut desc = wgpu::InstanceDescriptor::new_without_display_handle();
    desc.backends = backends;
    // The validation layers are the developer's; a missing one must not print into a user's log.
    desc.flags = wgpu::InstanceFlags::empty();
    wgpu::Instance::new(desc)
}

pub(super) fn describe(a: &wgpu::Adapter) -> Adapter {
    let info = a.get_info();
    Adapter {
        name: info.name.clone(),
        backend: format!("{:?}", info.backend).to_lowercase(),
        software: info.device_type == wgpu::DeviceType::Cpu,
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_string(),
        binding_limit: a.limits().max_storage_buffer_binding_size,
    }
}

/// Discrete GPUs first, software last.
fn rank(a: &wgpu::Adapter) -> u8 {
    match a.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

/// The adapters of some driver systems, the best one first.
fn found(backends: wgpu::Backends) -> Vec<wgpu::Adapter> {
    let mut all = pollster::block_on(instance(backends).enumerate_adapters(backends));
    all.sort_by_key(rank);
    all
}

/// All adapters, the one that would be chosen first.
pub fn adapters() -> Vec<Adapter> {
    found(wgpu::Backends::PRIMARY).iter().map(describe).collect()
}

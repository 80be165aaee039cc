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
    /// The first whose name contains this text, whatever the case of letters.
    Named(String),
}

impl AdapterChoice {
    /// The adapter that is meant.
    pub(super) fn find(&self) -> Result<wgpu::Adapter> {
        let all = found();
        let adapter = match self {
            AdapterChoice::Best => all.first(),
            AdapterChoice::Named(name) => {
                let name = name.to_lowercase();
                all.iter().find(|a| a.get_info().name.to_lowercase().contains(&name))
            }
        };
        adapter.cloned().ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|a| a.get_info().name).collect();
            let have = if names.is_empty() { "none was found".into() } else { format!("found: {}", names.join(", ")) };
            Error::device(format!("no such GPU adapter; {have}"))
                .remedy("--device cpu (the same table), or install a Vulkan driver (Debian: mesa-vulkan-drivers)")
        })
    }
}

fn instance() -> wgpu::Instance {
    let mut desc = wgpu::InstanceDescriptor::new_without_display_handle();
    desc.backends = wgpu::Backends::PRIMARY;
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

fn found() -> Vec<wgpu::Adapter> {
    let mut all = pollster::block_on(instance().enumerate_adapters(wgpu::Backends::PRIMARY));
    all.sort_by_key(rank);
    all
}

/// All adapters, the one that would be chosen first.
pub fn adapters() -> Vec<Adapter> {
    found().iter().map(describe).collect()
}

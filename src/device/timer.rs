//! Timestamps around each kernel, for `--profile`.

use super::gpu::lock;
use crate::profile;
use std::sync::Mutex;
use std::time::Duration;

/// Kernels of one submission that are timed; more go without.
const MOST: u32 = 256;

/// Room for the timestamps of one submission.
pub(super) struct Timer {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    host: wgpu::Buffer,
    /// Nanoseconds of a tick.
    tick: f64,
    names: Mutex<Vec<&'static str>>,
}

impl Timer {
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Self {
        let buffer = |usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("timestamps"),
                size: 16 * u64::from(MOST),
                usage,
                mapped_at_creation: false,
            })
        };
        let (ty, count) = (wgpu::QueryType::Timestamp, 2 * MOST);
        Timer {
            set: device.create_query_set(&wgpu::QuerySetDescriptor { label: Some("timestamps"), ty, count }),
            resolved: buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
            host: buffer(wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ),
            tick: queue.get_timestamp_period().into(),
            names: Mutex::default(),
        }
    }

    /// Where the next kernel leaves its times.
    pub fn next(&self, kernel: &'static str) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let mut names = lock(&self.names);
        let at = names.len() as u32;
        if at >= MOST {
            return None;
        }
        names.push(kernel);
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: Some(2 * at),
            end_of_pass_write_index: Some(2 * at + 1),
        })
    }

    /// At the end of what is recorded: the times go to where they can be read.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        let count = lock(&self.names).len() as u32;
        if count > 0 {
            encoder.resolve_query_set(&self.set, 0..2 * count, &self.resolved, 0);
            encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.host, 0, 16 * u64::from(count));
        }
    }

    /// Waits for the submission and hands its times on. What cannot be read is left out: a profile must not stop a run.
    pub fn collect(&self, device: &wgpu::Device) {
        let names = std::mem::take(&mut *lock(&self.names));
        if names.is_empty() {
            return;
        }
        self.host.map_async(wgpu::MapMode::Read, .., |_| ());
        if device.poll(wgpu::PollType::wait_indefinitely()).is_ok()
            && let Ok(view) = self.host.get_mapped_range(..)
        {
            let times = bytemuck::cast_slice::<u8, u64>(&view).as_chunks::<2>().0;
            for (name, [begin, end]) in names.iter().zip(times) {
                let ns = end.saturating_sub(*begin) as f64 * self.tick;
                profile::add("kernel", name, Duration::from_nanos(ns as u64));
            }
        }
        self.host.unmap();
    }
}

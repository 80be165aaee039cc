//! Timestamps around each kernel, for `--profile`.

use crate::profile;
use std::time::Duration;

/// Kernels of one submission that are timed; more go without.
const MOST: u32 = 256;

/// Room for the timestamps of one submission.
pub(super) struct Timer {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    /// Nanoseconds of a tick.
    tick: f64,
}

/// The timestamps of a submission, on their way to the host.
pub(super) struct Times {
    host: wgpu::Buffer,
    names: Vec<&'static str>,
    tick: f64,
}

/// A buffer for `count` kernels.
fn buffer(device: &wgpu::Device, count: u32, usage: wgpu::BufferUsages) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("timestamps"),
        size: 16 * u64::from(count),
        usage,
        mapped_at_creation: false,
    })
}

impl Timer {
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Self {
        let (ty, count) = (wgpu::QueryType::Timestamp, 2 * MOST);
        Timer {
            set: device.create_query_set(&wgpu::QuerySetDescriptor { label: Some("timestamps"), ty, count }),
            resolved: buffer(device, MOST, wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
            tick: queue.get_timestamp_period().into(),
        }
    }

    /// Where the next kernel of a recording leaves its times; `timed` are those before it.
    pub fn next(
        &self,
        timed: &mut Vec<&'static str>,
        kernel: &'static str,
    ) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let at = timed.len() as u32;
        if at >= MOST {
            return None;
        }
        timed.push(kernel);
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: Some(2 * at),
            end_of_pass_write_index: Some(2 * at + 1),
        })
    }

    /// At the end of what is recorded: the times go to where they can be read.
    pub fn resolve(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        names: Vec<&'static str>,
    ) -> Option<Times> {
        let count = names.len() as u32;
        if count == 0 {
            return None;
        }
        // Each submission has its own, so that none waits until another's is read.
        let host = buffer(device, count, wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ);
        encoder.resolve_query_set(&self.set, 0..2 * count, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &host, 0, 16 * u64::from(count));
        Some(Times { host, names, tick: self.tick })
    }
}

impl Times {
    /// Where the times arrive.
    pub fn host(&self) -> &wgpu::Buffer {
        &self.host
    }

    /// Hands the times on to the profile.
    pub fn add_to_profile(&self, bytes: &[u8]) {
        let times = bytemuck::cast_slice::<u8, u64>(bytes).as_chunks::<2>().0;
        for (name, [begin, end]) in self.names.iter().zip(times) {
            let ns = end.saturating_sub(*begin) as f64 * self.tick;
            profile::add("kernel", name, Duration::from_nanos(ns as u64));
        }
    }
}

//! What the machine has: memory that is free, memory that this process holds, threads.

use std::fs;
use std::path::{Path, PathBuf};

/// Most threads and jobs that a run may ask for: more than any machine has, and few enough for any system to start.
pub const MOST_THREADS: usize = 1024;

/// Threads of the machine, or of the container.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Memory that is free now, within the limits of the container if there is one; 4 GiB where the system does not say.
pub fn free_memory() -> u64 {
    let system = kib(&read("/proc/meminfo"), "MemAvailable:");
    [system, container(Path::new("/"))].into_iter().flatten().min().unwrap_or(4 << 30)
}

/// Name of the machine, if the system says it.
pub fn host() -> Option<String> {
    let known = [read("/proc/sys/kernel/hostname"), std::env::var("COMPUTERNAME").unwrap_or_default()];
    known.iter().map(|name| name.trim()).find(|name| !name.is_empty()).map(str::to_owned)
}

/// Memory that this process holds now; 0 where the system does not say.
pub fn resident_memory() -> u64 {
    kib(&read("/proc/self/status"), "VmRSS:").unwrap_or(0)
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Bytes of a line `NAME 123 kB`.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok()?.checked_mul(1024)
}

/// What the control groups of this process (Linux containers, batch systems) leave free, both versions of them; `root` is
/// the root of the file system. A group above may be narrower than the one that the process is in.
/// <https://docs.kernel.org/admin-guide/cgroup-v2.html>
fn container(root: &Path) -> Option<u64> {
    let groups = read(root.join("proc/self/cgroup"));
    let mut free = None;
    for line in groups.lines() {
        // "0::/path" is version 2, "4:memory:/path" version 1.
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(kinds), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (mount, limits, used) = match kinds {
            "" => ("sys/fs/cgroup", &["memory.max", "memory.high"][..], "memory.current"),
            k if k.split(',').any(|k| k == "memory") => {
                ("sys/fs/cgroup/memory", &["memory.limit_in_bytes"][..], "memory.usage_in_bytes")
            }
            _ => continue,
        };
        let group = PathBuf::from(path.trim_start_matches('/'));
        // Inside a container the path may be that of the host: the mount itself then is the group.
        for folder in group.ancestors().map(|g| root.join(mount).join(g)) {
            let number = |name: &str| read(folder.join(name)).trim().parse::<u64>().ok();
            let Some(limit) = limits.iter().filter_map(|name| number(name)).min() else { continue };
            // Pages of files that were read are counted as used, and given back when memory is wanted.
            let stat = read(folder.join("memory.stat"));
            let files =
                ["total_inactive_file", "inactive_file"].iter().find_map(|name| field(&stat, name)).unwrap_or(0);
            let left = limit.saturating_sub(number(used).unwrap_or(0).saturating_sub(files));
            free = Some(free.map_or(left, |f: u64| f.min(left)));
        }
    }
    free
}

/// The number of a line `name 123`.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn the_narrowest_group_counts() {
        let two = tree(&[
            ("proc/self/cgroup", "0::/job/step\n"),
            ("sys/fs/cgroup/job/memory.max", "1000\n"),
            ("sys/fs/cgroup/job/memory.high", "900\n"),
            ("sys/fs/cgroup/job/memory.current", "600\n"),
            ("sys/fs/cgroup/job/memory.stat", "anon 100\ninactive_file 250\n"),
            ("sys/fs/cgroup/job/step/memory.max", "max\n"),
        ]);
        assert_eq!(container(two.path()), Some(550));
        let one = tree(&[
            ("proc/self/cgroup", "3:cpu:/x\n4:memory,hugetlb:/docker/abc\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "5000"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1000"),
        ]);
        assert_eq!(container(one.path()), Some(4000));
        assert_eq!(container(tree(&[]).path()), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_has_memory() {
        assert!(free_memory() > 1 << 20 && resident_memory() > 1 << 20);
    }
}

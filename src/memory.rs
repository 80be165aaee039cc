//! Large blocks of memory that are used again.
//!
//! A step of a recipe writes a new image and drops an old one. The system hands out fresh memory page by page, and on many
//! machines taking a page costs more than the step's own work on it. [`Recycler`] keeps the large blocks that are dropped
//! and gives them out again, and asks for fresh ones in huge pages of 2 MiB. What it keeps never adds to the peak: before
//! it takes fresh memory it gives back as much of what it holds.
//!
//! The `uptake` command uses it. A program that uses the library chooses its own allocator; on other systems than Linux the
//! recycler passes every request on.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A global allocator over the system's that keeps large blocks for the next request.
///
/// ```
/// #[global_allocator]
/// static MEMORY: uptake::memory::Recycler = uptake::memory::Recycler::new();
/// # fn main() {}
/// ```
pub struct Recycler {
    idle: &'static Mutex<Idle>,
}

/// What the allocator of this process keeps.
static KEPT: Mutex<Idle> = Mutex::new(Idle::NONE);

/// A huge page: the unit of large blocks, and the smallest of them.
const PAGE: usize = 2 << 20;

/// Most blocks that are kept. More than the images that any recipe holds at once.
const MOST: usize = 128;

/// A run of whole huge pages.
#[derive(Clone, Copy)]
struct Block {
    start: usize,
    bytes: usize,
}

/// The blocks that nobody uses, by address; neighbours are joined.
struct Idle {
    blocks: [Block; MOST],
    count: usize,
}

impl Recycler {
    /// The recycler of this process.
    #[must_use]
    pub const fn new() -> Self {
        Recycler { idle: &KEPT }
    }
}

impl Default for Recycler {
    fn default() -> Self {
        Self::new()
    }
}

impl Recycler {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block of at least `bytes`, and whether it is fresh and so zero; null where the system has none.
    fn take(&self, bytes: usize) -> (*mut u8, bool) {
        let Some(bytes) = bytes.checked_next_multiple_of(PAGE) else { return (std::ptr::null_mut(), false) };
        let mut idle = self.idle();
        match idle.take(bytes) {
            Some(start) => (start as *mut u8, false),
            None => {
                idle.release(bytes);
                drop(idle);
                (map(bytes), true)
            }
        }
    }

    fn give(&self, start: usize, bytes: usize) {
        self.idle().give(Block { start, bytes: bytes.next_multiple_of(PAGE) });
    }
}

/// Whether the recycler serves this request itself.
fn large(layout: &Layout) -> bool {
    cfg!(target_os = "linux") && layout.size() >= PAGE && layout.align() <= PAGE
}

// SAFETY: large blocks are whole mappings of their own or parts of one that no other block overlaps; all others are the
// system's. Which of the two a block is follows from its layout alone, which `dealloc` and `realloc` are given again.
unsafe impl GlobalAlloc for Recycler {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if large(&layout) { self.take(layout.size()).0 } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !large(&layout) {
            return unsafe { System.alloc_zeroed(layout) };
        }
        let (at, zero) = self.take(layout.size());
        if !zero && !at.is_null() {
            unsafe { at.write_bytes(0, layout.size()) };
        }
        at
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if large(&layout) { self.give(at as usize, layout.size()) } else { unsafe { System.dealloc(at, layout) } }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        let Ok(new) = Layout::from_size_align(bytes, layout.align()) else { return std::ptr::null_mut() };
        match (large(&layout), large(&new)) {
            (false, false) => unsafe { System.realloc(at, layout, bytes) },
            (true, true) if bytes.div_ceil(PAGE) <= layout.size().div_ceil(PAGE) => {
                let (had, keeps) = (layout.size().next_multiple_of(PAGE), bytes.next_multiple_of(PAGE));
                if had > keeps {
                    self.give(at as usize + keeps, had - keeps);
                }
                at
            }
            _ => {
                let moved = unsafe { self.alloc(new) };
                if !moved.is_null() {
                    unsafe { std::ptr::copy_nonoverlapping(at, moved, layout.size().min(bytes)) };
                    unsafe { self.dealloc(at, layout) };
                }
                moved
            }
        }
    }
}

impl Idle {
    const NONE: Idle = Idle { blocks: [Block { start: 0, bytes: 0 }; MOST], count: 0 };

    /// The start of `bytes` out of the smallest block that holds them.
    fn take(&mut self, bytes: usize) -> Option<usize> {
        let fits = (0..self.count).filter(|&k| self.blocks[k].bytes >= bytes);
        let k = fits.min_by_key(|&k| self.blocks[k].bytes)?;
        let Block { start, bytes: had } = self.blocks[k];
        if had == bytes {
            self.remove(k);
        } else {
            self.blocks[k] = Block { start: start + bytes, bytes: had - bytes };
        }
        Some(start)
    }

    /// Keeps a block, joined to its neighbours. Where the list is full the block goes back to the system.
    fn give(&mut self, mut block: Block) {
        let mut k = self.blocks[..self.count].partition_point(|b| b.start < block.start);
        if k < self.count && block.start + block.bytes == self.blocks[k].start {
            block.bytes += self.blocks[k].bytes;
            self.remove(k);
        }
        if k > 0 && self.blocks[k - 1].start + self.blocks[k - 1].bytes == block.start {
            k -= 1;
            self.blocks[k].bytes += block.bytes;
        } else if self.count == MOST {
            unmap(block);
        } else {
            self.blocks.copy_within(k..self.count, k + 1);
            self.blocks[k] = block;
            self.count += 1;
        }
    }

    /// Gives at least `bytes` back to the system, or all there is.
    fn release(&mut self, bytes: usize) {
        let mut wanted = bytes;
        while let Some(last) = self.count.checked_sub(1).filter(|_| wanted > 0) {
            let block = &mut self.blocks[last];
            let part = block.bytes.min(wanted);
            unmap(Block { start: block.start + block.bytes - part, bytes: part });
            block.bytes -= part;
            wanted -= part;
            if block.bytes == 0 {
                self.count = last;
            }
        }
    }

    fn remove(&mut self, k: usize) {
        self.blocks.copy_within(k + 1..self.count, k);
        self.count -= 1;
    }
}

/// Gives all memory that is free back to the system, after much was let go that will not be wanted again.
pub fn trim() {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).release(usize::MAX);
    // SAFETY: it looks at free blocks alone.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0)
    };
}

/// Fresh memory in huge pages, zero; null where the system has none.
#[cfg(target_os = "linux")]
fn map(bytes: usize) -> *mut u8 {
    let Some(wide) = bytes.checked_add(PAGE) else { return std::ptr::null_mut() };
    let (flags, rights) = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, libc::PROT_READ | libc::PROT_WRITE);
    // SAFETY: an anonymous mapping at an address of the system's choice touches no memory of ours.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), wide, rights, flags, -1, 0) };
    if at == libc::MAP_FAILED {
        return std::ptr::null_mut();
    }
    // A page more than asked, so that a whole huge page begins inside; what lies around it goes back.
    let start = (at as usize).next_multiple_of(PAGE);
    let (head, tail) = (start - at as usize, at as usize + PAGE - start);
    if head > 0 {
        unmap(Block { start: at as usize, bytes: head });
    }
    if tail > 0 {
        unmap(Block { start: start + bytes, bytes: tail });
    }
    // SAFETY: the range lies in the mapping made above. Where huge pages are switched off this changes nothing.
    unsafe { libc::madvise(start as *mut libc::c_void, bytes, libc::MADV_HUGEPAGE) };
    start as *mut u8
}

#[cfg(target_os = "linux")]
fn unmap(block: Block) {
    // SAFETY: the block is mapped, and nobody holds it.
    unsafe { libc::munmap(block.start as *mut libc::c_void, block.bytes) };
}

// No request is large on other systems, so neither of these is called there.
#[cfg(not(target_os = "linux"))]
fn map(_: usize) -> *mut u8 {
    std::ptr::null_mut()
}

#[cfg(not(target_os = "linux"))]
fn unmap(_: Block) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{Idle, PAGE, Recycler};
    use std::alloc::{GlobalAlloc, Layout};
    use std::sync::Mutex;

    /// One of its own.
    fn recycler() -> Recycler {
        Recycler { idle: Box::leak(Box::new(Mutex::new(Idle::NONE))) }
    }

    fn layout(pages: usize) -> Layout {
        Layout::from_size_align(pages * PAGE, 8).expect("a layout")
    }

    /// Mechanics: a block that was dropped is given out again, in parts, and joined when the parts come back.
    #[test]
    fn a_dropped_block_is_used_again() {
        let memory = recycler();
        unsafe {
            let whole = memory.alloc(layout(4));
            whole.write_bytes(7, 4 * PAGE);
            memory.dealloc(whole, layout(4));
            let (a, b) = (memory.alloc(layout(1)), memory.alloc_zeroed(layout(3)));
            assert_eq!((a, b), (whole, whole.add(PAGE)));
            assert!((0..3 * PAGE).all(|i| *b.add(i) == 0), "asked for zeros");
            memory.dealloc(b, layout(3));
            memory.dealloc(a, layout(1));
            assert_eq!(memory.alloc(layout(4)), whole);
            memory.dealloc(whole, layout(4));
        }
    }

    /// Mechanics: fresh memory is taken only after as much of what is idle has gone back.
    #[test]
    fn what_is_kept_does_not_add_to_the_peak() {
        let memory = recycler();
        unsafe {
            let small = memory.alloc(layout(2));
            memory.dealloc(small, layout(2));
            let large = memory.alloc(layout(8));
            assert_eq!(memory.idle().count, 0);
            memory.dealloc(large, layout(8));
            let kept: usize = memory.idle().blocks[..1].iter().map(|b| b.bytes).sum();
            assert_eq!(kept, 8 * PAGE);
        }
    }

    /// Mechanics: growing and shrinking keep what was written, across the border of large and small.
    #[test]
    fn a_block_keeps_its_bytes_when_its_size_changes() {
        let memory = recycler();
        let mut old = Layout::from_size_align(1000, 8).expect("a layout");
        unsafe {
            let mut at = memory.alloc(old);
            (0..1000).for_each(|i| at.add(i).write((i % 251) as u8));
            for bytes in [3 * PAGE, 5 * PAGE + 1, 2 * PAGE, PAGE - 1, 1000] {
                at = memory.realloc(at, old, bytes);
                old = Layout::from_size_align(bytes, 8).expect("a layout");
                assert!((0..1000).all(|i| *at.add(i) == (i % 251) as u8), "{bytes} bytes");
            }
            memory.dealloc(at, old);
        }
    }

    /// Mechanics: a request beyond all memory is refused, not granted in part.
    #[test]
    fn too_much_is_refused() {
        let memory = recycler();
        let layout = Layout::from_size_align(isize::MAX as usize - 7, 8).expect("a layout");
        assert!(unsafe { memory.alloc(layout) }.is_null());
    }
}

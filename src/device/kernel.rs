//! Kernels: a shader file, its parameters and its arrays, declared once, here in Rust.
//!
//! A shader of `shaders/` holds only the work on element `i`, as `fn run(i: u32)`. The rest is written for it:
//!
//! - `p`, a uniform struct of the fields that [`params!`](crate::params) declares;
//! - for each array `a` of the kernel `a(i)` to read and, where it is written, `set_a(i, v)`; arrays of atomics have
//!   `add_a`, `min_a`, `max_a`, `or_a` (each gives the old value), `exchange_a(i, v)` and `swap_a(i, old, new)`
//!   (compare and exchange, gives the old value);
//! - the entry point, which calls `run` once for each index, whatever number of workgroups that takes.
//!
//! An array larger than one binding may be (128 MiB at the smallest) is bound as several windows and the accessors
//! choose among them, so a shader never knows: an operation is exact for every size without a line about slabs.
//!
//! A shader whose invocations work together writes its own `@compute` entry point and is dispatched by the workgroup. What its
//! workgroup memory holds at first is not known: it writes there before it reads.

use std::fmt::Write;

/// What a kernel does with an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only.
    Read,
    /// Reads and writes.
    Write,
    /// Reads and writes by atomic operations.
    Atomic,
}

/// An array of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Array {
    /// Name in the shader.
    pub name: &'static str,
    /// `i32` or `u32`.
    pub word: &'static str,
    /// Direction.
    pub access: Access,
}

/// An array that is read.
pub const fn read(name: &'static str, word: &'static str) -> Array {
    Array { name, word, access: Access::Read }
}
/// An array that is written.
pub const fn write(name: &'static str, word: &'static str) -> Array {
    Array { name, word, access: Access::Write }
}
/// An array of atomics.
pub const fn atomic(name: &'static str, word: &'static str) -> Array {
    Array { name, word, access: Access::Atomic }
}

/// A shader with all it needs to be dispatched.
#[derive(Debug)]
pub struct Kernel {
    /// Unique; stands in error messages and profiles.
    pub name: &'static str,
    /// The shader's own text, from `shaders/`.
    pub source: &'static str,
    /// Texts of `shaders/shared/` that it uses.
    pub shared: &'static [&'static str],
    /// Fields of `p`, from [`params!`](crate::params).
    pub params: &'static str,
    /// Arrays in the order they are handed over.
    pub arrays: &'static [Array],
}

/// Invocations in a workgroup.
pub const GROUP: u32 = 256;

/// Turns that all loops of one invocation may take together. Mesa's software adapter ends loops after 65,535 turns (`LP_MAX_TGSI_LOOP_ITERATIONS`)
/// without a word, and some drivers end kernels that take too long: what may need more is the host's, or goes in several dispatches.
pub const MOST_TURNS: usize = 60_000;

impl Kernel {
    /// The shader brings its own entry point and is dispatched by the workgroup.
    pub fn is_cooperative(&self) -> bool {
        self.source.contains("@compute")
    }

    /// Characters of its own text and of what it uses: about what it takes to compile.
    pub(super) fn length(&self) -> usize {
        self.source.len() + self.shared.iter().map(|text| text.len()).sum::<usize>()
    }

    /// The whole WGSL text for arrays that are bound in `windows[k]` windows of `chunk` elements each.
    pub fn wgsl(&self, windows: &[u32], chunk: u32) -> String {
        let mut s = format!(
            "struct Params {{ count: u32, grid: u32,\n{}}}\n@group(0) @binding(0) var<uniform> p: Params;\n",
            self.params
        );
        let mut binding = 1;
        for (array, &n) in self.arrays.iter().zip(windows) {
            array.declare(&mut s, &mut binding, n.max(1), chunk);
        }
        for text in self.shared {
            s += text;
        }
        s += self.source;
        if !self.is_cooperative() {
            s += "\n@compute @workgroup_size(256)\nfn main(@builtin(workgroup_id) g: vec3<u32>, \
                  @builtin(local_invocation_index) l: u32) {\n    let i = (g.y * p.grid + g.x) * 256u + l;\n    \
                  if (i < p.count) { run(i); }\n}\n";
        }
        s
    }
}

impl Array {
    fn declare(&self, s: &mut String, binding: &mut u32, windows: u32, chunk: u32) {
        let (name, word) = (self.name, self.word);
        let mode = if self.access == Access::Read { "read" } else { "read_write" };
        let element = if self.access == Access::Atomic { format!("atomic<{word}>") } else { word.to_string() };
        for w in 0..windows {
            let _ = writeln!(s, "@group(0) @binding({binding}) var<storage, {mode}> w{w}_{name}: array<{element}>;");
            *binding += 1;
        }
        let mut accessor = |head: String, gives: bool, body: &dyn Fn(&str) -> String| {
            let arrow = if gives { format!(" -> {word}") } else { String::new() };
            let _ = writeln!(s, "fn {head}{arrow} {{");
            if windows == 1 {
                let _ = writeln!(s, "    {}\n}}", body(&format!("w0_{name}[i]")));
                return;
            }
            let _ = writeln!(s, "    let k = i % {chunk}u;\n    switch (i / {chunk}u) {{");
            for w in 0..windows {
                let case = if w + 1 == windows { "default".into() } else { format!("case {w}u") };
                let _ = writeln!(s, "        {case}: {{ {} }}", body(&format!("w{w}_{name}[k]")));
            }
            s.push_str("    }\n}\n");
        };
        match self.access {
            Access::Read | Access::Write => {
                accessor(format!("{name}(i: u32)"), true, &|a| format!("return {a};"));
                if self.access == Access::Write {
                    accessor(format!("set_{name}(i: u32, v: {word})"), false, &|a| format!("{a} = v;"));
                }
            }
            Access::Atomic => {
                accessor(format!("{name}(i: u32)"), true, &|a| format!("return atomicLoad(&{a});"));
                accessor(format!("set_{name}(i: u32, v: {word})"), false, &|a| format!("atomicStore(&{a}, v);"));
                for (verb, call) in
                    [("add", "Add"), ("min", "Min"), ("max", "Max"), ("or", "Or"), ("exchange", "Exchange")]
                {
                    accessor(format!("{verb}_{name}(i: u32, v: {word})"), true, &|a| {
                        format!("return atomic{call}(&{a}, v);")
                    });
                }
                accessor(format!("swap_{name}(i: u32, old: {word}, new_: {word})"), true, &|a| {
                    format!("return atomicCompareExchangeWeak(&{a}, old, new_).old_value;")
                });
            }
        }
    }
}

/// Declares the parameters of a kernel once for both sides: a struct of `u32` and `i32` fields, and its WGSL text as
/// `WGSL`.
///
/// ```
/// uptake::params! {
///     /// Parameters of a blur.
///     pub struct Blur { width: u32, radius: i32 }
/// }
/// assert_eq!(Blur::WGSL, "width: u32,\nradius: i32,\n");
/// ```
#[macro_export]
macro_rules! params {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $($field:ident: $ty:ident),* $(,)? }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
        $vis struct $name { $(#[doc = "See the shader."] pub $field: $ty),* }
        impl $name {
            /// The same fields in WGSL.
            pub const WGSL: &'static str = concat!($(stringify!($field), ": ", stringify!($ty), ",\n"),*);
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: Kernel = Kernel {
        name: "copy",
        source: "fn run(i: u32) { set_dst(i, src(i)); }",
        shared: &[],
        params: "shift: u32,\n",
        arrays: &[read("src", "i32"), write("dst", "i32")],
    };

    #[test]
    fn one_window_reads_plainly_and_several_choose() {
        let one = K.wgsl(&[1, 1], 64);
        assert!(one.contains("fn src(i: u32) -> i32 {\n    return w0_src[i];\n}"), "{one}");
        let two = K.wgsl(&[2, 2], 64);
        assert!(two.contains("@binding(4) var<storage, read_write> w1_dst: array<i32>;"), "{two}");
        assert!(two.contains("case 0u: { w0_dst[k] = v; }"), "{two}");
    }
}

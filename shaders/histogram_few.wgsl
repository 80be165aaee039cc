// Few bins: a workgroup counts its block of 4096 samples in its own memory first, then adds what it found.
var<workgroup> own: array<atomic<u32>, 2048>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    for (var k = l; k < p.bins; k += 256u) { atomicStore(&own[k], 0u); }
    workgroupBarrier();
    let first = (g.y * p.grid + g.x) * 4096u;
    for (var k = l; k < 4096u; k += 256u) {
        if (first + k < p.size) {
            let bin = bin_of(src(first + k));
            if (bin < p.bins) { atomicAdd(&own[bin], 1u); }
        }
    }
    workgroupBarrier();
    for (var k = l; k < p.bins; k += 256u) {
        let n = atomicLoad(&own[k]);
        if (n > 0u) { add_bins(k, n); }
    }
}

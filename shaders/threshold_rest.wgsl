// Counts what lies beyond the reach of everything above a limit, in 256 bins between the least sample and the limit. A workgroup
// counts its block of 4096 samples in its own memory first.
var<workgroup> own: array<atomic<u32>, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    atomicStore(&own[l], 0u);
    workgroupBarrier();
    let least = frame(p.at);
    let limit = frame(p.at + 1u);
    let width = bitcast<u32>(limit) - bitcast<u32>(least);
    let first = (g.y * p.grid + g.x) * 4096u;
    if (limit > least) {
        for (var k = l; k < 4096u; k += 256u) {
            let i = first + k;
            if (i < p.size && around(i) <= limit && src(i) >= least) {
                atomicAdd(&own[linear_bin(bitcast<u32>(src(i)) - bitcast<u32>(least), width)], 1u);
            }
        }
    }
    workgroupBarrier();
    let n = atomicLoad(&own[l]);
    if (n > 0u) { add_bins(l, n); }
}

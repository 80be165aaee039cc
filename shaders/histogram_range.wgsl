// Least and greatest sample: each workgroup takes 4096 samples, then one atomic each.
var<workgroup> low: atomic<i32>;
var<workgroup> high: atomic<i32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    if (l == 0u) {
        atomicStore(&low, 0x7fffffff);
        atomicStore(&high, -0x7fffffff - 1);
    }
    workgroupBarrier();
    let first = (g.y * p.grid + g.x) * 4096u;
    if (first + l < p.size) {
        var a = src(first + l);
        var b = a;
        for (var k = l + 256u; k < 4096u && first + k < p.size; k += 256u) {
            let s = src(first + k);
            a = min(a, s);
            b = max(b, s);
        }
        atomicMin(&low, a);
        atomicMax(&high, b);
    }
    workgroupBarrier();
    if (l == 0u) {
        min_found(0u, atomicLoad(&low));
        max_found(1u, atomicLoad(&high));
    }
}

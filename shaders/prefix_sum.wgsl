// Running totals inside blocks of 2048: each of 256 invocations adds eight, then the eighths are added across.
var<workgroup> part: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let block = g.y * p.grid + g.x;
    let here = block < p.count;
    let begin = block * 2048u + l * 8u;
    var before: array<u32, 8>;
    var sum = 0u;
    for (var k = 0u; k < 8u; k++) {
        before[k] = sum;
        if (here && begin + k < p.size) { sum += src(begin + k); }
    }
    part[l] = sum;
    workgroupBarrier();
    for (var d = 1u; d < 256u; d <<= 1u) {
        var v = part[l];
        if (l >= d) { v += part[l - d]; }
        workgroupBarrier();
        part[l] = v;
        workgroupBarrier();
    }
    let base = part[l] - sum;
    for (var k = 0u; k < 8u; k++) {
        if (here && begin + k < p.size) { set_dst(begin + k, base + before[k]); }
    }
    if (here && l == 255u) { set_total(block, part[255]); }
}

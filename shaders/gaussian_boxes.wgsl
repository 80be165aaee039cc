// One pass of two boxes over each other along an axis. An invocation slides along a segment of a line of the result;
// voxel 0 of the result lies at `shift` in the source.
fn sample(base: u32, j: i32) -> vec2<u32> {
    return halves(src(base + u32(border_index(j, i32(p.size_in), p.border)) * p.stride));
}

fn run(i: u32) {
    let lane = i / p.stride;
    let line = lane / p.segments;
    let base = line * p.size_in * p.stride + i % p.stride;
    let to = line * p.size_out * p.stride + i % p.stride;
    let first = (lane % p.segments) * p.segment;
    let end = min(first + p.segment, p.size_out);
    let near = i32(p.near);
    let far = i32(p.far);
    var at = i32(first) + p.shift;
    var inner = vec2<u32>();
    var outer = vec2<u32>();
    for (var j = at - far; j <= at + far; j++) {
        let s = sample(base, j);
        outer += s;
        if (abs(j - at) <= near) { inner += s; }
    }
    for (var k = first; k < end; k++) {
        set_dst(to + k * p.stride, divide(p.weight_near * inner + p.weight_far * outer, p.total));
        inner += sample(base, at + near + 1) - sample(base, at - near);
        outer += sample(base, at + far + 1) - sample(base, at - far);
        at++;
    }
}

// One axis of a box mean. An invocation slides along a segment of a line.
fn sample(base: u32, j: i32) -> vec2<u32> {
    return halves(src(base + u32(border_index(j, i32(p.size), p.border)) * p.stride));
}

fn run(i: u32) {
    let lane = i / p.stride;
    let base = (lane / p.segments) * p.size * p.stride + i % p.stride;
    let first = (lane % p.segments) * p.segment;
    let end = min(first + p.segment, p.size);
    let r = i32(p.radius);
    var sum = vec2<u32>();
    for (var j = i32(first) - r; j <= i32(first) + r; j++) {
        sum += sample(base, j);
    }
    for (var at = first; at < end; at++) {
        set_dst(base + at * p.stride, divide(sum, 2u * p.radius + 1u));
        sum += sample(base, i32(at) + r + 1) - sample(base, i32(at) - r);
    }
}

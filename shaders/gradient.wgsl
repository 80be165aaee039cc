// The root of the sum of three weighted, squared central differences.
fn part(a: u32, b: u32, w: i32) -> vec2<u32> {
    let d = (src(a) >> p.shift) - (src(b) >> p.shift);
    return square(u32(abs(d * w)));
}

// floor(sqrt(v)) for v < 2^62: bits of the root from the top, each kept if its square still fits.
fn root(v: vec2<u32>) -> u32 {
    var r = 0u;
    for (var bit = 1u << 30u; bit > 0u; bit >>= 1u) {
        let s = square(r | bit);
        if (s.y < v.y || (s.y == v.y && s.x <= v.x)) { r |= bit; }
    }
    return r;
}

fn run(i: u32) {
    let x = i % p.width;
    let y = (i / p.width) % p.height;
    let z = i / (p.width * p.height);
    let row = p.width;
    let slice = p.width * p.height;
    let along_x = part(select(i, i + 1u, x + 1u < p.width), select(i, i - 1u, x > 0u), p.wx);
    let along_y = part(select(i, i + row, y + 1u < p.height), select(i, i - row, y > 0u), p.wy);
    let along_z = part(select(i, i + slice, z + 1u < p.depth), select(i, i - slice, z > 0u), p.wz);
    set_dst(i, i32(root(add_wide(add_wide(along_x, along_y), along_z))));
}

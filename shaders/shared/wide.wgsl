// Numbers of 64 bits as (low, high).
// u * u by halves of 16 bits.
fn square(u: u32) -> vec2<u32> {
    let h = u >> 16u;
    let l = u & 0xffffu;
    let cross = h * l;
    let low = l * l;
    // Twice the cross product sits 16 bits up: 17 bits of it reach the high word.
    let shifted = cross << 17u;
    let sum = low + shifted;
    return vec2<u32>(sum, h * h + (cross >> 15u) + select(0u, 1u, sum < low));
}

fn add_wide(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

// Sauvola's decision in integers of 64 bits, held as (high, low).
// floor(sqrt(v)) for v below 2^60, a bit at a time.
fn root(v: vec2<u32>) -> u32 {
    var r = 0u;
    for (var bit = 0x20000000u; bit > 0u; bit >>= 1u) {
        if (!less(v, product(r | bit, r | bit))) { r |= bit; }
    }
    return r;
}

fn run(i: u32) {
    let m = u32(mean(i));
    let squares = u32(mean_square(i));
    let power = vec2<u32>(squares >> 2u, squares << 30u);
    let own = product(m, m);
    var variance = vec2<u32>(0u, 0u);
    if (less(own, power)) {
        variance = vec2<u32>(power.x - own.x - select(0u, 1u, power.y < own.y), power.y - own.y);
    }
    let factor = p.base + product(root(variance), p.slope).x;
    let x = u32(scaled(i));
    set_dst(i, u32(less(product(m, factor), vec2<u32>(x >> 12u, x << 20u))));
}

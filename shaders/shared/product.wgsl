// Products of 64 bits, held as (high, low).
fn product(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
    return vec2<u32>((a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u), (other << 16u) | (low & 0xffffu));
}

fn less(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.x < b.x || (a.x == b.x && a.y < b.y);
}

// The same where one factor may be below 0: in the complement of two.
fn signed_product(a: i32, b: u32) -> vec2<u32> {
    let whole = product(select(bitcast<u32>(a), 0u - bitcast<u32>(a), a < 0), b);
    let negative = vec2<u32>(~whole.x + select(0u, 1u, whole.y == 0u), 0u - whole.y);
    return select(whole, negative, a < 0);
}

fn signed_less(a: vec2<u32>, b: vec2<u32>) -> bool {
    return less(vec2<u32>(a.x ^ 0x80000000u, a.y), vec2<u32>(b.x ^ 0x80000000u, b.y));
}

fn sum(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.y + b.y;
    return vec2<u32>(a.x + b.x + select(0u, 1u, low < a.y), low);
}

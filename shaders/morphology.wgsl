// One step of a running extreme along an axis: dst[i] is the extreme of src at i - reach, i and i + reach. What lies
// beyond the edge takes the edge voxel's window, which lies inside the wanted one.
fn run(i: u32) {
    let at = i32((i / p.stride) % p.size);
    let last = i32(p.size) - 1;
    let before = u32(at - max(at - i32(p.reach), 0)) * p.stride;
    let after = u32(min(at + i32(p.reach), last) - at) * p.stride;
    let a = src(i - before);
    let b = src(i);
    let c = src(i + after);
    set_dst(i, select(min(min(a, b), c), max(max(a, b), c), p.largest == 1u));
}

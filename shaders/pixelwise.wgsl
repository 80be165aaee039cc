// One voxel of one or two images into one voxel: what p.what says, as in `What` of pixelwise.rs.
fn run(i: u32) {
    let x = a(i);
    var v = 0;
    switch (p.what) {
        case 0u: { v = saturating_sub(x, b(i)); }
        case 1u: { v = min(x, b(i)); }
        case 2u: { v = x << u32(p.value); }
        case 3u: { v = max(x, p.value); }
        case 4u: { v = select(0, 1, x > p.value); }
        case 5u: { v = select(0, 1, x > b(i)); }
        case 6u: { v = x & b(i); }
        case 7u: { v = x | b(i); }
        case 8u: { v = 1 - x; }
        case 9u: { v = select(0, 1, x != 0); }
        case 10u: { v = saturating_add(x, b(i)); }
        case 11u: { v = select(x, p.value, x == 0 && b(i) == 0); }
        default: {}
    }
    set_dst(i, v);
}

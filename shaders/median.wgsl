// Exact median of a box: the key (sample with its sign bit flipped) is found bit by bit from the top. At each bit the
// voxels that share the bits found so far and have a 0 there are counted; the median lies among them or beyond them.
fn key(z: i32, y: i32, x: i32) -> u32 {
    let qz = u32(clamp(z, 0, i32(p.z) - 1));
    let qy = u32(clamp(y, 0, i32(p.y) - 1));
    let qx = u32(clamp(x, 0, i32(p.x) - 1));
    return bitcast<u32>(src((qz * p.y + qy) * p.x + qx)) ^ 0x80000000u;
}

fn run(i: u32) {
    let x = i32(i % p.x);
    let y = i32((i / p.x) % p.y);
    let z = i32(i / p.x / p.y);
    let rz = i32(p.radius_z);
    let ry = i32(p.radius_y);
    let rx = i32(p.radius_x);
    // Bits that all voxels of the box share need no counting.
    var all = 0xffffffffu;
    var any = 0u;
    for (var qz = z - rz; qz <= z + rz; qz++) {
        for (var qy = y - ry; qy <= y + ry; qy++) {
            for (var qx = x - rx; qx <= x + rx; qx++) {
                let k = key(qz, qy, qx);
                all &= k;
                any |= k;
            }
        }
    }
    var bits = all ^ any;
    var found = all;
    // Bits of `found` that are settled; the shared ones are right from the start.
    var settled = ~bits;
    var rank = p.rank;
    while (bits != 0u) {
        let bit = 1u << firstLeadingBit(bits);
        bits ^= bit;
        settled |= bit;
        var below = 0u;
        for (var qz = z - rz; qz <= z + rz; qz++) {
            for (var qy = y - ry; qy <= y + ry; qy++) {
                for (var qx = x - rx; qx <= x + rx; qx++) {
                    below += select(0u, 1u, (key(qz, qy, qx) & settled) == found);
                }
            }
        }
        if (rank >= below) {
            rank -= below;
            found |= bit;
        }
    }
    set_dst(i, bitcast<i32>(found ^ 0x80000000u));
}

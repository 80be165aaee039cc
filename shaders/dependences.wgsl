// Counts the voxels of a piece of a row by rank and by neighbours that have nearly their level. Those that follow each other and are
// alike are added together; place 0 is that of no voxel.
fn run(i: u32) {
    let part = piece(i);
    let width = p.steps + 1u;
    let begins = matrix(part, 0u, (part.ranks + 1u) * width);
    var same = 0u;
    var n = 0u;
    for (var x = part.place.z; x < part.to; x++) {
        let here = vec3<i32>(part.place.xy, x);
        let own = rank(part, here);
        var found = 0u;
        if (own > 0u) {
            let its = i32(level(part, own));
            found = own * width;
            for (var k = 0u; k < p.steps; k++) {
                let there = rank(part, here + step_of(k));
                if (there > 0u && u32(abs(i32(level(part, there)) - its)) <= p.coarseness) { found++; }
            }
        }
        if (found != same) {
            if (same > 0u) { add_counts(begins + same, n); }
            same = found;
            n = 0u;
        }
        n++;
    }
    if (same > 0u) { add_counts(begins + same, n); }
}

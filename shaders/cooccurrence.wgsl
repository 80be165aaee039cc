// Counts the pairs that one step joins in a piece of a row. Those that follow each other and are alike are added together; a
// voxel and none are pair 0, which is no pair.
fn run(i: u32) {
    let part = piece(i % p.pieces);
    let k = i / p.pieces;
    let along = step_of(k);
    let width = part.ranks + 1u;
    let begins = matrix(part, k, width * width);
    var pair = 0u;
    var n = 0u;
    for (var x = part.place.z; x < part.to; x++) {
        let here = vec3<i32>(part.place.xy, x);
        let a = rank(part, here);
        var b = 0u;
        if (a > 0u) { b = rank(part, here + along); }
        let found = select(0u, a * width + b, b > 0u);
        if (found != pair) {
            if (pair > 0u) { add_counts(begins + pair, n); }
            pair = found;
            n = 0u;
        }
        n++;
    }
    if (pair > 0u) { add_counts(begins + pair, n); }
}

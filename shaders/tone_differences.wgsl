// Adds up how much the voxels of a piece of a row differ from their neighbours, by rank and number of neighbours. Those that follow
// each other in one place are added together. An addition that wraps carries into the next word.
fn add_up(row: u32, n: u32, voxels: u32, sum: vec2<u32>) {
    if (voxels == 0u) { return; }
    add_counts(row, voxels);
    let at = row + 2u * n;
    let old = add_counts(at, sum.x);
    let high = sum.y + select(0u, 1u, old + sum.x < old);
    if (high > 0u) { add_counts(at + 1u, high); }
}

fn run(i: u32) {
    let part = piece(i);
    let width = 2u * (p.steps + 1u);
    let begins = matrix(part, 0u, (part.ranks + 1u) * width);
    var row = 0u;
    var number = 0u;
    var voxels = 0u;
    var sum = vec2<u32>(0u);
    for (var x = part.place.z; x < part.to; x++) {
        let here = vec3<i32>(part.place.xy, x);
        let own = rank(part, here);
        if (own == 0u) { continue; }
        var n = 0u;
        var total = 0u;
        for (var k = 0u; k < p.steps; k++) {
            let there = rank(part, here + step_of(k));
            if (there > 0u) {
                n++;
                total += level(part, there);
            }
        }
        if (n == 0u) { continue; }
        let its = begins + own * width;
        if (its != row || n != number) {
            add_up(row, number, voxels, sum);
            row = its;
            number = n;
            voxels = 0u;
            sum = vec2<u32>(0u);
        }
        let scaled = n * level(part, own);
        voxels++;
        sum = add_wide(sum, vec2<u32>(max(scaled, total) - min(scaled, total), 0u));
    }
    add_up(row, number, voxels, sum);
}

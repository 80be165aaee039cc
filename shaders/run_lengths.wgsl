// Counts the runs in the direction of one step that begin in a piece of a row.
fn run(i: u32) {
    let part = piece(i % p.pieces);
    let k = i / p.pieces;
    let along = step_of(k);
    let longest = u32(max(part.size.x, max(part.size.y, part.size.z)));
    let begins = matrix(part, k, (part.ranks + 1u) * longest);
    for (var x = part.place.z; x < part.to; x++) {
        var here = vec3<i32>(part.place.xy, x);
        let own = rank(part, here);
        if (own == 0u || rank(part, here - along) == own) { continue; }
        var length = 0u;
        while (rank(part, here) == own) {
            length++;
            here += along;
        }
        add_counts(begins + own * longest + length - 1u, 1u);
    }
}

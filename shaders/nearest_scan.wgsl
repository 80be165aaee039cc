// Squared distance along the first axis to the nearest site and its tag, for a segment of 64 steps of a column.
const FAR = 0x7fffffffu;
const NONE = 0xffffffffu;

fn is_site(i: u32) -> bool { return (src(i) == 0u) == (p.zeros == 1u); }

fn tag_of(r: u32, column: u32) -> u32 {
    if (p.tagged == 0u || r == NONE) { return 0u; }
    return src(r * p.plane + column);
}

fn run(k: u32) {
    let column = k % p.plane;
    let segment = k / p.plane;
    let begin = segment * 64u;
    let end = min(begin + 64u, p.steps);
    var above = NONE;
    for (var s = segment; s > 0u && above == NONE; s--) { above = last((s - 1u) * p.plane + column); }
    var below = NONE;
    for (var s = segment + 1u; s * 64u < p.steps && below == NONE; s++) { below = first(s * p.plane + column); }
    // Down: steps to the site above. An invocation reads only what it wrote itself.
    var t = tag_of(above, column);
    for (var r = begin; r < end; r++) {
        let i = r * p.plane + column;
        if (is_site(i)) {
            above = r;
            t = tag_of(r, column);
        }
        set_d2(i, select(r - above, FAR, above == NONE));
        if (p.tagged == 1u) { set_tag(i, t); }
    }
    // Up: the nearer of both, at equal steps the lower tag; then the square.
    t = tag_of(below, column);
    for (var r = end; r > begin; r--) {
        let i = (r - 1u) * p.plane + column;
        if (is_site(i)) {
            below = r - 1u;
            t = tag_of(below, column);
        }
        var steps = d2(i);
        let up = select(below - (r - 1u), FAR, below == NONE);
        if (p.tagged == 1u && (up < steps || (up == steps && t < tag(i)))) { set_tag(i, t); }
        steps = min(steps, up);
        set_d2(i, select(steps * steps * p.weight, FAR, steps > p.reach));
    }
}

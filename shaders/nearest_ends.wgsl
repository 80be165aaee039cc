// The first and the last site of each column in a segment of 64 steps. 0xffffffff: none.
fn run(k: u32) {
    let column = k % p.plane;
    let begin = k / p.plane * 64u;
    var first_site = 0xffffffffu;
    var last_site = 0xffffffffu;
    for (var r = begin; r < min(begin + 64u, p.steps); r++) {
        if ((src(r * p.plane + column) == 0u) == (p.zeros == 1u)) {
            if (first_site == 0xffffffffu) { first_site = r; }
            last_site = r;
        }
    }
    set_first(k, first_site);
    set_last(k, last_site);
}

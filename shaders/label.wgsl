// Merges runs that touch. Of all pairs of touching voxels only those are looked at that begin a contact of two runs.
fn root(i: u32) -> u32 {
    var r = i;
    loop {
        let up = parent(r);
        if (up == r) { break; }
        r = up;
    }
    return r;
}

// The higher root comes under the lower one. If another invocation moved it first, what it was under is merged too.
fn merge(i: u32, j: u32) {
    var a = root(i);
    var b = root(j);
    while (a != b) {
        let high = max(a, b);
        let low = min(a, b);
        let old = min_parent(high, low);
        if (old == high) { return; }
        a = root(old);
        b = root(low);
    }
}

const NOTHING = 0xffffffffu;

// The voxels beside i that begin a contact in the row in which j lies; two at most.
fn meet(j: u32, v: u32, x: u32, left: bool) -> vec2<u32> {
    let same = values(j) == v;
    if (p.full == 0u) {
        return vec2<u32>(select(NOTHING, j, same && !(left && values(j - 1u) == v)), NOTHING);
    }
    if (same) { return vec2<u32>(select(j, NOTHING, left), NOTHING); }
    var met = vec2<u32>(NOTHING, NOTHING);
    if (!left && x > 0u && values(j - 1u) == v) { met.x = j - 1u; }
    if (x + 1u < p.columns && values(j + 1u) == v) { met.y = j + 1u; }
    return met;
}

fn run(i: u32) {
    if (parent(i) == NOTHING) { return; }
    let v = values(i);
    let x = i % p.columns;
    let y = (i / p.columns) % p.rows;
    let z = i / (p.columns * p.rows);
    let left = x > 0u && values(i - 1u) == v;
    let back = i - p.columns * p.rows;
    let slanted = p.full == 1u;
    // The row before, then that of the slice before with those beside it. A loop, because each call is compiled anew.
    let rows = select(4u, 1u, z == 0u);
    for (var k = 0u; k < rows; k++) {
        var row = i - p.columns;
        var is_there = y > 0u;
        if (k == 1u) { row = back; is_there = true; }
        if (k == 2u) { row = back - p.columns; is_there = slanted && y > 0u; }
        if (k == 3u) { row = back + p.columns; is_there = slanted && y + 1u < p.rows; }
        if (!is_there) { continue; }
        let met = meet(row, v, x, left);
        if (met.x != NOTHING) { merge(i, met.x); }
        if (met.y != NOTHING) { merge(i, met.y); }
    }
}

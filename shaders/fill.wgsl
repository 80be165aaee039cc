// The labels around each piece of background: `high` keeps the highest, `low` the complement of the lowest, as the tables
// begin as zeros. A piece at the border has 0 for its lowest, which no object has.
fn see(r: u32, j: u32) {
    let l = labels(j);
    if (l == 0u) { return; }
    if (low(r) < ~l) { max_low(r, ~l); }
    if (high(r) < l) { max_high(r, l); }
}

fn run(i: u32) {
    let r = root(i);
    // The second test spares the rest of a piece that is known to be at the border.
    if (r == 0xffffffffu || low(r) == 0xffffffffu) { return; }
    let x = i % p.columns;
    let y = (i / p.columns) % p.rows;
    let slice = p.columns * p.rows;
    let z = i / slice;
    let flat_edge = x == 0u || x + 1u == p.columns || y == 0u || y + 1u == p.rows;
    if (flat_edge || (p.depth > 1u && (z == 0u || z + 1u == p.depth))) {
        max_low(r, 0xffffffffu);
        return;
    }
    see(r, i - 1u);
    see(r, i + 1u);
    see(r, i - p.columns);
    see(r, i + p.columns);
    if (p.depth > 1u) {
        see(r, i - slice);
        see(r, i + slice);
    }
}

// Outwards from each voxel along one axis, until a step alone costs more than the best so far.
// Distances and costs stay below 2^31 each, so a sum of two fits 32 bits; `FAR` in d2 never wins.
const FAR = 0x7fffffffu;

var<private> best: u32;
var<private> best_tag: u32;

fn see(j: u32, cost: u32) {
    let d = d2(j) + cost;
    if (d > best) { return; }
    if (p.tagged == 1u) {
        let t = tag(j);
        best_tag = select(min(best_tag, t), t, d < best);
    }
    best = d;
}

fn run(i: u32) {
    let at = (i / p.plane) % p.steps;
    best = min(d2(i), p.limit + 1u);
    best_tag = 0u;
    if (p.tagged == 1u && d2(i) <= p.limit) { best_tag = tag(i); }
    var cost = p.weight;
    for (var k = 1u; cost <= best && k <= max(at, p.steps - 1u - at); k++) {
        if (k <= at) { see(i - k * p.plane, cost); }
        if (at + k < p.steps) { see(i + k * p.plane, cost); }
        cost += p.weight * (2u * k + 1u);
    }
    if (best > p.limit || best >= FAR) {
        best = FAR;
        best_tag = 0u;
    }
    set_d2_out(i, best);
    if (p.tagged == 1u) { set_tag_out(i, best_tag); }
}

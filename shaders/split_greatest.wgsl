// Round 0: the greatest sample of each basin, kept at its peak. Round 1: these as the peaks were written down.
fn run(k: u32) {
    if (p.round == 0u) {
        let peak = parent(k);
        if (peak != 0xffffffffu) { max_best(peak, bitcast<u32>(src(k)) ^ 0x80000000u); }
    } else if (k < tally(0u)) {
        set_greatest(k, best(peak(3u * k)));
    }
}

// Keeps the largest piece of each object whose peak is, in millionths, at least the share of the median peak that is asked for.
fn run(i: u32) {
    let l = label(i);
    if (l == 0u || root(i) != ~best(p.objects + l)) {
        set_dst(i, 0u);
        return;
    }
    let least = sum(signed_product(median(0u), p.dimmest), signed_product(median(1u), p.dimmest));
    let dim = p.dimmest > 0u && signed_less(signed_product(peak(l), 2000000u), least);
    set_dst(i, select(l, 0u, dim));
}

// Counts the runs of equal samples among sixteen, one place for each integer from the least sample on, which the device has
// found before. The last place takes all that are greater.
fn add(sample: i32, n: u32) {
    let above = bitcast<u32>(sample) - bitcast<u32>(range(0u));
    add_tally(min(above, p.room - 1u), n);
}

fn run(k: u32) {
    let begin = k * 16u;
    let to = min(begin + 16u, p.size);
    var sample = src(begin);
    var n = 0u;
    for (var i = begin; i < to; i++) {
        let s = src(i);
        if (s != sample) {
            add(sample, n);
            sample = s;
            n = 0u;
        }
        n++;
    }
    add(sample, n);
}

// One object: finds the digit in which the wanted rank falls, adds it to the prefix and clears the counts.
fn run(l: u32) {
    var r = rank(l);
    var digit = 0u;
    var found = false;
    for (var k = 0u; k < 16u; k++) {
        let n = digits(l * 16u + k);
        if (!found) {
            if (r < n) {
                digit = k;
                found = true;
            } else {
                r -= n;
            }
        }
        set_digits(l * 16u + k, 0u);
    }
    set_rank(l, r);
    set_prefix(l, prefix(l) | (digit << p.shift));
}

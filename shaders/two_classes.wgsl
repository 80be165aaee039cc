// Otsu's two classes of 256 bins in one workgroup, a bin each. Numbers of 256 bits have their lowest word first.
var<workgroup> dark: array<u32, 256>;
// Sums of bins up to each one, as (high, low).
var<workgroup> dark_bins: array<vec2<u32>, 256>;
var<workgroup> squares: vec2<u32>;
// The square of the gap between the classes, what it is divided by, and the bin: of the best among those compared so far.
var<workgroup> gap: array<array<u32, 8>, 256>;
var<workgroup> by: array<vec2<u32>, 256>;
var<workgroup> bin: array<u32, 256>;

fn wide(v: vec2<u32>) -> array<u32, 8> { return array<u32, 8>(v.y, v.x, 0u, 0u, 0u, 0u, 0u, 0u); }

fn times(left: array<u32, 8>, right: array<u32, 8>) -> array<u32, 8> {
    var a = left;
    var b = right;
    var words = array<u32, 8>();
    for (var i = 0u; i < 8u; i++) {
        if (a[i] == 0u) { continue; }
        var carry = 0u;
        for (var j = 0u; i + j < 8u; j++) {
            // At most 2^64 - 1 in all.
            let all = sum(sum(product(a[i], b[j]), vec2<u32>(0u, words[i + j])), vec2<u32>(0u, carry));
            words[i + j] = all.y;
            carry = all.x;
        }
    }
    return words;
}

fn minus(left: array<u32, 8>, right: array<u32, 8>) -> array<u32, 8> {
    var a = left;
    var b = right;
    var borrow = 0u;
    for (var i = 0u; i < 8u; i++) {
        let d = a[i] - b[i];
        let less = a[i] < b[i] || d < borrow;
        a[i] = d - borrow;
        borrow = select(0u, 1u, less);
    }
    return a;
}

// -1, 0 or 1 as a is less than, equal to or more than b.
fn compare(left: array<u32, 8>, right: array<u32, 8>) -> i32 {
    var a = left;
    var b = right;
    for (var i = 8u; i > 0u; i--) {
        if (a[i - 1u] != b[i - 1u]) { return select(-1, 1, a[i - 1u] > b[i - 1u]); }
    }
    return 0;
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) l: u32) {
    if (l == 0u) {
        var n = 0u;
        var s = vec2<u32>(0u, 0u);
        var q = vec2<u32>(0u, 0u);
        for (var k = 0u; k < 256u; k++) {
            let here = counts(k);
            n += here;
            s = sum(s, product(k, here));
            q = sum(q, product(k * k, here));
            dark[k] = n;
            dark_bins[k] = s;
        }
        squares = q;
    }
    workgroupBarrier();
    let all = dark[255];
    let bins = wide(dark_bins[255]);
    let number = wide(vec2<u32>(0u, all));
    let apart = minus(times(wide(vec2<u32>(0u, dark[l])), bins), times(number, wide(dark_bins[l])));
    gap[l] = times(apart, apart);
    let parts = product(dark[l], all - dark[l]);
    // A class without a sample has no gap.
    by[l] = select(parts, vec2<u32>(0u, 1u), (parts.x | parts.y) == 0u);
    bin[l] = l;
    workgroupBarrier();
    for (var step = 128u; step > 0u; step >>= 1u) {
        if (l < step) {
            let order = compare(times(gap[l + step], wide(by[l])), times(gap[l], wide(by[l + step])));
            if (order > 0 || (order == 0 && bin[l + step] < bin[l])) {
                gap[l] = gap[l + step];
                by[l] = by[l + step];
                bin[l] = bin[l + step];
            }
        }
        workgroupBarrier();
    }
    if (l == 0u) {
        let begin = frame(p.at);
        let greatest = frame(p.at + 1u);
        let variance = times(wide(by[0]), minus(times(number, wide(squares)), times(bins, bins)));
        let share = times(variance, wide(vec2<u32>(0u, p.share)));
        let doubt = compare(times(gap[0], wide(vec2<u32>(0u, 1000u))), share) <= 0;
        let last = bin[0];
        let nothing = doubt || all < p.least || last < p.first;
        let upper = product(last + 1u, bitcast<u32>(greatest) - bitcast<u32>(begin));
        let inside = begin + bitcast<i32>((upper.x << 24u) | (upper.y >> 8u));
        let end = select(inside, greatest, compare(gap[0], array<u32, 8>()) == 0);
        set_found(0u, select(last + 1u, 0u, nothing));
        set_found(1u, bitcast<u32>(end));
        set_found(2u, bitcast<u32>(begin));
        set_found(3u, bitcast<u32>(select(end, begin, nothing)));
    }
}

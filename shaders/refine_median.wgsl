// The two peaks in the middle of all objects but the background, by radix selection in one workgroup.
var<workgroup> digits: array<atomic<u32>, 16>;
var<workgroup> prefix: u32;
var<workgroup> rank: u32;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) l: u32) {
    for (var which = 0u; which < 2u; which++) {
        if (l == 0u) {
            prefix = 0u;
            rank = (p.objects - 2u + which) / 2u;
        }
        for (var step = 0u; step < 8u; step++) {
            let shift = 28u - 4u * step;
            if (l < 16u) { atomicStore(&digits[l], 0u); }
            workgroupBarrier();
            for (var k = 1u + l; k < p.objects; k += 256u) {
                let key = bitcast<u32>(peak(k)) ^ 0x80000000u;
                // What lies above this digit has been found; above the top one there is nothing.
                let agrees = ((key ^ prefix) >> shift) < 16u;
                if (agrees || step == 0u) { atomicAdd(&digits[(key >> shift) & 15u], 1u); }
            }
            workgroupBarrier();
            if (l == 0u) {
                var digit = 0u;
                while (digit < 15u && rank >= atomicLoad(&digits[digit])) {
                    rank -= atomicLoad(&digits[digit]);
                    digit++;
                }
                prefix |= digit << shift;
            }
            workgroupBarrier();
        }
        if (l == 0u) { set_median(which, bitcast<i32>(prefix ^ 0x80000000u)); }
        workgroupBarrier();
    }
}

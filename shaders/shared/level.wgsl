// A sample above the least one of the image, in the unit of costs.
fn level(i: u32) -> u32 {
    let above = bitcast<u32>(src(i)) - bitcast<u32>(p.least);
    if (p.watershed == 1u) { return min(above, NOWHERE - 1u); }
    return (min(above, 0xffffffffu >> p.up) << p.up) >> p.down;
}

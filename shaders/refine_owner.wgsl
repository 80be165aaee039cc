// Which object a piece was cut from: all its voxels say the same.
fn run(i: u32) {
    let piece = piece(i);
    if (piece != 0u && piece <= p.pieces) { max_owner(piece, label(i)); }
}

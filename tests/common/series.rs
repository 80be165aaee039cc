//! Series that regions refer to.

use uptake::image::PatientGrid;
use uptake::read::{DicomSource, SourceFrame};
use uptake::units::{Shape, Spacing};

/// A series whose slices lie where those of a grid do.
pub fn source(shape: Shape, spacing: Spacing, grid: &PatientGrid) -> DicomSource {
    let frame = |z: usize| SourceFrame {
        series: "1.2.3".into(),
        class: "1.2.840.10008.5.1.4.1.1.128".into(),
        instance: format!("1.2.3.{}", z + 1),
        number: None,
        position: grid.at(&spacing, [z as f64, 0.0, 0.0]),
    };
    DicomSource {
        copied: vec![],
        study: "1.2".into(),
        series: "1.2.3".into(),
        frame_of_reference: "1.2.9".into(),
        date: "20240115".into(),
        time: "100000".into(),
        frames: (0..shape.z).map(frame).collect(),
        time_point: None,
    }
}

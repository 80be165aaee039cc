//! What is written can be read back, is the same bytes each time, and is there whole or not at all.
//! Kinds: mechanics and invariant.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use arrow_array::{Float64Array, RecordBatch};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use uptake::image::{Labels, PatientGrid, Volume};
use uptake::table::arrow::batch;
use uptake::table::{Cells, Column, Table};
use uptake::units::{Shape, Spacing};
use uptake::write::ome::{self, Image, Pixels};
use uptake::write::{self, Backdrop, CsvSink, LONGEST, ParquetSink, Picture, Style, labels, overlay};

fn column(name: &str, unit: &str, cells: Cells) -> Column {
    Column::new(name, unit, format!("what {name} is"), cells)
}

/// Rows `from..to` of a table with every type and, in each column, missing cells.
fn table(from: i64, to: i64) -> Table {
    let (mut text, mut int, mut real) = (Vec::new(), Vec::new(), Vec::new());
    for i in from..to {
        text.push((i % 5 != 0).then(|| format!("image {i}, \"µ\"")));
        int.push((i % 7 != 0).then_some(i * i - 40));
        real.push((i % 3 != 0).then_some(i as f64 / 8.0));
    }
    let columns = vec![
        column("image", "", Cells::Text(text)),
        column("label", "1", Cells::Int(int)),
        column("area_um2", "um2", Cells::Real(real)),
    ];
    Table { columns }
}

fn one(cells: Cells) -> Table {
    Table { columns: vec![column("v", "1", cells)] }
}

/// Of numbers as they are: a table makes empty cells of those that are not finite.
fn unchecked(values: Vec<Option<f64>>) -> RecordBatch {
    let like = batch(&one(Cells::Real(values.clone()))).unwrap();
    RecordBatch::try_new(like.schema(), vec![Arc::new(Float64Array::from(values))]).unwrap()
}

fn csv(tables: &[Table]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.csv");
    let mut sink = CsvSink::open(&path).unwrap();
    tables.iter().for_each(|t| sink.append(&batch(t).unwrap()).unwrap());
    assert!(!path.exists(), "shown before it is whole");
    sink.finish().unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a part was left behind");
    fs::read_to_string(path).unwrap()
}

fn parquet(tables: &[Table]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.parquet");
    let mut sink = ParquetSink::open(&path).unwrap();
    tables.iter().for_each(|t| sink.append(&batch(t).unwrap()).unwrap());
    sink.finish().unwrap();
    fs::read(path).unwrap()
}

#[test]
fn csv_is_literal() {
    let expected = "image,label,area_um2\n,,\n\"image 1, \"\"µ\"\"\",-39,0.125\n\"image 2, \"\"µ\"\"\",-36,0.25\n";
    assert_eq!(csv(&[table(0, 3)]), expected);
    let tables: Vec<Table> = (0..3).map(|i| table(i, i + 1)).collect();
    assert_eq!(csv(&tables), expected);
}

#[test]
fn real_numbers_keep_their_type_and_their_bits() {
    let values = [3.0, -0.0, 0.1, 1e-7, 1e300, f64::MIN_POSITIVE, 1.0 / 3.0, 123_456_789.0];
    let text = csv(&[one(Cells::Real(values.iter().map(|v| Some(*v)).collect()))]);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines[..5], ["3.0", "0.0", "0.1", "1e-7", "1e300"]);
    for (line, value) in lines.iter().zip(values) {
        assert!(line.contains(['.', 'e']), "{line} could be read as a whole number");
        assert_eq!(line.parse::<f64>().unwrap(), value);
    }
}

#[test]
fn lines_with_breaks_are_quoted() {
    let text = csv(&[one(Cells::Text(vec![Some("a\nb".into()), Some("c\r".into()), Some("plain".into())]))]);
    assert_eq!(text, "v\n\"a\nb\"\n\"c\r\"\nplain\n");
}

#[test]
fn tables_that_do_not_fit_are_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let good = one(Cells::Real(vec![Some(1.0)]));
    let mut other_unit = good.clone();
    other_unit.columns[0].unit = "um".into();
    let mut twice = good.clone();
    twice.push(twice.columns[0].clone());
    let bad = [
        batch(&one(Cells::Int(vec![Some(1)]))).unwrap(),
        unchecked(vec![Some(2.0), Some(f64::NAN)]),
        unchecked(vec![Some(f64::INFINITY)]),
        batch(&other_unit).unwrap(),
        batch(&twice).unwrap(),
        RecordBatch::new_empty(arrow_schema::Schema::empty().into()),
    ];
    let good = batch(&good).unwrap();
    let path = dir.path().join("t.csv");
    let mut sink = CsvSink::open(&path).unwrap();
    let mut pq = ParquetSink::open(dir.path().join("t.parquet")).unwrap();
    // A first table that is refused leaves the sink as it was.
    assert!(sink.append(&bad[1]).is_err() && pq.append(&bad[1]).is_err());
    sink.append(&good).unwrap();
    pq.append(&good).unwrap();
    for table in &bad {
        for e in [sink.append(table).unwrap_err(), pq.append(table).unwrap_err()] {
            assert!(e.path.is_some(), "{e}");
        }
    }
    sink.append(&good).unwrap();
    sink.finish().unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "v\n1.0\n1.0\n");
    drop(pq);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "an unfinished file was left");
}

#[test]
fn a_sink_without_a_table_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    CsvSink::open(dir.path().join("a.csv")).unwrap().finish().unwrap();
    ParquetSink::open(dir.path().join("a.parquet")).unwrap().finish().unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn parquet_reads_back_with_its_dictionary() {
    use ::parquet::file::reader::{FileReader, SerializedFileReader};
    use ::parquet::record::Field;
    let bytes = parquet(&[table(0, 100), table(100, 300)]);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("t"), &bytes).unwrap();
    let file = SerializedFileReader::new(fs::File::open(dir.path().join("t")).unwrap()).unwrap();
    let meta = file.metadata().file_metadata();
    assert_eq!(meta.created_by(), Some(concat!("uptake version ", env!("CARGO_PKG_VERSION"))));
    let note = meta.key_value_metadata().unwrap().iter().find(|kv| kv.key == "uptake.columns").unwrap();
    let note: serde_json::Value = serde_json::from_str(note.value.as_ref().unwrap()).unwrap();
    assert_eq!((&note[2]["name"], &note[2]["unit"]), (&"area_um2".into(), &"um2".into()));
    let expected = table(0, 300);
    let (Cells::Text(text), Cells::Int(int), Cells::Real(real)) =
        (&expected.columns[0].cells, &expected.columns[1].cells, &expected.columns[2].cells)
    else {
        panic!("the columns are text, int, real")
    };
    let rows: Vec<_> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 300);
    for (i, row) in rows.iter().enumerate() {
        let cells: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
        assert_eq!(*cells[0], text[i].clone().map_or(Field::Null, Field::Str));
        assert_eq!(*cells[1], int[i].map_or(Field::Null, Field::Long));
        assert_eq!(*cells[2], real[i].map_or(Field::Null, Field::Double));
    }
}

#[test]
fn the_same_blocks_give_the_same_parquet() {
    let blocks = || [0, 1, 70_000, 199_999, 300_000].windows(2).map(|w| table(w[0], w[1])).collect::<Vec<Table>>();
    assert!(parquet(&blocks()) == parquet(&blocks()), "the same rows gave other bytes");
}

#[test]
fn parquet_fields_say_what_they_mean_and_row_groups_hold_whole_images() {
    use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use uptake::table::arrow::fact;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.parquet");
    let mut sink = ParquetSink::open(&path).unwrap();
    // Three columns: 65,536 rows a group.
    let images = [("a", 40_000), ("b", 30_000), ("c", 20_000), ("d", 100_000), ("e", 5)];
    for (name, rows) in images {
        sink.image(rows).unwrap();
        let mut t = table(0, rows as i64);
        t.columns[0].cells = Cells::Text(vec![Some(name.to_string()); rows]);
        sink.append(&batch(&t).unwrap()).unwrap();
    }
    sink.finish().unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
    let area = reader.schema().field(2);
    assert_eq!((fact(area, "unit"), fact(area, "definition")), ("um2", "what area_um2 is"));
    let group = |g: &::parquet::file::metadata::RowGroupMetaData| {
        let s = g.column(0).statistics().unwrap();
        let word = |b: Option<&[u8]>| String::from_utf8(b.unwrap().to_vec()).unwrap();
        (g.num_rows(), word(s.min_bytes_opt()), word(s.max_bytes_opt()))
    };
    let groups: Vec<_> = reader.metadata().row_groups().iter().map(group).collect();
    let expected = [(40_000, "a", "a"), (50_000, "b", "c"), (65_536, "d", "d"), (34_469, "d", "e")];
    assert_eq!(groups, expected.map(|(n, a, b)| (n, a.to_string(), b.to_string())));
}

#[test]
fn results_of_a_run_are_told_from_images() {
    use uptake::read::written_by_us;
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let shape = Shape::flat(6, 8);
    let voxels: Vec<u32> = (0..48).map(|i| u32::from(i > 20)).collect();
    let made = Labels::new(shape, voxels.clone()).unwrap();
    labels(at("a_nuclei.ome.tif"), "nuclei", &made, None).unwrap();
    write::nifti_labels(at("a_lesions.nii.gz"), "lesions", &made, None, None).unwrap();
    let volume = Volume::new(shape, vec![7; 48]).unwrap();
    overlay(at("a_nuclei.png"), light(&volume, None), &[("nuclei", &made)]).unwrap();
    let of = |name: &str| written_by_us(&at(name));
    assert_eq!(of("a_nuclei.ome.tif"), Some("a label image"));
    assert_eq!(of("a_lesions.nii.gz"), Some("a label image"));
    assert_eq!(of("a_nuclei.png"), Some("an overlay"));
    // The same writer makes images too, which are none; so does one that mentions the program.
    let image = Image { name: "nuclei", shape, spacing: None, channels: &[("nuclei", Pixels::Labels32(&voxels))] };
    ome::write(at("b_nuclei.ome.tif"), &image).unwrap();
    ome::write(at("c.ome.tif"), &Image { name: "uptake/label-image", ..image.clone() }).unwrap();
    assert_eq!((of("b_nuclei.ome.tif"), of("c.ome.tif"), of("missing.tif")), (None, None, None));
    // Versions before the mark: known in a folder of labels by who wrote them and for what.
    ome::write(at("old/labels/x/b_nuclei.ome.tif"), &image).unwrap();
    assert_eq!(of("old/labels/x/b_nuclei.ome.tif"), Some("a label image"));
    ome::write(at("old/labels/b_cells.ome.tif"), &image).unwrap();
    assert_eq!(of("old/labels/b_cells.ome.tif"), None);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images");
    let mut folders = vec![samples];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(written_by_us(&path), None, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 10);
}

#[test]
fn labels_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/l.ome.tif");
    let spacing = Spacing::um([2.0, 0.5, 0.25]);
    for (shape, largest, kind) in [
        (Shape::new(3, 70, 1100), 65535, "uint16"),
        (Shape::flat(5, 7), 65536, "uint32"),
        (Shape::flat(1, 1), 1, "uint16"),
    ] {
        let mut voxels: Vec<u32> = (0..shape.len() as u32).map(|i| i / 9 % 800).collect();
        *voxels.last_mut().unwrap() = largest;
        let set = "nuclei <\u{e9}>";
        labels(&path, set, &Labels::new(shape, voxels.clone()).unwrap(), spacing).unwrap();
        let first = fs::read(&path).unwrap();
        let (read_shape, read) = uptake::read::labels(&path, &Default::default()).unwrap();
        assert_eq!((read_shape, read), (shape, voxels.clone()));
        let scan = uptake::read::open(&path, &Default::default()).unwrap();
        assert_eq!(scan.channels[0].name, set);
        let read = scan.spacing.unwrap().zyx;
        assert_eq!(read[1..], [0.5, 0.25]);
        assert!(shape.is_flat() || read[0] == 2.0);
        let text = String::from_utf8_lossy(&first);
        assert!(text.contains(&format!("Type=\"{kind}\"")), "{kind}");
        labels(&path, set, &Labels::new(shape, voxels).unwrap(), spacing).unwrap();
        assert!(first == fs::read(&path).unwrap(), "the same labels gave other bytes");
    }
}

#[test]
fn pictures_of_several_channels_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("i.ome.tif");
    let a: Vec<u16> = (0..2 * 9 * 11).map(|i| (i * 7919 % 65536) as u16).collect();
    let b: Vec<u16> = a.iter().map(|v| !v).collect();
    let channels = [("DAPI", Pixels::Grey16(&a)), ("EGFR", Pixels::Grey16(&b))];
    let image =
        Image { name: "i", shape: Shape::new(2, 9, 11), spacing: Spacing::mm([3.0, 2.0, 2.0]), channels: &channels };
    ome::write(&path, &image).unwrap();
    let scan = uptake::read::open(&path, &Default::default()).unwrap();
    for (channel, (name, wanted)) in scan.channels.iter().zip([("DAPI", &a), ("EGFR", &b)]) {
        assert_eq!(channel.name, name);
        let samples: Vec<i32> = wanted.iter().map(|v| i32::from(*v)).collect();
        assert_eq!(channel.volume.samples.host().unwrap(), samples);
    }
    let short = [("DAPI", Pixels::Grey16(&a[1..]))];
    assert!(ome::write(&path, &Image { channels: &short, ..image.clone() }).is_err());
    assert!(ome::write(&path, &Image { channels: &[], ..image }).is_err());
}

/// A picture of microscopy.
fn light(volume: &Volume, spacing: Option<Spacing>) -> Picture<'_> {
    let caption = "DAPI".into();
    Picture { volume, beneath: None, caption, spacing, patient_grid: None, style: Style::Microscopy, longest: LONGEST }
}

fn picture(path: &Path) -> (u32, u32, Vec<[u8; 3]>) {
    let picture = image::open(path).unwrap().to_rgb8();
    (picture.width(), picture.height(), picture.pixels().map(|p| p.0).collect())
}

#[test]
fn overlays_have_coloured_lines_and_repeat() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("o.png");
    let shape = Shape::flat(500, 600);
    let inside = |i: usize| (100..200).contains(&(i / 600)) && (100..300).contains(&(i % 600));
    let voxels: Vec<u32> = (0..shape.len()).map(|i| u32::from(inside(i))).collect();
    let samples = voxels.iter().enumerate().map(|(i, v)| 100 + 900 * *v as i32 + (i % 7) as i32).collect();
    let (volume, object) = (Volume::new(shape, samples).unwrap(), Labels::new(shape, voxels).unwrap());
    overlay(&path, light(&volume, Spacing::um([1.0, 0.5, 0.5])), &[("nuclei", &object)]).unwrap();
    let (width, height, pixels) = picture(&path);
    assert!(width == 600 && height > 500, "the picture and a line below it");
    let coloured = |p: &[u8; 3]| p[0] != p[1] || p[1] != p[2];
    let count = pixels.iter().filter(|p| coloured(p)).count();
    assert_eq!(
        count,
        2 * 100 + 2 * 198 + 4 * 10,
        "the outline of 100 by 200, and the 10 dots of the digit 1 at twice the size"
    );
    assert!(coloured(&pixels[100 * 600 + 100]) && !coloured(&pixels[101 * 600 + 101]));
    assert!(pixels[600 * 150 + 150][0] > pixels[600 * 150 + 50][0] + 100, "the object is brighter");
    let first = fs::read(&path).unwrap();
    overlay(&path, light(&volume, Spacing::um([1.0, 0.5, 0.5])), &[("nuclei", &object)]).unwrap();
    assert!(first == fs::read(&path).unwrap(), "the same picture gave other bytes");
}

#[test]
fn overlays_of_any_image_can_be_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("o.png");
    let shapes =
        [Shape::flat(1, 1), Shape::flat(1, 3000), Shape::flat(3000, 2), Shape::new(5, 1, 40), Shape::new(2, 9, 9)];
    for shape in shapes {
        for spacing in [None, Spacing::um([0.3, 1e-6, 1e-6]), Spacing::mm([900.0, 2.0, 1.0])] {
            for extreme in [[0, 0], [i32::MIN, i32::MAX]] {
                let samples = (0..shape.len()).map(|i| extreme[i % 2]).collect();
                let volume = Volume::new(shape, samples).unwrap();
                let gaps = Labels::new(shape, (0..shape.len() as u32).map(|i| i / 3 * 1_000_000).collect()).unwrap();
                overlay(&path, light(&volume, spacing), &[("a", &gaps), ("b", &gaps)]).unwrap();
                let (width, height, _) = picture(&path);
                assert!(width.max(height) <= LONGEST as u32, "{width} x {height}");
            }
        }
    }
    let (image, other) = (Shape::flat(2, 2), Shape::flat(2, 3));
    let volume = Volume::new(image, vec![0; 4]).unwrap();
    let labels = Labels::new(other, vec![0; 6]).unwrap();
    let e = overlay(&path, light(&volume, None), &[("cells", &labels)]).unwrap_err();
    assert!(e.to_string().contains("cells"), "{e}");
}

#[test]
fn pictures_keep_every_pixel_up_to_the_size_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("o.png");
    for (shape, longest, expected) in [
        (Shape::flat(3, 4000), LONGEST, 4000),
        (Shape::flat(3, 4097), LONGEST, 2049),
        (Shape::flat(3, 4097), 8192, 4097),
        (Shape::flat(3, 700), 256, 234),
        (Shape::flat(1, 20), 256, 240),
        // Two panels and the gap between them.
        (Shape::new(2, 3, 2000), LONGEST, 2 * 2000 + 8),
        (Shape::new(2, 3, 2000), 1024, 2 * 500 + 8),
    ] {
        let volume = Volume::new(shape, vec![1; shape.len()]).unwrap();
        overlay(&path, Picture { longest, ..light(&volume, None) }, &[]).unwrap();
        assert_eq!(picture(&path).0, expected, "{shape}, {longest}");
    }
}

#[test]
fn two_channels_are_shown_in_grey_and_blue() {
    let dir = tempfile::tempdir().unwrap();
    let [path, again] = ["o.png", "p.png"].map(|name| dir.path().join(name));
    let shape = Shape::flat(500, 600);
    let volume = |from: usize, to: usize| {
        let samples = (0..shape.len()).map(|i| if (from..to).contains(&(i % 600)) { 900 } else { 100 }).collect();
        Volume::new(shape, samples).unwrap()
    };
    let (probe, nuclear) = (volume(200, 400), volume(300, 500));
    let object =
        Labels::new(shape, (0..shape.len()).map(|i| u32::from(i / 600 < 50 && i % 600 < 50)).collect()).unwrap();
    let drawn = Picture { beneath: Some(&nuclear), ..light(&probe, None) };
    let mut backdrop = Backdrop::new(drawn).unwrap();
    backdrop.overlay(&path, &[("cells", &object)]).unwrap();
    let pixels = picture(&path).2;
    let [none, grey, both, blue] = [100, 250, 350, 450].map(|x| pixels[250 * 600 + x]);
    assert_eq!((none, grey, both), ([0; 3], [225; 3], [225; 3]));
    assert!(blue[2] == 225 && blue[0] < 100 && blue[1] < 100, "{blue:?}");
    // A second set over the same ground is drawn as if it were the first.
    backdrop.overlay(&again, &[("cells", &object)]).unwrap();
    assert!(fs::read(&path).unwrap() == fs::read(&again).unwrap());
    let other = Volume::new(Shape::flat(5, 6), vec![0; 30]).unwrap();
    assert!(Backdrop::new(Picture { beneath: Some(&other), ..light(&probe, None) }).is_err());
}

#[test]
fn pictures_are_the_same_for_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    for (shape, spacing) in [
        (Shape::flat(300, 420), Spacing::um([1.0, 0.5, 0.5])),
        (Shape::flat(90, 5000), None),
        (Shape::new(9, 60, 40), Spacing::um([2.0, 0.5, 0.5])),
        (Shape::new(40, 30, 50), Spacing::mm([3.0, 2.0, 2.0])),
    ] {
        let samples = (0..shape.len()).map(|i| (i * 2_654_435_761 % 977) as i32 + (i % shape.x) as i32).collect();
        let ball = |i: usize| shape.position(i).iter().zip([6, 11, 13]).fold(1, |n, (p, k)| n * 7 + p / k) as u32;
        let volume = Volume::new(shape, samples).unwrap();
        let set = Labels::new(shape, (0..shape.len()).map(|i| ball(i) * u32::from(i % 13 > 1)).collect()).unwrap();
        let drawn = [1, 7].map(|threads| {
            let path = dir.path().join(format!("{threads}.png"));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| overlay(&path, light(&volume, spacing), &[("cells", &set), ("again", &set)])).unwrap();
            fs::read(path).unwrap()
        });
        assert!(drawn[0] == drawn[1], "{shape}");
    }
}

/// A picture of PET.
fn pet<'a>(
    volume: &'a Volume,
    spacing: Option<Spacing>,
    patient_grid: Option<PatientGrid>,
    unit: &'static str,
) -> Picture<'a> {
    Picture { style: Style::Pet { unit }, caption: String::new(), patient_grid, ..light(volume, spacing) }
}

#[test]
fn pictures_of_pet_show_both_sides_on_white() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("o.png");
    // A hot block at the patient's left, back and foot; voxels of 4 x 2 x 2 mm.
    let shape = Shape::new(20, 30, 40);
    let hot = |i: usize| shape.position(i).iter().zip([4..8, 20..24, 30..35]).all(|(p, side)| side.contains(p));
    let object = Labels::new(shape, (0..shape.len()).map(|i| u32::from(hot(i))).collect()).unwrap();
    let mut volume = Volume::new(shape, (0..shape.len()).map(|i| if hot(i) { 3000 } else { 5 }).collect()).unwrap();
    volume.scale = uptake::image::Scale::new(0.01, 0.0).unwrap();
    let sets = [("lesions", &object)];
    let spacing = Spacing::mm([4.0, 2.0, 2.0]);
    let drawn = pet(&volume, spacing, Some(PatientGrid::STRAIGHT), uptake::image::SUV_UNIT);
    overlay(&path, drawn.clone(), &sets).unwrap();
    let (width, height, pixels) = picture(&path);
    // 80 mm are 1024 pixels; the panels are 80 and 60 mm wide.
    assert!(width == 1024 + 64 + 768 && height > 1024, "{width} x {height}");
    let at = |z: f64, a: f64| pixels[((80.0 - z) * 12.8) as usize * width as usize + (a * 12.8) as usize];
    let side = |y: f64| y + 1088.0 / 12.8;
    assert_eq!((at(24.0, 65.0), at(24.0, side(44.0))), ([0; 3], [0; 3]), "hot is black");
    assert_eq!((at(60.0, 65.0), at(24.0, side(20.0))), ([254; 3], [254; 3]), "the ground is white");
    let coloured = |p: [u8; 3]| p[0] != p[1] || p[1] != p[2];
    assert!(coloured(at(24.0, 60.05)) && coloured(at(24.0, side(40.05))), "the outline of each projection");
    let number = |x: usize| {
        pixels[560 * width as usize..800 * width as usize].chunks(width as usize).any(|row| coloured(row[x]))
    };
    assert!((898..912).any(number), "the number beside the lesion");
    let first = fs::read(&path).unwrap();
    overlay(&path, drawn, &sets).unwrap();
    assert!(first == fs::read(&path).unwrap(), "the same picture gave other bytes");
    for (shape, spacing) in [(Shape::flat(3, 4), None), (Shape::new(900, 1, 2), Spacing::mm([4.0, 900.0, 1e-6]))] {
        for extreme in [[0, 0], [i32::MIN, i32::MAX]] {
            let volume = Volume::new(shape, (0..shape.len()).map(|i| extreme[i % 2]).collect()).unwrap();
            overlay(&path, pet(&volume, spacing, None, "Bq/ml"), &[]).unwrap();
            let (width, height, _) = picture(&path);
            assert!(width.max(height) <= LONGEST as u32, "{width} x {height}");
        }
    }
}

/// `uptake run SAMPLE --out OUT` with more arguments; whether it ended well, and what it said.
fn run(sample: &str, out: &Path, more: &[&str]) -> (bool, String) {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images").join(sample);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_uptake"));
    command.arg("run").arg(sample).args(["--device", "cpu", "--no-labels", "--out"]).arg(out).args(more);
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn overlays_of_a_run_have_the_size_asked_for_also_after_another_one() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("o");
    let widths = [&["--overlay-size", "256"][..], &["--overlay-size", "512", "--resume"], &["--resume"]].map(|more| {
        let (good, said) = run("tumour_field.ome.tif", &out, more);
        assert!(good, "{said}");
        picture(&out.join("overlays/tumour_field.ome_cells.png")).0
    });
    assert_eq!(widths, [256, 512, 1024], "reduced, as it is, enlarged to be read");
    let (good, said) = run("tumour_field.ome.tif", &dir.path().join("p"), &["--overlay-size", "3"]);
    assert!(!good && said.contains("256 to 32768"), "{said}");
}

#[test]
fn every_set_of_pet_has_its_picture_and_words_have_their_columns() {
    let dir = tempfile::tempdir().unwrap();
    let (good, said) = run("pet/phantom.nii.gz", dir.path(), &[]);
    assert!(good && said.contains("1 warning: see the column warnings of images.csv"), "{said}");
    for set in ["lesions", "suv25", "pct41", "pct50"] {
        assert!(picture(&dir.path().join(format!("overlays/phantom_{set}.png"))).0 > 1024, "{set}");
    }
    let mut table = ::csv::Reader::from_path(dir.path().join("images.csv")).unwrap();
    let names: Vec<String> = table.headers().unwrap().iter().map(String::from).collect();
    let row = table.records().next().unwrap().unwrap();
    let at = |name: &str| names.iter().position(|n| n == name).unwrap();
    assert_eq!([at("notes"), at("empty_columns")], [at("warnings") + 1, at("warnings") + 2]);
    let cell = |name: &str| &row[at(name)];
    assert_eq!(cell("warnings"), "the half-life of F18 is taken as 6586.2 s: the file has none");
    assert!(cell("notes").contains("lesions: 3 of 6 objects dropped by size"), "{}", cell("notes"));
    assert!(!cell("notes").contains("empty") && cell("empty_columns").contains("lesions: 1 empty columns"));
}

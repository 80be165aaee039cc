//! The sample images: what each one shows, and the files around them.
//!
//! Every image starts from its own fixed seed, so one can change without the others. Only arithmetic that gives the same
//! numbers everywhere is used: the files are the same bytes on every machine.

mod field;
mod nuclei;
mod pet;
mod probe;
mod random;

use field::{Camera, Field};
use nuclei::{Grid, Nucleus, Population, light, owners, throw, truth};
use random::Random;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use uptake::table::{Cells, Column, Table};
use uptake::units::{Shape, Spacing};
use uptake::write::ome::{self, Image, Pixels};
use uptake::write::{CsvSink, Draft};
use uptake::{Error, Result};

/// What the manifest says of a file.
struct Entry {
    file: String,
    shape: String,
    channels: &'static str,
    spacing: String,
    objects: Option<usize>,
    what: &'static str,
}

const CAMERA: Camera = Camera { offset: 100.0, read_noise: 2.5 };

/// Makes the whole folder.
pub fn make(folder: &Path) -> Result<()> {
    let makers = [tumour_field, dense_nuclei, low_signal, spheroid, spots];
    let mut entries = Vec::new();
    for maker in makers {
        entries.extend(maker(folder)?);
    }
    entries.extend(pet::make(folder)?);
    Draft::write(folder.join(".uptakeignore"), b"# Not images to measure.\ntruth/\nmanifest.csv\n*_exclude.nii.gz\n")?;
    manifest(folder, &entries)
}

/// A tissue section: touching nuclei of varying brightness, some out of focus; a receptor on the membranes of most cells.
fn tumour_field(folder: &Path) -> Result<[Entry; 2]> {
    let mut random = Random::new(1);
    let grid = Grid { shape: Shape::flat(512, 512), spacing: [1.0, 0.5, 0.5] };
    let population =
        Population { count: 150, radius: 5.0, touching: 0.2, brightness: [350.0, 1500.0], out_of_focus: 0.1 };
    let nuclei = throw(&grid, &population, |_| true, &mut random);
    let (labels, count) = truth(&owners(&grid, &nuclei, 0.0), nuclei.len());

    let mut dapi = stain(&grid, &nuclei, [0.0, 0.6, 0.6], &mut random);
    debris(&mut dapi, 25, 250.0, &mut random);
    uneven(&mut dapi, 90.0, 0.5);
    let mut egfr = probe::membranes(&grid, &nuclei, 4.0, |_| 1.0, &mut random);
    egfr.blur([0.0, 1.1, 1.1]);
    haze(&mut egfr, 0.15);
    uneven(&mut egfr, 60.0, 0.3);

    let (dapi, egfr) = (dapi.expose(&CAMERA, &mut random), egfr.expose(&CAMERA, &mut random));
    let channels = [("DAPI", Pixels::Grey16(&dapi)), ("EGFR", Pixels::Grey16(&egfr))];
    let spacing = Spacing::um(grid.spacing);
    let image = Entry {
        file: "tumour_field.ome.tif".into(),
        shape: grid.shape.to_string(),
        channels: "DAPI EGFR",
        spacing: "0.5 um".into(),
        objects: Some(count),
        what: "tissue section: touching nuclei of varying brightness, some out of focus; EGFR on the membranes of most cells",
    };
    ome::write(
        folder.join(&image.file),
        &Image { name: "tumour_field", shape: grid.shape, spacing, channels: &channels },
    )?;
    let truth = true_nuclei(folder, "truth/tumour_field_nuclei.ome.tif", "0.5 um", &grid, spacing, &labels, count)?;
    Ok([image, truth])
}

/// A culture grown dense, saved without calibration or names.
fn dense_nuclei(folder: &Path) -> Result<[Entry; 2]> {
    let mut random = Random::new(2);
    let grid = Grid { shape: Shape::flat(400, 400), spacing: [1.0; 3] };
    let population =
        Population { count: 150, radius: 9.0, touching: 0.25, brightness: [400.0, 1200.0], out_of_focus: 0.05 };
    let nuclei = throw(&grid, &population, |_| true, &mut random);
    let (labels, count) = truth(&owners(&grid, &nuclei, 0.0), nuclei.len());
    let mut field = stain(&grid, &nuclei, [0.0, 1.2, 1.2], &mut random);
    uneven(&mut field, 120.0, 0.8);
    let grey = field.expose(&CAMERA, &mut random);
    let image = Entry {
        file: "dense_nuclei.tif".into(),
        shape: grid.shape.to_string(),
        channels: "",
        spacing: "".into(),
        objects: Some(count),
        what: "dense culture on a slanted background; plain TIFF without calibration",
    };
    let path = folder.join(&image.file);
    let mut draft = Draft::create(&path)?;
    let deflate = tiff::encoder::Compression::Deflate(tiff::encoder::DeflateLevel::Balanced);
    tiff::encoder::TiffEncoder::new(&mut draft)
        .and_then(|file| {
            let mut file = file.with_compression(deflate).with_predictor(tiff::encoder::Predictor::Horizontal);
            file.write_image::<tiff::encoder::colortype::Gray16>(grid.shape.x as u32, grid.shape.y as u32, &grey)
        })
        .map_err(|e| Error::io(e.to_string()).at(&path))?;
    draft.commit()?;
    let truth = true_nuclei(folder, "truth/dense_nuclei_nuclei.ome.tif", "", &grid, None, &labels, count)?;
    Ok([image, truth])
}

/// A short exposure: few photons a pixel.
fn low_signal(folder: &Path) -> Result<[Entry; 2]> {
    let mut random = Random::new(3);
    let grid = Grid { shape: Shape::flat(384, 384), spacing: [1.0, 0.65, 0.65] };
    let population =
        Population { count: 90, radius: 6.0, touching: 0.15, brightness: [30.0, 75.0], out_of_focus: 0.05 };
    let nuclei = throw(&grid, &population, |_| true, &mut random);
    let (labels, count) = truth(&owners(&grid, &nuclei, 0.0), nuclei.len());
    let mut field = stain(&grid, &nuclei, [0.0, 0.7, 0.7], &mut random);
    uneven(&mut field, 14.0, 0.4);
    let grey = field.expose(&CAMERA, &mut random);
    let spacing = Spacing::um(grid.spacing);
    let image = Entry {
        file: "low_signal.ome.tif".into(),
        shape: grid.shape.to_string(),
        channels: "Hoechst",
        spacing: "0.65 um".into(),
        objects: Some(count),
        what: "short exposure: a few dozen photons a pixel",
    };
    let channels = [("Hoechst", Pixels::Grey16(&grey))];
    ome::write(
        folder.join(&image.file),
        &Image { name: "low_signal", shape: grid.shape, spacing, channels: &channels },
    )?;
    let truth = true_nuclei(folder, "truth/low_signal_nuclei.ome.tif", "0.65 um", &grid, spacing, &labels, count)?;
    Ok([image, truth])
}

/// A stack: slices four times as far apart as pixels, dimmer with depth; a probe that reaches the outer cells only.
fn spheroid(folder: &Path) -> Result<[Entry; 2]> {
    let mut random = Random::new(4);
    let grid = Grid { shape: Shape::new(24, 160, 160), spacing: [2.0, 0.5, 0.5] };
    let middle = grid.extent().map(|e| e / 2.0);
    // 0 in the middle, 1 at the surface.
    let outward = |p: [f64; 3]| {
        let half = [21.0, 34.0, 34.0];
        (0..3).map(|a| (p[a] - middle[a]) / half[a]).map(|d| d * d).sum::<f64>().sqrt()
    };
    let population =
        Population { count: 64, radius: 4.6, touching: 0.2, brightness: [300.0, 900.0], out_of_focus: 0.0 };
    let nuclei = throw(&grid, &population, |p| outward(p) < 0.9, &mut random);
    let (labels, count) = truth(&owners(&grid, &nuclei, 0.0), nuclei.len());

    let mut dapi = stain(&grid, &nuclei, [1.3, 0.4, 0.4], &mut random);
    let mut drug = probe::membranes(&grid, &nuclei, 2.5, |p| libm::exp((outward(p) - 1.0) * 3.0), &mut random);
    drug.blur([0.65, 0.9, 0.9]);
    haze(&mut drug, 0.15);
    for field in [&mut dapi, &mut drug] {
        for (i, v) in field.v.iter_mut().enumerate() {
            *v *= libm::exp(-grid.place(i)[0] / 70.0);
        }
        uneven(field, 20.0, 0.3);
    }

    let (dapi, drug) = (dapi.expose(&CAMERA, &mut random), drug.expose(&CAMERA, &mut random));
    let channels = [("DAPI", Pixels::Grey16(&dapi)), ("Cetuximab-AF647", Pixels::Grey16(&drug))];
    let spacing = Spacing::um(grid.spacing);
    let image = Entry {
        file: "spheroid_3d.ome.tif".into(),
        shape: grid.shape.to_string(),
        channels: "DAPI Cetuximab-AF647",
        spacing: "2 x 0.5 x 0.5 um".into(),
        objects: Some(count),
        what: "tumour spheroid as a stack, dimmer with depth; a labelled antibody that reaches the outer cells",
    };
    ome::write(
        folder.join(&image.file),
        &Image { name: "spheroid_3d", shape: grid.shape, spacing, channels: &channels },
    )?;
    let file = "truth/spheroid_3d_nuclei.ome.tif";
    let truth = true_nuclei(folder, file, "2 x 0.5 x 0.5 um", &grid, spacing, &labels, count)?;
    Ok([image, truth])
}

/// Points of light of the size of the optics, in an 8-bit picture.
fn spots(folder: &Path) -> Result<[Entry; 2]> {
    let mut random = Random::new(5);
    let (shape, sigma) = (Shape::flat(256, 256), 1.4);
    let mut field = Field::grain(shape, [0.0, 14.0, 14.0], &mut random);
    field.v.iter_mut().for_each(|v| *v = 14.0 + 4.0 * *v);
    let mut places: Vec<[f64; 3]> = Vec::new();
    while places.len() < 80 {
        let (y, x) = (random.between(5.0, 251.0), random.between(5.0, 251.0));
        if places.iter().all(|p| (p[0] - y) * (p[0] - y) + (p[1] - x) * (p[1] - x) > 36.0) {
            let peak = random.between(28.0, 130.0);
            point(&mut field, [y, x], sigma, peak);
            places.push([y, x, peak]);
        }
    }
    places.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let camera = Camera { offset: 12.0, read_noise: 1.5 };
    let grey: Vec<u8> = field.expose(&camera, &mut random).into_iter().map(|v| v.min(255) as u8).collect();
    let image = Entry {
        file: "spots.png".into(),
        shape: shape.to_string(),
        channels: "",
        spacing: "".into(),
        objects: Some(places.len()),
        what: "points of light (sigma 1.4 px) on an uneven ground; 8-bit grey PNG",
    };
    let path = folder.join(&image.file);
    let mut png = std::io::Cursor::new(Vec::new());
    image::write_buffer_with_format(&mut png, &grey, 256, 256, image::ExtendedColorType::L8, image::ImageFormat::Png)
        .map_err(|e| Error::io(e.to_string()).at(&path))?;
    Draft::write(&path, &png.into_inner())?;

    let list = Entry {
        file: "truth/spots.csv".into(),
        shape: String::new(),
        channels: "",
        spacing: "".into(),
        objects: Some(places.len()),
        what: "true middles of the spots in spots.png, from the middle of the first pixel, and their peak in photons",
    };
    let real = |name: &str, unit: &str, a: usize| {
        column(name, unit, Cells::Real(places.iter().map(|p| Some((p[a] * 100.0).round() / 100.0)).collect()))
    };
    let columns = vec![real("y_px", "px", 0), real("x_px", "px", 1), real("peak_photons", "1", 2)];
    let mut sink = CsvSink::open(folder.join(&list.file))?;
    sink.append(&uptake::table::arrow::batch(&Table { columns })?)?;
    sink.finish()?;
    Ok([image, list])
}

/// Stained nuclei as the optics show them: grain of chromatin, blur, haze. `psf` is the blur in micrometres.
fn stain(grid: &Grid, nuclei: &[Nucleus], psf: [f64; 3], random: &mut Random) -> Field {
    let voxels = |length: [f64; 3]| [0, 1, 2].map(|a| length[a] / grid.spacing[a]);
    let grain = Field::grain(grid.shape, grid.voxels(0.11 * mean_radius(nuclei)), random);
    let [mut sharp, mut dull] = light(grid, nuclei, &owners(grid, nuclei, 0.0), &grain);
    sharp.blur(voxels(psf));
    dull.blur(voxels(psf.map(|s| 2.2 * s)));
    sharp.add(&dull);
    haze(&mut sharp, 0.1);
    sharp
}

fn mean_radius(nuclei: &[Nucleus]) -> f64 {
    nuclei.iter().map(|n| n.radius).sum::<f64>() / nuclei.len().max(1) as f64
}

/// Light from above and below the focus.
fn haze(field: &mut Field, part: f64) {
    let mut far = field.clone();
    far.blur([1.5, 22.0, 22.0]);
    far.v.iter_mut().for_each(|v| *v *= part);
    field.add(&far);
}

/// A ground that rises towards one corner by `slope`, and lamps that are brightest in the middle.
fn uneven(field: &mut Field, ground: f64, slope: f64) {
    let lamp = |[_, y, x]: [f64; 3]| 1.0 - 0.35 * ((y - 0.45) * (y - 0.45) + (x - 0.55) * (x - 0.55));
    let s = field.shape;
    for (i, v) in field.v.iter_mut().enumerate() {
        let [_, y, x] = s.position(i);
        *v *= lamp([0.0, y as f64 / s.y as f64, x as f64 / s.x as f64]);
    }
    field.add_each(|p| ground * (1.0 + slope * (p[1] + p[2] - 1.0)) * lamp(p));
}

/// Specks, smaller than nuclei.
fn debris(field: &mut Field, count: usize, peak: f64, random: &mut Random) {
    for _ in 0..count {
        let place = [field.shape.y, field.shape.x].map(|n| random.between(0.0, n as f64));
        let (sigma, peak) = (random.between(0.7, 1.4), peak * random.between(0.5, 2.0));
        point(field, place, sigma, peak);
    }
}

/// Adds a point of light to a flat field; `at` is y and x from the middle of the first pixel.
fn point(field: &mut Field, at: [f64; 2], sigma: f64, peak: f64) {
    let s = field.shape;
    for (i, v) in field.v.iter_mut().enumerate() {
        let [_, y, x] = s.position(i);
        let d2 = (y as f64 - at[0]) * (y as f64 - at[0]) + (x as f64 - at[1]) * (x as f64 - at[1]);
        if d2 < 25.0 * sigma * sigma {
            *v += peak * libm::exp(-0.5 * d2 / (sigma * sigma));
        }
    }
}

fn true_nuclei(
    folder: &Path,
    file: &'static str,
    said: &'static str,
    grid: &Grid,
    spacing: Option<Spacing>,
    labels: &[u32],
    count: usize,
) -> Result<Entry> {
    let channels = [("nuclei", Pixels::Labels16(labels))];
    ome::write(folder.join(file), &Image { name: "nuclei", shape: grid.shape, spacing, channels: &channels })?;
    let shape = grid.shape.to_string();
    Ok(Entry {
        file: file.into(),
        shape,
        channels: "nuclei",
        spacing: said.into(),
        objects: Some(count),
        what: "true nuclei",
    })
}

fn column(name: &str, unit: &str, cells: Cells) -> Column {
    Column::new(name, unit, "", cells)
}

fn manifest(folder: &Path, entries: &[Entry]) -> Result<()> {
    let mut hashes = Vec::new();
    for entry in entries {
        let path = folder.join(&entry.file);
        let bytes = fs::read(&path).map_err(|e| Error::from(e).at(&path))?;
        hashes.push(Some(Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>()));
    }
    let text = |name: &str, f: &dyn Fn(&Entry) -> String| {
        let cells = entries.iter().map(|e| Some(f(e)).filter(|s| !s.is_empty())).collect();
        column(name, "", Cells::Text(cells))
    };
    let columns = vec![
        text("file", &|e| e.file.clone()),
        column("sha256", "", Cells::Text(hashes)),
        text("shape", &|e| e.shape.clone()),
        text("channels", &|e| e.channels.into()),
        text("spacing", &|e| e.spacing.clone()),
        column("objects", "1", Cells::Int(entries.iter().map(|e| e.objects.map(|n| n as i64)).collect())),
        text("licence", &|_| "CC0-1.0".into()),
        text("what", &|e| e.what.into()),
    ];
    let mut sink = CsvSink::open(folder.join("manifest.csv"))?;
    sink.append(&uptake::table::arrow::batch(&Table { columns })?)?;
    sink.finish()
}

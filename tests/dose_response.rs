//! Doses and responses: layouts, curves, places on the plate, pictures. Kinds of test: oracle (plates of known curves), invariant (shards,
//! threads), mechanics (what is refused, what is said where there is no curve).

#![allow(clippy::unwrap_used, reason = "a test may")]

use image::{ImageBuffer, Luma};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const RECIPE: &str = "
spacing_um = 0.5
[files]
groups = '{plate}/{well}.png'
[channels]
signal = [0]
[objects.spots]
channel = 'signal'
steps = [{ op = 'threshold', method = 'fixed', value = 600 }, { op = 'label' }]
write = false
[plates]
layout = 'layout.csv'
columns = 'image_mean_signal'
heat_maps = 'image_mean_*'
[plates.responses]
";

/// A folder with plates of images, a layout and a recipe.
struct Bench {
    dir: tempfile::TempDir,
    layout: String,
    noise: u32,
}

impl Bench {
    fn new(recipe: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("recipe.toml"), recipe).unwrap();
        Bench { dir, layout: "well,plate,compound,dose,unit,control\n".into(), noise: 1 }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A well of 64 by 64 pixels with disks whose light follows `response`, from 0 to 1, with noise of 2 %.
    fn well(&mut self, plate: &str, well: &str, response: f64) {
        let path = self.at(&format!("in/{plate}/{well}.png"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut random = || {
            self.noise = self.noise.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            f64::from(self.noise >> 8) / f64::from(1 << 24)
        };
        let noise = (0..12).map(|_| random()).sum::<f64>() - 6.0;
        let light = 3000.0 + 40000.0 * (response * (1.0 + 0.02 * noise)).max(0.0);
        let disk = |x: u32, y: u32| (x % 16).abs_diff(8).pow(2) + (y % 16).abs_diff(8).pow(2) <= 25;
        let pixel = |x, y| Luma([if disk(x, y) { light } else { 200.0 + f64::from((x * 7 + y * 13) % 32) } as u16]);
        ImageBuffer::from_fn(64, 64, pixel).save(path).unwrap();
    }

    /// A line of the layout.
    fn line(&mut self, cells: std::fmt::Arguments) {
        writeln!(self.layout, "{cells}").unwrap();
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        std::fs::write(self.at("layout.csv"), &self.layout).unwrap();
        let args = ["run", "in", "--recipe", "recipe.toml", "--device", "cpu", "--no-labels", "-o", out];
        self.uptake(&[&args[..], more].concat())
    }

    fn uptake(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(self.dir.path()).args(args).output().unwrap()
    }

    fn responses(&self, out: &str) -> Vec<Row> {
        rows(&self.at(&format!("{out}/responses.csv")))
    }
}

type Row = HashMap<String, String>;
/// Response to a dose.
type Curve = &'static dyn Fn(f64) -> f64;

fn rows(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {row:?}"))
}

fn name(row: u32, column: u32) -> String {
    let letter = |k: u32| char::from(b'A' + (k % 26) as u8);
    format!("{}{}{column:02}", if row > 26 { "A" } else { "" }, letter(row - 1))
}

fn logistic(dose: f64, ec50: f64, hill: f64) -> f64 {
    1.0 / (1.0 + (ec50 / dose).powf(hill))
}

fn passes(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Oracle: fourteen compounds of known EC50 on 384 wells, rising and falling, ten doses in two wells each.
#[test]
fn a_plate_of_384_wells_gives_its_curves() {
    let mut bench = Bench::new(RECIPE);
    let mut truth = BTreeMap::new();
    for row in 1..=16 {
        for column in 1..=24 {
            let well = name(row, column);
            let is_outside = row == 1 || row == 16 || !(3..=22).contains(&column);
            if is_outside {
                let control = if column % 2 == 0 { "positive" } else { "negative" };
                bench.line(format_args!("{well},,,,,{control}"));
                bench.well("P1", &well, if column % 2 == 0 { 1.0 } else { 0.1 });
                continue;
            }
            let (compound, hill) = (format!("C{row:02}"), 0.8 + 0.1 * f64::from(row));
            let ec50 = 20.0 * 1.4f64.powi(row as i32 - 2);
            let dose = 3.0f64.powi(((column - 3) / 2) as i32);
            let part = logistic(dose, ec50, hill);
            bench.line(format_args!("{well},,{compound},{dose},nM,"));
            bench.well("P1", &well, 0.1 + 0.8 * if row % 2 == 0 { part } else { 1.0 - part });
            truth.insert(compound, (ec50, if row % 2 == 0 { hill } else { -hill }));
        }
    }
    passes(&bench.run("out", &[]));
    let responses = bench.responses("out");
    assert_eq!(responses.len(), 14);
    for row in &responses {
        let (ec50, hill) = truth[&row["compound"]];
        let text = |name: &str| row[name].as_str();
        assert_eq!(["plate", "response", "dose_unit", "reason"].map(text), ["P1", "mean_image_mean_signal", "nM", ""]);
        assert_eq!(["wells", "doses", "dose_min", "dose_max"].map(text), ["20", "10", "1.0", "19683.0"]);
        assert!((number(row, "ec50") / ec50 - 1.0).abs() < 0.1, "{ec50}: {row:?}");
        assert!(number(row, "ec50_low") < ec50 * 1.05 && number(row, "ec50_high") > ec50 * 0.95, "{ec50}: {row:?}");
        assert!((number(row, "hill") / hill - 1.0).abs() < 0.15, "{hill}: {row:?}");
        assert!(number(row, "r2") > 0.99 && number(row, "bottom") < number(row, "top"), "{row:?}");
    }
    let plates = &rows(&bench.at("out/plates.csv"))[0];
    assert_eq!(["plate_format", "wells"].map(|c| plates[c].as_str()), ["384", "384"]);
    assert!(number(plates, "z_prime_image_mean_signal") > 0.8);
    assert!(plates["edge_difference_image_mean_signal"].is_empty(), "all wells at the edge are controls");
    assert!(number(plates, "column_eta2_image_mean_signal") < 0.5);
    let features = rows(&bench.at("out/features.csv"));
    let described = |column: &String| features.iter().any(|f| f["table"] == "responses" && f["column"] == *column);
    assert!(responses[0].keys().all(described));
    for picture in ["heat_map_image_mean_signal", "responses_mean_image_mean_signal"] {
        let text = std::fs::read_to_string(bench.at(&format!("out/plates/P1/{picture}.svg"))).unwrap();
        assert!(roxmltree::Document::parse(&text).is_ok_and(|d| d.descendants().count() > 300), "{picture}");
    }
}

/// Two plates of 96 wells of one compound with missing wells, doses in two units, and replicates.
fn two_plates(responses: &str) -> Bench {
    let mut bench = Bench::new(&format!("{RECIPE}{responses}"));
    for plate in ["P1", "P2"] {
        // The second plate is half as bright: as a lamp that has aged.
        let bright = if plate == "P1" { 1.0 } else { 0.5 };
        for column in 1..=10u32 {
            for row in 3..=5 {
                let (well, dose) = (name(row, column), 0.1 * 3.0f64.powi(column as i32 - 1));
                // The third row says the same in another unit.
                let (written, unit) = if row == 5 { (dose / 1000.0, "\u{b5}M") } else { (dose, "nM") };
                bench.line(format_args!("{well},{plate},EGF,{written},{unit},"));
                if column != 4 || row != 4 {
                    bench.well(plate, &well, bright * (0.2 + 0.7 * logistic(dose, 9.0, 1.0)));
                }
            }
            bench.line(format_args!("A{column:02},{plate},EGF,0,nM,"));
            bench.well(plate, &format!("A{column:02}"), bright * 0.2);
            bench.line(format_args!("H{column:02},{plate},,,,positive"));
            bench.well(plate, &format!("H{column:02}"), bright * 0.9);
        }
    }
    bench
}

/// Oracle: the wells of both plates lie on one curve once each is set against its own controls.
#[test]
fn plates_that_repeat_each_other_give_one_curve_more() {
    let bench = two_plates("value = 'percent_effect'");
    let output = bench.run("out", &[]);
    passes(&output);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("note: EGF: doses are given in nM and uM; all are in nM here"), "{said}");
    let responses = bench.responses("out");
    let text = |column: &str| responses.iter().map(|r| r[column].clone()).collect::<Vec<_>>();
    assert_eq!(text("plate"), ["P1", "P2", ""]);
    assert_eq!(
        (text("wells"), text("doses")),
        (vec!["29".into(), "29".into(), "58".into()], vec!["10".to_string(); 3])
    );
    for row in &responses {
        assert!((number(row, "ec50") / 9.0 - 1.0).abs() < 0.1, "{row:?}");
        assert!((number(row, "top") - 100.0).abs() < 5.0 && number(row, "bottom").abs() < 5.0, "{row:?}");
        assert!(row["note"].contains("nM and uM"));
    }
    let width = |row: &Row| number(row, "ec50_high") / number(row, "ec50_low");
    assert!(width(&responses[2]) < width(&responses[0]));
    let wells = rows(&bench.at("out/wells.csv"));
    let control = wells.iter().find(|w| w["plate"] == "P2" && w["well"] == "A03").unwrap();
    assert_eq!((control["control"].as_str(), control["compound"].as_str()), ("negative", ""), "a dose of 0");
    let treated = wells.iter().find(|w| w["plate"] == "P2" && w["well"] == "E03").unwrap();
    assert_eq!((treated["dose"].as_str(), treated["dose_unit"].as_str()), ("0.9", "nM"));
    assert!(bench.at("out/plate_sets/all/responses_percent_effect_image_mean_signal.svg").exists());
}

/// Invariant: shards put together, other threads and a run that goes on give the same bytes.
#[test]
fn shards_and_threads_give_the_same() {
    let bench = two_plates("value = 'percent_of_control'");
    passes(&bench.run("whole", &["--threads", "1"]));
    for shard in ["1/2", "2/2"] {
        passes(&bench.run(&format!("shard{}", &shard[..1]), &["--shard", shard, "--threads", "3"]));
    }
    std::fs::remove_file(bench.at("layout.csv")).unwrap();
    passes(&bench.uptake(&["merge", "shard1", "shard2", "-o", "merged"]));
    for file in [
        "responses.csv",
        "plates.csv",
        "wells.csv",
        "features.csv",
        "plates/P2/heat_map_image_mean_signal.svg",
        "plate_sets/all/responses_percent_of_control_image_mean_signal.svg",
    ] {
        let [whole, merged] = ["whole", "merged"].map(|out| std::fs::read(bench.at(&format!("{out}/{file}"))).unwrap());
        assert!(whole == merged, "{file}");
    }
}

const ONE_SIDE: &str = "the doses do not determine the EC50: they bound it on one side only";

/// Mechanics: where there is no curve, the reason stands in its row, with what is known of the EC50. On 1,536 wells.
#[test]
fn no_curve_has_a_reason() {
    let mut bench = Bench::new(RECIPE);
    let kinds: [(&str, Curve, u32); 6] = [
        ("above", &|dose| 0.1 + 0.8 * logistic(dose, 3e4, 1.5), 8),
        ("below", &|dose| 0.1 + 0.8 * logistic(dose, 0.15, 1.5), 8),
        ("few", &|dose| logistic(dose, 20.0, 1.0), 4),
        ("flat", &|_| 0.5, 8),
        ("good", &|dose| 0.1 + 0.8 * logistic(dose, 30.0, 1.2), 8),
        ("step", &|dose| if dose < 20.0 { 0.2 } else { 0.8 }, 8),
    ];
    for (i, (compound, curve, doses)) in kinds.into_iter().enumerate() {
        for k in 0..doses {
            for replicate in 0..2 {
                let (well, dose) = (name(30 + replicate, 8 * i as u32 + k + 1), 4.0f64.powi(k as i32));
                bench.line(format_args!("{well},,{compound},{dose} nM,,"));
                bench.well("P/1".replace('/', "-").as_str(), &well, curve(dose));
            }
        }
    }
    passes(&bench.run("out", &[]));
    let responses = bench.responses("out");
    let row = |compound: &str| responses.iter().find(|r| r["compound"] == compound).unwrap();
    for (compound, reason, above, below) in [
        ("above", "the EC50 lies above the highest dose", "16384.0", ""),
        ("few", "4 doses with a value; a curve needs 5", "", ""),
        ("flat", "flat: a curve explains the responses no better than chance", "", ""),
        ("step", "no dose lies on the slope", "16.0", "64.0"),
    ] {
        let row = row(compound);
        assert_eq!(["reason", "ec50_above", "ec50_below", "ec50"].map(|c| &*row[c]), [reason, above, below, ""]);
        assert!(!row["auc"].is_empty());
    }
    // The lowest dose has the plateau nearly, so that no more than an end is known: a truth of 0.15 lies below it.
    let below = row("below");
    assert!(below["reason"].ends_with(ONE_SIDE) && below["ec50_above"].is_empty(), "{below:?}");
    assert!((1.0..16.0).contains(&number(below, "ec50_below")), "{below:?}");
    assert!(row("good")["reason"].is_empty() && row("good")["ec50_above"].is_empty());
    assert_eq!(rows(&bench.at("out/plates.csv"))[0]["plate_format"], "1536");
}

/// Oracle: a compound that switches between two of its doses, in a tenfold series: one dose lies on the slope, so nothing tells how steep it is,
/// but the EC50 lies near that dose.
#[test]
fn a_steep_compound_has_an_ec50() {
    let mut bench = Bench::new(RECIPE);
    for k in 0..8 {
        for replicate in 0..2 {
            let (well, dose) = (name(1 + replicate, k + 1), 10.0f64.powi(k as i32 - 2));
            bench.line(format_args!("{well},,X,{dose},nM,"));
            bench.well("P1", &well, 0.1 + 0.8 * (1.0 - logistic(dose, 900.0, 5.0)));
        }
    }
    passes(&bench.run("out", &[]));
    let row = &bench.responses("out")[0];
    assert!(row["reason"].is_empty(), "{row:?}");
    let [ec50, low, high] = ["ec50", "ec50_low", "ec50_high"].map(|column| number(row, column));
    assert!(low <= 900.0 && 900.0 <= high && low <= ec50 && ec50 <= high, "{row:?}");
    assert!(low > 300.0 && high < 1100.0, "{row:?}");
    assert!(["hill", "hill_low", "ec50_above", "ec50_below"].iter().all(|column| row[*column].is_empty()), "{row:?}");
    assert!(number(row, "hill_high") < -0.5, "{row:?}");
    assert!(row["note"].starts_with("the doses do not determine the slope, which is "), "{row:?}");
    for plateau in ["bottom", "top"] {
        let [at, low, high] = ["", "_low", "_high"].map(|end| number(row, &format!("{plateau}{end}")));
        assert!(low < at && at < high, "{plateau}: {row:?}");
    }
}

/// Mechanics: a dose of 0 is a negative control unless the layout calls the well a sample; it then is neither control nor on a curve.
#[test]
fn a_sample_of_dose_0_is_no_control() {
    let mut bench = Bench::new(RECIPE);
    for (well, dose, control) in [("A01", 0, ""), ("A02", 0, "sample"), ("A03", 0, "positive"), ("A04", 5, "Sample")] {
        bench.line(format_args!("{well},,X,{dose},nM,{control}"));
        bench.well("P1", well, 0.5);
    }
    passes(&bench.run("out", &[]));
    let wells = rows(&bench.at("out/wells.csv"));
    let control: Vec<&str> = wells.iter().map(|r| r["control"].as_str()).collect();
    assert_eq!(control, ["negative", "", "positive", ""]);
    let plate = rows(&bench.at("out/plates.csv")).remove(0);
    assert_eq!((plate["wells_negative"].as_str(), plate["wells_positive"].as_str()), ("1", "1"));
    let curve = bench.responses("out").remove(0);
    assert!(curve["reason"].starts_with("1 doses with a value"), "{}", curve["reason"]);
}

/// Mechanics: a plate without the controls that responses are set against is told before anything is measured, and in its row; the
/// curves of the others are there.
#[test]
fn a_plate_without_controls_says_so() {
    let bench = two_plates("value = 'percent_of_control'");
    for column in 1..=10 {
        std::fs::remove_file(bench.at(&format!("in/P2/A{column:02}.png"))).unwrap();
    }
    let output = bench.run("out", &[]);
    passes(&output);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("note: P2 has no negative control: no curves of percent_of_control"), "{said}");
    let responses = bench.responses("out");
    let cells = |column: &str| responses.iter().map(|r| r[column].as_str()).collect::<Vec<_>>();
    assert_eq!(cells("reason"), ["", "no negative control of the plate has a value", ""]);
    assert_eq!(cells("wells"), ["29", "0", "29"]);
}

/// Mechanics: what a layout cannot say is refused before anything is measured, with the place and both values.
#[test]
fn layouts_that_cannot_be_are_refused() {
    let layout = "well,plate,compound,dose,unit,control\nA01,,X,1,nM,\nA02,,X,2,uM,\n";
    for (layout, recipe, words) in [
        (layout.replace("A02,,X,2,uM,\n", "a1,,X,2,nM,\n"), "", "the lines 2 and 3 are of the well A01"),
        (layout.to_owned() + "A01,P1,X,3,nM,\n", "", "the lines 2 and 4 are of the well A01"),
        (layout.replace("A02", "Z99"), "", "line 3: \"Z99\" is no well"),
        (layout.replace("uM", "mg/ml"), "", "X has the dose 2 mg/mL here and 1 nM for P1/A01.png"),
        (layout.replace("uM", ""), "", "X has the dose 2 without a unit here and 1 nM for"),
        (layout.replace(",2,", ",-2,"), "", "\"-2\" is no dose"),
        (layout.replace(",2,", ",2 nM,"), "", "the dose is in nM (\"2 nM\") and in uM"),
        (layout.replace(",2,", ",,"), "", "A02 of P1 has X without a dose"),
        (layout.replace("X,2", ",2"), "", "A02 of P1 has a dose of no compound"),
        (layout.replace(",,X", ",P2,X"), "", "the layout has no plate \"P1\", but P2"),
        (layout.replace("A01,,", "B01,,").replace("A02,,", "B02,,"), "", "no image lies in a well of the layout"),
        (layout.replace("compound", "Compound"), "", "plates.responses.compound = \"Compound\""),
        (
            layout.replace("dose", "concentration"),
            "",
            "a column dose in the layout, or plates.responses.dose = \"NAME\"",
        ),
        (layout.replace("well,", "Well,"), "", "well as the name of the column \"Well\""),
        (layout.replace(",", ";"), "", "commas between the columns, where it has semicolons"),
        (layout.replace("control", "well"), "", "two columns are called \"well\""),
        (layout.replace("control", "dose"), "", "two columns are called \"dose\""),
        (layout.replace("control", "status"), "", "\"status\" of the sample sheet"),
        (layout.into(), "dose = 'compound'", "compound and dose stand in one column, \"compound\""),
        (layout.into(), "compound = 'ec50'", "\"ec50\" is another column of the tables of plates"),
        (layout.into(), "valu = 'mean'", "try: value"),
        (layout.into(), "plate_set = 'set'", "plates.responses.plate_set: neither"),
        (layout.into(), "columns = '[a'", "\"[a\" is no pattern of names"),
        (layout.into(), "columns = 'nothing_*'", "plates.responses.columns: no column of numbers fits \"nothing_*\""),
        (layout.into(), "value = 'percent_of_control'", "no plate has a negative control"),
        (layout.replace("2,uM,", "0,nM,"), "value = 'percent_effect'", "no plate has a positive control"),
    ] {
        let mut bench = Bench::new(&format!("{RECIPE}{recipe}\n"));
        bench.well("P1", "A01", 0.5);
        bench.well("P1", "A02", 0.5);
        bench.layout = layout;
        let output = bench.run("out", &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words}: {said}");
        assert!(said.contains(words), "{words}: {said}");
    }
    let mut bench = Bench::new(&RECIPE.replace("[plates]", "[plates]\nwells = 6"));
    bench.well("P1", "A12", 0.5);
    bench.line(format_args!("A12,,X,1,nM,"));
    let said = String::from_utf8_lossy(&bench.run("out", &[]).stderr).into_owned();
    assert!(said.contains("the well A12 is not on a plate of 6 wells"), "{said}");
}

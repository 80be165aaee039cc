//! `groups.csv`: images that belong together. Kinds of test: oracle (worked out from `images.csv` and by hand), invariant (shards put
//! together, a run that goes on), mechanics (what is refused).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/images.rs"]
mod images;

use common::bench::{Bench, Row, rows};
use std::process::Output;

const RECIPE: &str = "
spacing_um = 0.5
[channels]
signal = [0]
[objects.spots]
channel = 'signal'
steps = [{ op = 'threshold', method = 'otsu' }, { op = 'label' }]
[measure.spots]
features = ['intensity']
[positive.spots]
signal = '50 %'
[phenotypes.spots]
bright = 'signal+'
[groups]
by = ['plate', 'well']
columns = ['count_*', 'image_mean_*']
";

impl Bench {
    /// Six images with 3 to 8 spots, in three wells and one without a well, and a file that is broken.
    fn new(recipe: &str) -> Self {
        let bench = Bench::with(recipe);
        let wells = ["P1,A01", "P1,A02", "P1,A01", "P2,A01", ",", "P1,A01"];
        let mut sheet = String::from("path,plate,well\n");
        for (i, well) in wells.iter().enumerate() {
            images::spots(&bench.at(&format!("in/{i}.png")), i as u32 + 3, i as u32 + 3);
            sheet += &format!("{i}.png,{well}\n");
        }
        std::fs::write(bench.at("in/broken.png"), "\u{89}PNG no").unwrap();
        std::fs::write(bench.at("in/sheet.csv"), sheet + "broken.png,P2,A01\n").unwrap();
        bench
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        let args = ["run", "--recipe", "recipe.toml", "--device", "cpu", "--no-overlays", "--no-labels", "-o", out];
        self.uptake(&[&args[..], &["--sheet", "in/sheet.csv"], more].concat())
    }
}

fn number(row: &Row, column: &str) -> Option<f64> {
    row[column].parse().ok()
}

/// Oracle: of three dots one lies in the region, one has an edge in it, and one lies beside it. The first counts on its area, which is 20 x 20 pixels of 0.5 um.
#[test]
fn objects_count_where_their_centres_lie() {
    let bench = Bench::new(RECIPE);
    let is_dot =
        |x: u32, y: u32| [(30, 30), (40, 30), (50, 50)].iter().any(|(a, b)| x.abs_diff(*a) < 3 && y.abs_diff(*b) < 3);
    let image = image::RgbImage::from_fn(64, 64, |x, y| {
        let is_region = (20..40).contains(&x) && (20..40).contains(&y);
        image::Rgb([if is_region { 200 } else { 10 }, if is_dot(x, y) { 200 } else { 10 }, 0])
    });
    std::fs::create_dir(bench.at("one")).unwrap();
    image.save(bench.at("one/P1.png")).unwrap();
    let recipe = "
spacing_um = 0.5
[files]
groups = '{patient}'
[channels]
stain = [0]
signal = [1]
[objects.region]
channel = 'stain'
steps = [{ op = 'threshold', method = 'fixed', value = 100.0 }]
[objects.dots]
channel = 'signal'
steps = [{ op = 'threshold', method = 'fixed', value = 100.0 }]
parent = 'region'
[measure.region]
features = ['shape']
[measure.dots]
features = ['neighbours']
neighbours.inside = ['region']
[groups]
by = ['patient']
area = 'region'
";
    for (name, text, expected) in [
        ("centres", recipe, 1.0),
        ("edges", &recipe.replace("neighbours.inside = ['region']\n", "neighbours.radii = ['9 px']\n"), 2.0),
    ] {
        std::fs::write(bench.at("recipe.toml"), text).unwrap();
        let output =
            bench.uptake(&["run", "one", "--recipe", "recipe.toml", "--device", "cpu", "--no-overlays", "-o", name]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let group = &rows(&bench.at(&format!("{name}/groups.csv")))[0];
        let density = number(group, "density_dots_per_mm2").unwrap();
        assert!((density * 400.0 * 0.25e-6 - expected).abs() < 1e-9, "{name}: {density}");
    }
}

/// Oracle: an image of one value in a well has a warning, which its group counts.
#[test]
fn groups_count_images_with_warnings() {
    let bench = Bench::new(&RECIPE.replace("'50 %'", "'otsu'"));
    bench.run("out", &[]);
    let (images, groups) = (rows(&bench.at("out/images.csv")), rows(&bench.at("out/groups.csv")));
    let names = |row: &Row| [row["plate"].clone(), row["well"].clone()];
    let mut all = 0.0;
    for group in &groups {
        let mine = images.iter().filter(|i| names(i) == names(group) && i["status"] == "ok");
        let warned = mine.filter(|i| !i["warnings"].is_empty()).count() as f64;
        assert_eq!(number(group, "images_warned"), Some(warned));
        all += warned;
    }
    assert!(all > 0.0 && all < images.len() as f64, "{all}");
}

/// Oracle: sums, means, standard errors and quartiles of what stands in `images.csv`.
#[test]
fn groups_sum_up_their_images() {
    let bench = Bench::new(RECIPE);
    assert_eq!(bench.run("out", &[]).status.code(), Some(1), "one image is broken");
    let (images, groups) = (rows(&bench.at("out/images.csv")), rows(&bench.at("out/groups.csv")));
    let names = |row: &Row| [row["plate"].clone(), row["well"].clone()];
    assert_eq!(groups.iter().map(names).collect::<Vec<_>>(), [["", ""], ["P1", "A01"], ["P1", "A02"], ["P2", "A01"]]);
    let counts = |row: &Row| ["images", "images_failed", "objects_spots"].map(|c| number(row, c).unwrap());
    let expected = [[1.0, 0.0, 7.0], [3.0, 0.0, 16.0], [1.0, 0.0, 4.0], [1.0, 1.0, 6.0]];
    assert_eq!(groups.iter().map(counts).collect::<Vec<_>>(), expected);
    for group in &groups {
        let mine: Vec<&Row> = images.iter().filter(|i| names(i) == names(group) && i["status"] == "ok").collect();
        let of = |column: &str| -> Vec<f64> { mine.iter().map(|i| number(i, column).unwrap()).collect() };
        let bright: f64 = of("class_count_spots_bright").iter().sum();
        let all = number(group, "objects_spots").unwrap();
        assert_eq!(number(group, "objects_spots_bright"), Some(bright));
        assert_eq!(number(group, "share_spots_bright"), Some(bright / all));
        let mm2: f64 = of("size_y_px").iter().zip(of("size_x_px")).map(|(y, x)| y * x * 0.25e-6).sum();
        let close = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() <= 1e-12 * b, "{a:?} {b}");
        close(number(group, "area_mm2"), mm2);
        close(number(group, "density_spots_per_mm2"), all / mm2);
        close(number(group, "density_spots_bright_per_mm2"), bright / mm2);
        let mut means = of("image_mean_signal");
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        assert_eq!(number(group, "n_image_mean_signal"), Some(means.len() as f64));
        close(number(group, "mean_image_mean_signal"), mean);
        let squares: f64 = means.iter().map(|v| (v - mean) * (v - mean)).sum();
        let n = means.len() as f64;
        match means.len() {
            1 => assert_eq!(number(group, "sem_image_mean_signal"), None),
            _ => close(number(group, "sem_image_mean_signal"), (squares / (n - 1.0) / n).sqrt()),
        }
        means.sort_by(f64::total_cmp);
        close(number(group, "median_image_mean_signal"), means[means.len() / 2]);
        close(number(group, "q25_image_mean_signal"), (means[0] + means[(means.len() - 1) / 2]) / 2.0);
        assert!(!group.contains_key("mean_size_y_px"), "not chosen");
    }
    // Nothing is known of a group of which no image is done.
    std::fs::write(bench.at("in/0.png"), "broken too").unwrap();
    bench.run("out2", &[]);
    for group in rows(&bench.at("out2/groups.csv")) {
        assert_eq!(number(&group, "objects_spots").is_none(), group["images"] == "0", "{group:?}");
    }
    let features = rows(&bench.at("out/features.csv"));
    let described = |column: &String| features.iter().any(|f| f["table"] == "groups" && f["column"] == *column);
    assert!(groups[0].keys().all(described));
}

/// Oracle: two regions of which the area is known, and spots that lie in one of them or outside.
#[test]
fn densities_are_formed_over_a_set_of_regions() {
    let recipe = RECIPE
        .replace("[measure.spots]", "parent = 'tissue'\n[objects.tissue]\nlabels = 'tissue.png'\n[measure.spots]")
        + "area = 'tissue'\n";
    let bench = Bench::new(&recipe);
    let (width, height) = image::image_dimensions(bench.at("in/0.png")).unwrap();
    let half = image::GrayImage::from_fn(width, height, |x, _| image::Luma([u8::from(x < width / 2)]));
    half.save(bench.at("tissue.png")).unwrap();
    bench.run("out", &[]);
    let (spots, groups) = (rows(&bench.at("out/spots.csv")), rows(&bench.at("out/groups.csv")));
    let half_mm2 = f64::from(width / 2 * height) * 0.25e-6;
    for group in groups {
        let mine = |row: &&Row| row["plate"] == group["plate"] && row["well"] == group["well"];
        let inside = spots.iter().filter(mine).filter(|row| !row["parent_tissue"].is_empty()).count() as f64;
        let area = half_mm2 * number(&group, "images").unwrap();
        assert!((number(&group, "area_mm2").unwrap() / area - 1.0).abs() < 1e-12);
        assert!((number(&group, "density_spots_per_mm2").unwrap() * area - inside).abs() < 1e-9);
        assert!(!group.contains_key("density_tissue_per_mm2"));
    }
}

/// Invariant: shards put together, and a run that goes on, give the bytes of one run.
#[test]
fn shards_and_runs_that_go_on_give_the_same() {
    let bench = Bench::new(RECIPE);
    bench.run("whole", &[]);
    let whole = std::fs::read(bench.at("whole/groups.csv")).unwrap();
    for shard in ["1/2", "2/2"] {
        bench.run(&format!("shard{}", &shard[..1]), &["--shard", shard]);
    }
    bench.uptake(&["merge", "shard1", "shard2", "-o", "merged"]);
    assert!(std::fs::read(bench.at("merged/groups.csv")).unwrap() == whole);
    bench.run("whole", &["--resume", "--threads", "1"]);
    assert!(std::fs::read(bench.at("whole/groups.csv")).unwrap() == whole);
}

/// Mechanics: other groups of the same images are other tables; no image is measured again.
#[test]
fn other_groups_need_no_other_measures() {
    let bench = Bench::new(RECIPE);
    bench.run("out", &[]);
    let other = RECIPE.replace("by = ['plate', 'well']", "# By plate.\nby = ['plate']");
    std::fs::write(bench.at("recipe.toml"), &other).unwrap();
    let said = String::from_utf8_lossy(&bench.run("out", &["--resume"]).stderr).into_owned();
    assert_eq!(said.matches("kept from the run before").count(), 6, "{said}");
    bench.run("whole", &[]);
    for table in ["groups.csv", "images.csv", "spots.csv", "features.csv"] {
        assert!(
            std::fs::read(bench.at("out").join(table)).unwrap()
                == std::fs::read(bench.at("whole").join(table)).unwrap()
        );
    }
    assert_eq!(rows(&bench.at("out/groups.csv")).len(), 3);
    // What images are measured by counts.
    let said = String::from_utf8_lossy(&bench.run("out", &["--resume", "--set", "positive.spots.signal=60 %"]).stderr)
        .into_owned();
    assert!(!said.contains("kept"), "{said}");
}

/// Mechanics: what cannot be is refused before anything is measured.
#[test]
fn groups_that_cannot_be_are_refused() {
    for (groups, words) in [
        ("by = 'wel'", "\"well\""),
        ("by = 'patient'", "one of plate, well"),
        ("columns = ['count_*']", "by = [\"plate\", \"well\"]"),
        ("by = ['well', 'well']", "\"well\" cannot be what images are grouped by"),
        ("by = 'well'\ncolumns = '[a'", "\"[a\" is no pattern of names"),
        ("by = 'well'\narea = 'tissue'", "there is no object set \"tissue\""),
        ("by = 'well'\narea = 'spots'", "parent = \"spots\""),
        ("by = 'well'\ncolumn = 'a'", "try: columns"),
        ("by = 'well'\ncolumns = ['image_mean_*', 'coumt_*']", "no column of numbers fits \"coumt_*\""),
        ("by = 'well'\ncolumns = ['coumt_*']", "try: \"count_*\""),
        ("by = 'well'\n[plates]\ncolumns = 'image_men_*'", "try: \"image_mean_*\""),
        ("by = 'well'\n[plates]\ncolumns = 'image_mean_signl'", "try: \"image_mean_signal\""),
        ("by = 'well'\n[plates]\ncolumns = 'channels'", "no column of numbers fits \"channels\""),
        ("by = 'well'\n[plates]\nheat_maps = 'zzz*'", "plates.heat_maps: no column of numbers fits \"zzz*\""),
        ("by = 'well'\n[plates]\ncolumns = 'count_*'\nheat_maps = 'image_mean_*'", "fits one of count_spots"),
    ] {
        let recipe = RECIPE.split("[groups]").next().unwrap().to_string() + "[groups]\n" + groups;
        let bench = Bench::new(&recipe);
        let output = bench.run("out", &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{groups}: {said}");
        assert!(said.contains(words), "{groups}: {said}");
    }
}

const PLATES: &str = "[plates]\ncolumns = 'image_mean_signal'\n";

/// A plate with two controls of each kind and three samples, one well with two images.
fn plate(sheet: &[&str]) -> (Bench, Output) {
    let recipe = RECIPE.split("[groups]").next().unwrap().to_string() + PLATES;
    let bench = Bench::new(&recipe);
    let mut text = String::from("path,plate,well,control\n");
    for (i, line) in sheet.iter().enumerate() {
        images::spots(&bench.at(&format!("in/{i}.png")), i as u32 + 1, (i as u32 * 7) % 12 + 1);
        text += &format!("{i}.png,{line}\n");
    }
    std::fs::write(bench.at("in/sheet.csv"), text).unwrap();
    let output = bench.run("out", &[]);
    (bench, output)
}

/// Oracle: the formulas of Z', SSMD, robust z score and percent of control on what stands in `images.csv`.
#[test]
fn plates_compare_wells_with_controls() {
    let wells = ["a1,positive", "A-02,pos", "r02c01,negative", "B2,Negative", "C01,", "C02,", "C3,sample", "c03,"];
    let sheet: Vec<String> = wells.iter().map(|well| format!("P1,{well}")).collect();
    let (bench, output) = plate(&sheet.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let images = rows(&bench.at("out/images.csv"));
    let of: Vec<f64> = images.iter().map(|row| number(row, "image_mean_signal").unwrap()).collect();
    let close = |row: &Row, column: &str, want: f64| {
        let got = number(row, &format!("{column}_image_mean_signal")).unwrap();
        assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0), "{column} {got} {want}");
    };
    let mean = |a: f64, b: f64| (a + b) / 2.0;
    // Of two values, the deviation is their distance over the root of 2, and each lies half of it from the median.
    let sd = |a: f64, b: f64| (a - b).abs() / 2.0f64.sqrt();
    let (p, n) = (mean(of[0], of[1]), mean(of[2], of[3]));
    let plates = rows(&bench.at("out/plates.csv"));
    assert_eq!(plates.len(), 1);
    assert_eq!(["wells", "wells_positive", "wells_negative"].map(|c| plates[0][c].as_str()), ["7", "2", "2"]);
    close(&plates[0], "mean_positive", p);
    close(&plates[0], "z_prime", 1.0 - 3.0 * (sd(of[0], of[1]) + sd(of[2], of[3])) / (p - n).abs());
    let robust = |a: f64, b: f64| 1.482602218505602 * (a - b).abs() / 2.0;
    close(&plates[0], "robust_z_prime", 1.0 - 3.0 * (robust(of[0], of[1]) + robust(of[2], of[3])) / (p - n).abs());
    close(&plates[0], "ssmd", (p - n) / (sd(of[0], of[1]).powi(2) + sd(of[2], of[3]).powi(2)).sqrt());
    let wells = rows(&bench.at("out/wells.csv"));
    let names: Vec<&str> = wells.iter().map(|row| row["well"].as_str()).collect();
    assert_eq!(names, ["A01", "A02", "B01", "B02", "C01", "C02", "C03"]);
    assert_eq!((wells[3]["control"].as_str(), wells[6]["images"].as_str()), ("negative", "2"));
    let samples = [of[4], of[5], mean(of[6], of[7])];
    let middle = |mut v: [f64; 3]| {
        v.sort_by(f64::total_cmp);
        v[1]
    };
    let mad = middle(samples.map(|v| (v - middle(samples)).abs()));
    close(&wells[6], "mean", samples[2]);
    close(&wells[0], "robust_z", (of[0] - middle(samples)) / (1.482602218505602 * mad));
    close(&wells[6], "percent_of_control", 100.0 * samples[2] / n);
}

/// Mechanics: what a plate cannot have is refused before anything is measured.
#[test]
fn plates_that_cannot_be_are_refused() {
    for (sheet, words) in [
        (["P1,A01,", "P1,A99,"], "\"A99\" is no well"),
        (["P1,A01,", "P1,A2,maybe"], "\"maybe\" is no control"),
        (["P1,A01,positive", "P1,a1,"], "A01 of P1 is no control here and positive for"),
        (["P1,A01,", ",A02,"], "the column plate is empty"),
    ] {
        let (_, output) = plate(&sheet);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

/// Oracle: objects over the volume that the sheet says, worked out by hand. Mechanics: what is no volume, and two in one group.
#[test]
fn counts_per_ml_follow_the_sheet() {
    let bench = Bench::new(RECIPE);
    let sheet = |volumes: [&str; 3]| {
        let line = |i: usize| format!("{i}.png,P1,{},{}\n", ["A01", "A02", "A01"][i], volumes[i]);
        std::fs::write(
            bench.at("in/sheet.csv"),
            format!("path,plate,well,ml\n{}", (0..3).map(line).collect::<String>()),
        )
        .unwrap();
    };
    sheet(["0.5", "", "0.5"]);
    assert_eq!(bench.run("out", &["--set", "groups.volume=ml"]).status.code(), Some(0));
    let groups = rows(&bench.at("out/groups.csv"));
    let [first, second] = &groups[..] else { panic!("{groups:?}") };
    // Images of 3 and of 5 spots.
    assert_eq!((number(first, "volume_ml"), number(first, "objects_spots_per_ml")), (Some(0.5), Some(16.0)));
    let bright = number(first, "objects_spots_bright").unwrap();
    assert_eq!(number(first, "objects_spots_bright_per_ml"), Some(bright / 0.5));
    assert_eq!((number(second, "volume_ml"), number(second, "objects_spots_per_ml")), (None, None));
    let refused = |volumes: [&str; 3], column: &str, words: &[&str]| {
        sheet(volumes);
        let done = bench.run("no", &["--set", &format!("groups.volume={column}")]);
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.code() == Some(2) && words.iter().all(|w| text.contains(w)), "{text}");
    };
    refused(["0.5", "", "0.7"], "ml", &["ml is 0.5 for 0.png and 0.7 for 2.png", "one volume for all images"]);
    refused(["much", "", ""], "ml", &["ml of 0.png is \"much\"", "millilitres above 0"]);
    refused(["0", "", ""], "ml", &["ml of 0.png is \"0\""]);
    refused(["1", "", ""], "mll", &["groups.volume = \"mll\"", "\"ml\""]);
    // The volume of three images is not that of the two that are left.
    std::fs::write(bench.at("in/2.png"), "broken").unwrap();
    sheet(["0.5", "", "0.5"]);
    bench.run("broken", &["--set", "groups.volume=ml"]);
    let first = &rows(&bench.at("broken/groups.csv"))[0];
    assert_eq!((number(first, "objects_spots"), number(first, "objects_spots_per_ml")), (Some(3.0), None));
}

/// Mechanics: what cannot be said of any object is no number, least of all 0. The images have no dye that enters dead cells.
#[test]
fn a_marker_without_its_channel_gives_no_counts() {
    let bench = Bench::new(RECIPE);
    let args =
        ["run", "--recipe", "viability", "--set", "groups.by=plate", "--device", "cpu", "--sheet", "in/sheet.csv"];
    let done = bench.uptake(&[&args[..], &["-o", "out"]].concat());
    assert_eq!(done.status.code(), Some(1), "one image is broken: {}", String::from_utf8_lossy(&done.stderr));
    let (images, groups) = (rows(&bench.at("out/images.csv")), rows(&bench.at("out/groups.csv")));
    let mut nuclei = 0.0;
    for image in images.iter().filter(|i| i["status"] == "ok" && i["count_nuclei"] != "0") {
        nuclei += number(image, "count_nuclei").unwrap();
        let said = &image["warnings"];
        assert!(said.contains("in this image: no object of nuclei is positive or negative for dead"), "{said}");
        assert!(said.contains("objects of nuclei may be live or not: nothing is known of dead"), "{said}");
        let of_class = ["class_count_nuclei_dead", "class_fraction_nuclei_live", "class_count_nuclei_live"];
        assert!(of_class.iter().all(|column| image[*column].is_empty()), "{image:?}");
    }
    assert!(nuclei > 0.0);
    for group in groups.iter().filter(|group| group["objects_nuclei"] != "0") {
        let of_class = ["objects_nuclei_dead", "share_nuclei_live", "objects_nuclei_live"];
        assert!(of_class.iter().all(|column| group[*column].is_empty()), "{group:?}");
    }
}

const FISH: &str = "
[channels]
target = [0]
reference = [1]
[objects.nuclei]
labels = 'nuclei.png'
[objects.target]
labels = '{stem}_target.csv'
parent = 'nuclei'
[objects.reference]
labels = '{stem}_reference.csv'
parent = 'nuclei'
[measure.nuclei]
features = ['fish']
fish.target = 'target'
fish.reference = 'reference'
[groups]
by = 'case'
columns = 'count_*'
";

/// Oracle: cases of nuclei that are counted by hand. Each image has 12 nuclei, which are too few for a group, a case of two has enough.
#[test]
fn a_case_of_fish_is_the_nuclei_of_its_images() {
    let bench = Bench::new(FISH);
    std::fs::remove_file(bench.at("in/broken.png")).unwrap();
    let mut sheet = String::from("path,case\n");
    let centre = |nucleus: u32| [10 + 20 * (nucleus % 4), 10 + 20 * (nucleus / 4)];
    let label = |x: u32, y: u32| {
        let inside = |n: &u32| x.abs_diff(centre(*n)[0]) <= 6 && y.abs_diff(centre(*n)[1]) <= 6;
        image::Luma([(0..12).find(inside).map_or(0, |n| n as u8 + 1)])
    };
    image::GrayImage::from_fn(80, 60, label).save(bench.at("nuclei.png")).unwrap();
    for (i, (case, copies)) in [("A", [4, 2]), ("B", [3, 2]), ("A", [4, 2]), ("A", [5, 2])].iter().enumerate() {
        image::RgbImage::from_pixel(80, 60, image::Rgb([9, 6, 3])).save(bench.at(&format!("in/{i}.png"))).unwrap();
        sheet += &format!("{i}.png,{case}\n");
        for (probe, n) in ["target", "reference"].iter().zip(copies) {
            let place = |nucleus: u32, k: u32| format!("{},{}\n", centre(nucleus)[0] - 4 + 2 * k, centre(nucleus)[1]);
            let points: String = (0..12).flat_map(|nucleus| (0..*n).map(move |k| place(nucleus, k))).collect();
            std::fs::write(bench.at(&format!("in/{i}_{probe}.csv")), format!("x_px,y_px\n{points}")).unwrap();
        }
    }
    for i in 4..6 {
        std::fs::remove_file(bench.at(&format!("in/{i}.png"))).unwrap();
    }
    std::fs::write(bench.at("in/sheet.csv"), sheet).unwrap();
    let done = bench.run("out", &[]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let (images, groups) = (rows(&bench.at("out/images.csv")), rows(&bench.at("out/groups.csv")));
    assert!(images.iter().all(|image| image["fish_nuclei_nuclei"] == "12" && image["fish_group_nuclei"].is_empty()));
    let [a, b] = &groups[..] else { panic!("{groups:?}") };
    let of = |row: &Row, name: &str| number(row, &format!("{name}_nuclei"));
    assert_eq!((of(a, "fish_nuclei"), of(b, "fish_nuclei")), (Some(36.0), Some(12.0)));
    assert_eq!((of(a, "fish_target_mean"), of(a, "fish_ratio")), (Some(13.0 / 3.0), Some(13.0 / 6.0)));
    assert_eq!((of(a, "fish_group"), of(b, "fish_group")), (Some(1.0), None));
    assert_eq!((of(a, "fish_amplified_share"), of(b, "fish_amplified_share")), (Some(1.0), Some(0.0)));
    assert_eq!((of(b, "fish_ratio"), of(b, "fish_ratio_low")), (Some(1.5), Some(1.5)));
    let features = rows(&bench.at("out/features.csv"));
    let described = |column: &String| features.iter().any(|f| f["table"] == "groups" && f["column"] == *column);
    assert!(a.keys().all(described));
}

/// A sheet with so many images of spots and the cells of their wells.
fn wells(bench: &Bench, wells: &[&str]) {
    let mut sheet = String::from("path,plate,well\n");
    for (i, well) in wells.iter().enumerate() {
        images::spots(&bench.at(&format!("in/{i}.png")), i as u32 + 3, i as u32 + 3);
        sheet += &format!("{i}.png,P1,{well}\n");
    }
    std::fs::write(bench.at("in/sheet.csv"), sheet).unwrap();
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Regression: a well in three styles was one well in `wells.csv` and three groups.
#[test]
fn a_well_in_several_styles_is_one_group() {
    let bench = Bench::new(&format!("{RECIPE}[plates]\ncolumns = 'count_spots'\n"));
    std::fs::remove_dir_all(bench.at("in")).unwrap();
    wells(&bench, &["A02", "a2", "A-02", "b3"]);
    let output = bench.run("out", &[]);
    assert!(!said(&output).contains("in writing"), "{}", said(&output));
    let groups = rows(&bench.at("out/groups.csv"));
    let cells = |column: &str| groups.iter().map(|row| row[column].clone()).collect::<Vec<_>>();
    assert_eq!((cells("well"), cells("images")), (vec!["A02".into(), "b3".into()], vec!["3".into(), "1".into()]));
    assert_eq!(cells("objects_spots"), ["12", "6"]);
    assert_eq!(rows(&bench.at("out/wells.csv")).len(), 2);
}

/// Mechanics: without plates nothing says which column is a well, so they stay groups of their own, and a note says so. Both remedies help.
#[test]
fn names_that_differ_in_writing_alone_are_told() {
    let bench = Bench::new(RECIPE);
    std::fs::remove_dir_all(bench.at("in")).unwrap();
    wells(&bench, &["A02", "a2", "B03"]);
    let said = said(&bench.run("out", &[]));
    let note = "note: the column well has \"A02\" and \"a2\", which have rows of their own in groups.csv though they differ in writing alone";
    assert!(said.contains(note) && said.contains("or a table [plates]"), "{said}");
    assert_eq!(rows(&bench.at("out/groups.csv")).len(), 3);
    wells(&bench, &["A02", "A02", "B03"]);
    let said = String::from_utf8_lossy(&bench.run("alike", &[]).stderr).into_owned();
    assert!(!said.contains("in writing alone"), "{said}");
    assert_eq!(rows(&bench.at("alike/groups.csv")).len(), 2);
}

/// Regression: a field out of focus entered its group without a word. It is told beside the others of the run, and left out by the remedy.
#[test]
fn an_image_out_of_focus_is_told() {
    let bench = Bench::new(RECIPE);
    std::fs::remove_dir_all(bench.at("in")).unwrap();
    wells(&bench, &["A01"; 11]);
    let path = bench.at("in/4.png");
    let sharp = image::open(&path).unwrap().to_luma16();
    image::imageops::blur(&sharp, 6.0).save(&path).unwrap();
    let output = bench.run("out", &[]);
    let words = said(&output);
    assert!(
        words.contains("note: 1 image looks out of focus beside the others") && words.contains(": 4.png ("),
        "{words}"
    );
    let warned = |out: &str| {
        let own =
            rows(&bench.at(&format!("{out}/images.csv"))).iter().filter(|row| !row["warnings"].is_empty()).count();
        (number(&rows(&bench.at(&format!("{out}/groups.csv")))[0], "images_warned"), own as f64)
    };
    let (of_group, own) = warned("out");
    assert!(rows(&bench.at("out/images.csv"))[4]["warnings"].is_empty() || of_group == Some(own));
    assert!(of_group >= Some(own) && of_group >= Some(1.0), "{of_group:?} {own}");
    let sheet = std::fs::read_to_string(bench.at("in/sheet.csv")).unwrap().replace("4.png,P1,A01\n", "");
    std::fs::write(bench.at("in/sheet.csv"), sheet).unwrap();
    let without = bench.run("without", &["in", "--exclude", "4.png"]);
    assert!(!said(&without).contains("out of focus"), "{}", said(&without));
    assert_eq!(rows(&bench.at("without/images.csv")).iter().filter(|row| row["status"] == "ok").count(), 10);
}

/// Regression: a cutoff beyond all numbers left the whole run without a table. It is an empty cell, and a warning.
#[test]
fn a_cutoff_beyond_all_numbers_costs_no_table() {
    let bench = Bench::new(&RECIPE.replace("'50 %'", "'median + 100000000 deviations of logs'"));
    bench.run("out", &[]);
    for row in rows(&bench.at("out/images.csv")).iter().filter(|row| row["status"] == "ok") {
        assert!(row["positive_threshold_spots_signal"].is_empty(), "{row:?}");
        assert!(row["warnings"].contains("it is too large for a number"), "{row:?}");
    }
    assert!(!rows(&bench.at("out/groups.csv")).is_empty());
}

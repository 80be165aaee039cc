#!/usr/bin/env bash
# Makes fuzz/corpus, the inputs to begin with, from the samples, the recipes and what the tests write.
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=$PWD/fuzz/corpus
mkdir -p "$corpus"/{tiff,description,raster,nifti,sidecar,dicom,regions,recipe,sheet,pattern}

FUZZ_CORPUS=$corpus cargo test --quiet --test dialects --test nifti --test nifti_sidecar --test dicom_series \
    --test regions --test segmentations --test reading_memory >"$corpus/tests.log" 2>&1 ||
    echo "some tests failed, see $corpus/tests.log; what the others write is kept"

cp sample-images/truth/*.ome.tif "$corpus/tiff"
cp sample-images/spots.png "$corpus/raster"
cp sample-images/pet/phantom_exclude.nii.gz "$corpus/nifti"
cp sample-images/pet/phantom.json "$corpus/sidecar"
cp sample-images/pet/phantom_dicom/slice_001.dcm "$corpus/dicom"
cp "$corpus"/dicom/* "$corpus/regions"
cp recipes/*.toml "$corpus/recipe"
for recipe in recipes/*.toml; do
    { cat "$recipe"; printf '%s\n' '#set channels.nuclear=[0]' '#set suv.weight_kg=70'; } >"$corpus/recipe/set_$(basename "$recipe")"
done

# A series: the same file at two heights.
series=("$corpus"/dicom/*)
for n in "${!series[@]}"; do
    next=${series[$(((n + 1) % ${#series[@]}))]}
    { cat "${series[n]}"; printf '\n--------\n'; cat "$next"; } >"$corpus/dicom/pair_$n"
done

printf 'path,patient,set.suv.weight_kg\na.tif,P1,\nsub/*.nii,P2,71.5\n' >"$corpus/sheet/plain"
printf 'path\tnote\tset.time\nsub\t"one ""two"""\t2\n*.tif\t\t\n' >"$corpus/sheet/tabs"
printf 'path,set.objects.nuclei.scale,mask.nuclei\na.tif,8 px,b.tif\n' >"$corpus/sheet/masks"
printf '{well}_s{site}_w{channel}\nA01_s1_w1.tif\nA01_s1_w2.tif\nB01_s2_w10.tif\n' >"$corpus/pattern/well"
printf '{plate}/{well}/*_{channel}.ome.tif\np1/A01/x_DAPI.ome.tif\np1/A01/x_GFP.ome.tif\nq\n' >"$corpus/pattern/path"
printf '{name}_{channel}.tif\na_b_DAPI.tif\nµ_ß.tif\n' >"$corpus/pattern/name"

"""Segmentations there and back through other programs.

python segmentations.py SERIES SEG LABELMAP MASK SHAPE OUT

Reads SEG and LABELMAP with highdicom and with dcmqi, and compares them with MASK (uint32, raster order, z y x as in SHAPE);
then writes the mask with both programs into OUT, for the test to read. Ends with an error where anything differs.
"""
import json
import subprocess
import sys
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.sr.codedict import codes

series, seg, labelmap, mask, shape, out = sys.argv[1:]
out = Path(out)
bin = Path(sys.executable).parent
mask = np.fromfile(mask, np.uint32).reshape([int(n) for n in shape.split("x")])
count = int(mask.max())
slices = sorted((pydicom.dcmread(f) for f in Path(series).iterdir()), key=lambda s: s.ImagePositionPatient[2])
lowest = float(slices[0].ImagePositionPatient[2])
step = float(slices[1].ImagePositionPatient[2]) - lowest


def same(what, first, voxels):
    """Voxels from the slice `first` on; all others are empty."""
    full = np.zeros_like(mask)
    full[first : first + len(voxels)] = voxels
    assert (full == mask).all(), f"{what}: {(full != mask).sum()} voxels differ"


def with_highdicom(path):
    read = hd.seg.segread(path)
    assert list(read.segment_numbers) == list(range(1, count + 1)), read.segment_numbers
    assert read.get_segment_description(1).segment_label == "lesions 1"
    volume = read.get_volume(combine_segments=True, allow_missing_positions=True)
    first = round((float(volume.position[2]) - lowest) / step)
    array = volume.array
    if volume.direction[2, 0] < 0:
        array, first = array[::-1], first - len(array) + 1
    same(f"highdicom of {path}", first, array)


def with_dcmqi(path):
    name = Path(path).name.split(".")[1]
    arguments = ["--inputDICOM", path, "--outputDirectory", out, "-t", "nrrd", "--mergeSegments", "-p", name]
    subprocess.run([bin / "segimage2itkimage", *arguments], check=True, capture_output=True)
    image = sitk.ReadImage(out / f"{name}-1.nrrd")
    assert image.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1), image.GetDirection()
    same(f"dcmqi of {path}", round((image.GetOrigin()[2] - lowest) / step), sitk.GetArrayFromImage(image))


for path in [seg, labelmap]:
    with_highdicom(path)
    with_dcmqi(path)

algorithm = hd.AlgorithmIdentificationSequence("by hand", codes.DCM.ArtificialIntelligence, "1")
segments = [
    hd.seg.SegmentDescription(n, f"other {n}", codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Lesion, "AUTOMATIC", algorithm)
    for n in range(1, count + 1)
]
kinds = {
    "binary": dict(segmentation_type="BINARY"),
    "fractional": dict(segmentation_type="FRACTIONAL"),
    "labelmap": dict(segmentation_type="LABELMAP"),
    "all_slices": dict(segmentation_type="LABELMAP", omit_empty_frames=False),
    "packed": dict(segmentation_type="LABELMAP", transfer_syntax_uid=pydicom.uid.RLELossless),
}
for name, how in kinds.items():
    if how["segmentation_type"] == "FRACTIONAL":
        array = np.stack([mask == n for n in range(1, count + 1)], axis=-1).astype(float)
    else:
        array = mask.astype(np.uint8 if count < 256 else np.uint16)
    uid = hd.UID
    hd.seg.Segmentation(
        slices, array, segment_descriptions=segments, series_instance_uid=uid(), series_number=9, sop_instance_uid=uid(),
        instance_number=1, manufacturer="other", manufacturer_model_name="other", software_versions="1",
        device_serial_number="1", **how,
    ).save_as(out / f"highdicom_{name}.dcm")

# dcmqi wants the mask on the grid of the series, and a description of each label.
image = sitk.GetImageFromArray(mask.astype(np.uint16))
row, column = (float(v) for v in slices[0].PixelSpacing)
image.SetSpacing((column, row, step))
image.SetOrigin([float(v) for v in slices[0].ImagePositionPatient])
sitk.WriteImage(image, out / "mask.nrrd")
code = lambda value, scheme, meaning: {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}
labels = [
    {
        "labelID": n,
        "SegmentLabel": f"other {n}",
        "SegmentAlgorithmType": "MANUAL",
        "SegmentedPropertyCategoryCodeSequence": code("49755003", "SCT", "Morphologically Abnormal Structure"),
        "SegmentedPropertyTypeCodeSequence": code("52988006", "SCT", "Lesion"),
    }
    for n in range(1, count + 1)
]
about = {"SeriesDescription": "other", "SeriesNumber": "9", "InstanceNumber": "1", "segmentAttributes": [labels]}
(out / "about.json").write_text(json.dumps(about))
for kind in ["binary", "labelmap"]:
    arguments = ["--inputImageList", out / "mask.nrrd", "--inputDICOMDirectory", series, "--inputMetadata", out / "about.json"]
    more = ["--outputDICOM", out / f"dcmqi_{kind}.dcm", "--segmentationType", kind]
    subprocess.run([bin / "itkimage2segimage", *arguments, *more], check=True, capture_output=True)

cwlVersion: v1.2
class: CommandLineTool
label: uptake run
doc: Measures a folder of images, or a share of it.
baseCommand: [uptake, run]
# 1: some images failed. Their rows say why, and the results are whole.
successCodes: [0, 1]
requirements:
  ResourceRequirement:
    coresMin: 1
arguments: [--out, results, --quiet, --threads, $(runtime.cores)]
inputs:
  images:
    type: Directory
    inputBinding: { position: 1 }
  recipe:
    type: [File, "null"]
    doc: A recipe of your own; without it the kind of each file chooses.
    inputBinding: { prefix: --recipe }
  settings:
    type:
      - "null"
      - type: array
        items: string
        inputBinding: { prefix: --set }
  format:
    type: string[]?
    doc: csv, parquet, or both.
    inputBinding: { prefix: --format, itemSeparator: "," }
  device:
    type: string?
    doc: auto, cpu, gpu, or part of an adapter's name.
    inputBinding: { prefix: --device }
  shard:
    type: string?
    doc: The share to do, like 3/8; all images without it.
    inputBinding: { prefix: --shard }
outputs:
  results:
    type: Directory
    outputBinding: { glob: results }

cwlVersion: v1.2
class: Workflow
label: An archive in shares, and one folder of results
requirements:
  ScatterFeatureRequirement: {}
inputs:
  images: Directory
  recipe: File?
  settings: string[]?
  format: string[]?
  device: string?
  shards:
    type: string[]
    doc: All shares, like [1/3, 2/3, 3/3].
steps:
  run:
    run: uptake-run.cwl
    scatter: shard
    in: { images: images, recipe: recipe, settings: settings, format: format, device: device, shard: shards }
    out: [results]
  merge:
    run: uptake-merge.cwl
    in: { shards: run/results }
    out: [results]
outputs:
  results:
    type: Directory
    outputSource: merge/results

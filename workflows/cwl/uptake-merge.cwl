cwlVersion: v1.2
class: CommandLineTool
label: uptake merge
doc: Puts the shares of a run together.
baseCommand: [uptake, merge]
successCodes: [0, 1]
arguments: [--out, merged, --quiet]
inputs:
  shards:
    type: Directory[]
    inputBinding: { position: 1 }
outputs:
  results:
    type: Directory
    outputBinding: { glob: merged }

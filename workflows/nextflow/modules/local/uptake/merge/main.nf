// NOT RUN: written after the guidelines of nf-core, without a Nextflow to try it on.
process UPTAKE_MERGE {
    tag "${meta.id}"
    label 'process_single'

    container "${params.uptake_container ?: 'uptake:latest'}"

    input:
    tuple val(meta), path(shards)

    output:
    tuple val(meta), path("results"), emit: results
    path "versions.yml", emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    """
    uptake merge ${shards} --out results ${args} --quiet || [ \$? -eq 1 ]

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        uptake: \$(uptake --version | sed 's/uptake //')
    END_VERSIONS
    """

    stub:
    """
    mkdir results
    touch versions.yml
    """
}

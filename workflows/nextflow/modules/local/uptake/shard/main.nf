// NOT RUN: written after the guidelines of nf-core, without a Nextflow to try it on.
process UPTAKE_SHARD {
    tag "${meta.id} ${shard}"
    label 'process_medium'

    // Built from the Dockerfile of the repository: there is no public image.
    container "${params.uptake_container ?: 'uptake:latest'}"

    input:
    tuple val(meta), path(images, stageAs: 'images/*'), val(shard)
    path recipe

    output:
    tuple val(meta), path("shard-*"), emit: shard
    path "versions.yml", emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def with = recipe ? "--recipe ${recipe}" : ''
    def out = "shard-${shard.replace('/', '-of-')}"
    // Exit code 1: some images failed. Their rows say why, and the share is whole.
    """
    uptake run images ${with} ${args} --shard ${shard} --out ${out} \\
        --threads ${task.cpus} --memory ${task.memory.toMega()}MB --quiet || [ \$? -eq 1 ]

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        uptake: \$(uptake --version | sed 's/uptake //')
    END_VERSIONS
    """

    stub:
    def out = "shard-${shard.replace('/', '-of-')}"
    """
    mkdir ${out}
    touch versions.yml
    """
}

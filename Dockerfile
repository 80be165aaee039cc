# NOT RUN: there was no Docker to try it on. Builds the program from this repository.
#
#   docker build -t uptake .
#   docker run --rm -v /data:/data uptake run /data/archive --out /data/results
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
# Workflow engines look at their tasks with ps.
RUN apt-get update && apt-get install -y --no-install-recommends procps && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/uptake /usr/local/bin/uptake
ENTRYPOINT ["uptake"]

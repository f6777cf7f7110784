# The daemon alone, for `docker compose up` (see compose.yaml) or by itself:
#
#   docker build -t messengerd .
#   docker run -p 8443:8443/udp -p 8443:8443/tcp -v messengerd:/var/lib/messengerd messengerd
#
# No secret is part of the image; passwords come as files, which
# DB_PASSWORD_FILE, REDIS_PASSWORD_FILE and JWT_SECRET_FILE name.

FROM rust:1-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock .env.example ./
COPY .cargo .cargo
COPY sql sql
COPY proto proto
COPY mchat mchat
COPY messengerd messengerd
# Downloads and objects stay with the builder, so that a change of the sources
# does not build the world again.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p messengerd \
    && install -D -m 755 target/release/messengerd /out/messengerd

FROM debian:bookworm-slim
# The roots by which the certificate of a PostgreSQL or Redis is verified.
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
# The number is written down: who mounts a directory instead of a volume gives
# it to this user.
RUN groupadd --gid 10001 messengerd \
    && useradd --uid 10001 --gid messengerd --no-create-home \
        --home-dir /var/lib/messengerd --shell /usr/sbin/nologin messengerd \
    && install -d -m 700 -o messengerd -g messengerd /var/lib/messengerd
COPY --from=build /out/messengerd /usr/bin/messengerd
USER 10001:10001
WORKDIR /var/lib/messengerd
ENV MESSENGERD_DATA_DIR=/var/lib/messengerd
VOLUME /var/lib/messengerd
EXPOSE 8443/udp 8443/tcp
STOPSIGNAL SIGTERM
# Plain HTTP inside the container only; bash speaks TCP, so nothing is installed
# for it.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["/usr/bin/messengerd"]
CMD ["serve"]

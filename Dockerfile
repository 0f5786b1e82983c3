# One image for the pipeline, the consumer, the dashboard and Dagster: the command decides (docs/deployment.md).
FROM python:3.11-slim-bookworm AS build
ENV PATH=/opt/duckhouse/.venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /opt/duckhouse
# the packages come before the project, so that a change of a model installs nothing
COPY pyproject.toml constraints.txt README.md ./
COPY plugins plugins
RUN python -m venv .venv \
    && pip install --constraint constraints.txt \
    --editable '.[postgres,s3,stream,report,dashboard,metrics,orchestration]'
COPY . .
# modes of a checkout, and of files that commands write with umask 077, would keep the user of the image out
RUN python -m scripts.deps \
    && python -m compileall -q dashboard duckhouse orchestration plugins scripts \
    && chmod -R a+rX,go-w .

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 duckhouse \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data duckhouse \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/duckhouse /opt/duckhouse
# everything that is written is below /data and /tmp: the rest may be read-only
ENV PATH=/opt/duckhouse/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    DBT_TARGET_PATH=/data/target \
    DBT_LOG_PATH=/data/logs \
    DUCKHOUSE_LANDING=/data/landing \
    DUCKHOUSE_DUCKDB=/data/duckhouse.duckdb \
    DUCKHOUSE_LAKE=/data/lake \
    DUCKHOUSE_REPORT=/data/report/index.html \
    DUCKHOUSE_ORCHESTRATION=/data/dagster \
    DUCKHOUSE_CLICKHOUSE=/data/clickhouse-data \
    DUCKHOUSE_POSTGRES=/data/postgres-data \
    DUCKHOUSE_PIPELINE=/inflows/pipeline.yml
WORKDIR /opt/duckhouse
USER 10001:10001
CMD ["python", "-m", "scripts.pipeline", "--if-new"]

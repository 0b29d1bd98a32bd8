# syntax=docker/dockerfile:1
# The same steps as everywhere: make, with every package checked by its hash.

FROM python:3.13-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# First what changes seldom: the dependencies stay in the cache while only the source changes.
COPY Makefile pyproject.toml requirements-local.lock ./
RUN make .venv/.deps-local
COPY README.md ./
COPY prompts prompts
COPY service service
RUN make local

FROM python:3.13-slim
# OpenMP, which the engine of the embedded model is linked against.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home parley \
    && install --directory --owner parley /models /data
COPY --from=build --chown=root:root /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PARLEY_MODEL_DIR=/models PARLEY_DATA_DIR=/data/postgres
WORKDIR /app
USER parley
# The embedded model: docker run -v parley-models:/models IMAGE models pull
VOLUME /models
# The embedded PostgreSQL, where PARLEY_DATABASE_URL names no other.
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
ENTRYPOINT ["parley"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]

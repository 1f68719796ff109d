# One image for everything that stoppoc runs: `docker compose` says which part of it a container is.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
# What is needed to run, each package by its hash; what only the tests need stays outside.
COPY requirements.run.lock ./
RUN python -m venv /opt/stoppoc \
 && /opt/stoppoc/bin/pip install --require-hashes --only-binary :all: -r requirements.run.lock

FROM python:3.11-slim
# Nothing is written at run time: the root can be read-only. Output comes as it is said.
ENV PATH=/opt/stoppoc/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 STOPPOC_LOG=json
COPY --from=build /opt/stoppoc /opt/stoppoc
WORKDIR /app
COPY shared shared
COPY services services
COPY deploy deploy
RUN python -m compileall -q /app && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin stoppoc
USER 10001:10001
EXPOSE 8080
# Whether the loop turns; an orchestrator asks /ready for itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/live', timeout=2)"]
ENTRYPOINT ["python", "-m", "deploy.cli"]
CMD ["--help"]

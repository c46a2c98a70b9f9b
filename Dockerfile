# syntax=docker/dockerfile:1
# Build stage: installs what serves and builds the demonstration's release, so that the image starts ready and needs
# no network. No torch: the models that ship run by onnxruntime.
FROM python:3.11-slim AS build
# Extras of the package, comma-separated, such as postgres or local-llm: --build-arg EXTRAS=postgres
ARG EXTRAS=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY app app
COPY pipeline pipeline
COPY knowledge knowledge
COPY learning learning
COPY seeds seeds
RUN pip install --constraint constraints.txt ".${EXTRAS:+[$EXTRAS]}"
RUN cd / && CANDOR_DATA_DIR=/srv/data candor reindex

FROM python:3.11-slim
ARG EXTRAS=""
# xllamacpp, of local-llm, links against OpenMP.
RUN case ",$EXTRAS," in *,local-llm,*) apt-get update && apt-get install --yes --no-install-recommends libgomp1 \
  && rm -rf /var/lib/apt/lists/*;; esac
RUN useradd --system --uid 10001 --create-home candor
COPY --from=build /opt/venv /opt/venv
COPY --from=build --chown=candor /srv/data /data
ENV PATH=/opt/venv/bin:$PATH CANDOR_DATA_DIR=/data PYTHONUNBUFFERED=1
# Mount the folder that `candor init` made here: its .env and seeds/ are found then.
WORKDIR /srv/candor
USER candor
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
CMD ["candor", "serve", "--host", "0.0.0.0", "--port", "8000"]

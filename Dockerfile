# syntax=docker/dockerfile:1
# Build stage: installs everything and exports the encoder, so that the image starts ready and needs no network.
FROM python:3.11-slim AS build
# An index with CPU builds of PyTorch, given by the builder: --build-arg TORCH_INDEX=<address>. Without it the default
# index is used, whose Linux builds bring several gigabytes of accelerator libraries.
ARG TORCH_INDEX=""
# Extras of the package, such as local-llm: --build-arg EXTRAS=local-llm
ARG EXTRAS=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/candor
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY constraints.txt ./
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} --constraint constraints.txt torch
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY pipeline pipeline
COPY knowledge knowledge
COPY learning learning
RUN pip install --constraint constraints.txt --editable ".${EXTRAS:+[$EXTRAS]}"
COPY seeds seeds
RUN CANDOR_DATA_DIR=/srv/data candor reindex

FROM python:3.11-slim
ARG EXTRAS=""
RUN [ -z "$EXTRAS" ] || { apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*; }
RUN useradd --system --uid 10001 --create-home candor
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/candor /srv/candor
COPY --from=build --chown=candor /srv/data /data
ENV PATH=/opt/venv/bin:$PATH CANDOR_DATA_DIR=/data PYTHONUNBUFFERED=1
WORKDIR /srv/candor
USER candor
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
CMD ["candor", "serve", "--host", "0.0.0.0", "--port", "8000"]

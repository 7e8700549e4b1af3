# Small and without root: packages are built into a virtual environment in the first stage and copied whole.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY queue queue
RUN python -m pip install --no-cache-dir build==1.3.0 && python -m build --wheel && /venv/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --create-home handbill && install -d -o handbill /home/handbill/data /home/handbill/queue
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH HANDBILL_HOME=/home/handbill HANDBILL_WEB=0.0.0.0:8080
USER handbill
WORKDIR /home/handbill
VOLUME ["/home/handbill/data", "/home/handbill/queue"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["handbill", "status", "--alive"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["handbill"]
CMD ["run"]

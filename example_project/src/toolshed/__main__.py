"""``python -m toolshed``: serve one shed on this machine until Ctrl-C."""

from __future__ import annotations

import argparse
from contextlib import suppress

from toolshed.server import build_server
from toolshed.store import Store


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="toolshed", description="Serve a shed of shared tools.")
    parser.add_argument("--file", default="shed.db", help="the SQLite file with the shed's books")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    with build_server(Store(options.file), options.port) as server, suppress(KeyboardInterrupt):
        print(f"toolshed listens on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()

"""Putting NiceGUI into the hub's application.

NiceGUI is one application a process, and pages are registered with it when they are imported. The gate tells each request which hub it
belongs to, so several applications of one process (tests) share the pages and nothing else.
"""

from __future__ import annotations

import importlib
import pkgutil

from fastapi import FastAPI
from nicegui import core, ui

from hub.runtime import Hub
from hub_api.console import pages
from hub_api.console.gate import Gate
from hub_api.console.markup import BASE

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#1d4e6f"/>'
    '<path d="M8 9v8a8 8 0 0 0 16 0V9" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/></svg>'
)
_SOCKET_SECONDS = 10.0


def mount(app: FastAPI, hub: Hub) -> None:
    """Serve the console at `/console` of this application. NiceGUI's own storage, and with it its cookie, stays unused."""
    for page in pkgutil.iter_modules(pages.__path__):
        importlib.import_module(f"{pages.__name__}.{page.name}")
    core.app.user_middleware.clear()  # `run_with` adds its own each time, and refuses to once requests were served
    core.app.middleware_stack = None
    ui.run_with(
        app,
        mount_path=BASE,
        title="UDIHub",
        favicon=_ICON,
        tailwind=False,
        reconnect_timeout=_SOCKET_SECONDS,
        show_welcome_message=False,
    )
    app.add_middleware(Gate, hub=hub)

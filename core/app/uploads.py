"""Files that a browser sends. Streamlit bounds the size of each, not how many it keeps while a session lasts, and takes
them without a page that asks for any."""

from __future__ import annotations

import threading
from functools import wraps

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

MOST_FILES = 4
"""Of one session, the newest; the one field of the course that takes a file takes one."""

_lock = threading.Lock()


def bound_uploads() -> None:
    """From now on a session's oldest file goes when one comes that is too many. Called by every page."""
    context = get_script_run_ctx()
    manager = context.uploaded_file_mgr if context else None
    if isinstance(manager, MemoryUploadedFileManager):
        with _lock:
            if not hasattr(manager.add_file, "__wrapped__"):
                _bound(manager)


def _bound(manager: MemoryUploadedFileManager) -> None:
    add = manager.add_file

    @wraps(add)
    def add_one(session_id: str, file: UploadedFileRec) -> None:
        add(session_id, file)
        for old in [*manager.file_storage.get(session_id, ())][:-MOST_FILES]:
            manager.remove_file(session_id, old)

    manager.add_file = add_one

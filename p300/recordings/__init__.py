"""Recordings: one file a source format, each of which yields :class:`Recording` objects."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.recordings.annotations import SEGMENT_EDGE
    from p300.recordings.described import SourceInfo
    from p300.recordings.layout import MATRIX_6X6, Layout
    from p300.recordings.recording import (
        FLASH_COLUMNS,
        Recording,
        build_recording,
        finish_recording,
    )
    from p300.recordings.registry import (
        SOURCES,
        described_options,
        open_recordings,
        recognise_source,
        source_module,
    )
    from p300.recordings.study import Study
    from p300.recordings.summary import content_hash, summarise_recording

__getattr__ = lazy_names(
    __name__,
    {
        "FLASH_COLUMNS": "p300.recordings.recording",
        "Layout": "p300.recordings.layout",
        "MATRIX_6X6": "p300.recordings.layout",
        "Recording": "p300.recordings.recording",
        "SEGMENT_EDGE": "p300.recordings.annotations",
        "SOURCES": "p300.recordings.registry",
        "SourceInfo": "p300.recordings.described",
        "Study": "p300.recordings.study",
        "build_recording": "p300.recordings.recording",
        "content_hash": "p300.recordings.summary",
        "described_options": "p300.recordings.registry",
        "finish_recording": "p300.recordings.recording",
        "open_recordings": "p300.recordings.registry",
        "recognise_source": "p300.recordings.registry",
        "source_module": "p300.recordings.registry",
        "summarise_recording": "p300.recordings.summary",
    },
)

__all__ = [
    "FLASH_COLUMNS",
    "MATRIX_6X6",
    "SEGMENT_EDGE",
    "SOURCES",
    "Layout",
    "Recording",
    "SourceInfo",
    "Study",
    "build_recording",
    "content_hash",
    "described_options",
    "finish_recording",
    "open_recordings",
    "recognise_source",
    "source_module",
    "summarise_recording",
]

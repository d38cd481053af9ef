"""Recordings: one file a source format, each of which yields :class:`Recording` objects."""

from p300.recordings.layout import MATRIX_6X6, Layout
from p300.recordings.recording import (
    FLASH_COLUMNS,
    SEGMENT_EDGE,
    Recording,
    build_recording,
    finish_recording,
)
from p300.recordings.registry import (
    SOURCES,
    SourceInfo,
    open_recordings,
    recognise_source,
    source_module,
)
from p300.recordings.study import Study
from p300.recordings.summary import content_hash, summarise_recording

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
    "finish_recording",
    "open_recordings",
    "recognise_source",
    "source_module",
    "summarise_recording",
]

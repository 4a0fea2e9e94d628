"""Which files this door takes, and how it tells of those that came with a run (contract 2.7)."""

from typing import Any

from api.agentos.answers import present
from runs.media import Sort, sort_of
from runs.models import Run, RunFile

IMAGES = "png jpeg jpg gif webp bmp tiff tif avif heic heif"
AUDIO = "wav x-wav wave mp3 mpeg ogg mp4 m4a aac flac"
VIDEO = "x-flv quicktime mpeg mpegs mpgs mpg mp4 webm wmv 3gpp"
TEXTS = "plain markdown md csv html css xml rtf javascript x-python"
DOCUMENTS = "pdf json rtf x-javascript x-python vnd.openxmlformats-officedocument.wordprocessingml.document"
TAKEN = {
    f"{family}/{name}"
    for family, names in {
        "image": IMAGES,
        "audio": AUDIO,
        "video": VIDEO,
        "text": TEXTS,
        "application": DOCUMENTS,
    }.items()
    for name in names.split()
}
FIELDS = {Sort.IMAGE: "images", Sort.AUDIO: "audios", Sort.VIDEO: "videos", Sort.DOCUMENT: "files"}


def media_of(run: Run, files: list[RunFile]) -> dict[str, list[dict[str, Any]]]:
    """Those of the conversation's files that came with this run's message.

    Without their bytes: a run is read far more often than its files are wanted.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        if file.run_id == run.pk:
            found.setdefault(FIELDS[sort_of(file.media_type)], []).append(item(file))
    return found


def item(file: RunFile) -> dict[str, Any]:
    medium = sort_of(file.media_type) != Sort.DOCUMENT
    return present(
        {
            "id": f"file-{file.pk}",
            "mime_type": file.media_type,
            "format": file.name.rpartition(".")[2].lower() if "." in file.name else None,
            "filename": file.name,
            "size": file.size,
            # The client drops a picture that has no content, address or path.
            "filepath": file.name if medium else None,
        }
    )

"""The prompts in `prompts/`, as files `name@version.md`; several versions may stand side by side.

---
name: extract
version: 1
---
## system
The part that never changes, sent first so that a provider's prefix cache hits.
## user
The template: $article and other $variables, $$ for a dollar sign.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from string import Template

from service.errors import PromptInvalid
from service.ports import Prompt

# Beside `service/`, in a checkout as in an installed wheel. importlib.resources cannot read a folder without Python
# in it when the project is installed in editable mode.
PROMPTS = Path(__file__).resolve().parents[2] / "prompts"

_FILE = re.compile(r"---\n(?P<front>.*?)\n---\n\s*## system\n(?P<system>.*?)\n## user\n(?P<user>.*)", re.DOTALL)
_FRONT = re.compile(r"(?P<key>[a-z_]+):[ \t]*(?P<value>\S.*?)[ \t]*")
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_NUMBER = re.compile(r"[1-9][0-9]*")


class PromptFiles:
    """A PromptBook over a folder, by default the packaged `prompts/`. Every file is read and checked when it is built."""

    def __init__(self, folder: Path = PROMPTS) -> None:
        self._versions: dict[str, dict[int, Prompt]] = {}
        for file in sorted(folder.glob("*@*.md")):  # a README may stand beside them
            prompt = read_prompt(file.name, file.read_bytes())
            self._versions.setdefault(prompt.name, {})[prompt.version] = prompt

    def get(self, reference: str) -> Prompt:
        """The prompt "name" (its newest version) or "name@version"; PromptInvalid if there is none."""
        name, at, version = reference.partition("@")
        versions = self._versions.get(name, {})
        number = max(versions, default=0) if not at else int(version) if _NUMBER.fullmatch(version) else 0
        if number not in versions:
            raise PromptInvalid(f"There is no prompt {reference!r}; expected one of: {', '.join(self.ids()) or 'none'}.")
        return versions[number]

    def ids(self) -> tuple[str, ...]:
        """All prompts as "name@version", in order."""
        return tuple(
            self._versions[name][number].id for name in sorted(self._versions) for number in sorted(self._versions[name])
        )


def read_prompt(file_name: str, content: bytes) -> Prompt:
    """The prompt in a file's bytes; PromptInvalid if a part is missing or the template cannot be filled."""
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise PromptInvalid(f"Prompt file {file_name!r} is not UTF-8.") from None
    parts = _FILE.fullmatch(text)
    if parts is None:
        raise PromptInvalid(f"Prompt file {file_name!r} needs front matter, then '## system', then '## user'.")
    front = _front_matter(file_name, parts["front"])
    prompt = Prompt(
        name=front["name"],
        version=int(front["version"]),
        system=parts["system"].strip(),
        user=parts["user"].strip(),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    if file_name != f"{prompt.id}.md":
        raise PromptInvalid(f"Prompt file {file_name!r} holds the prompt {prompt.id!r}; the two names must agree.")
    if not Template(prompt.user).is_valid():
        raise PromptInvalid(f"Prompt {prompt.id!r} has a '$' that begins no variable; write '$$' for a dollar sign.")
    return prompt


def _front_matter(file_name: str, text: str) -> dict[str, str]:
    front: dict[str, str] = {}
    for line in text.splitlines():
        entry = _FRONT.fullmatch(line)
        if entry is None:
            raise PromptInvalid(f"Prompt file {file_name!r} has a front-matter line that is not 'key: value'.")
        front[entry["key"]] = entry["value"]
    if set(front) != {"name", "version"} or not _NAME.fullmatch(front["name"]) or not _NUMBER.fullmatch(front["version"]):
        raise PromptInvalid(
            f"Prompt file {file_name!r} needs exactly 'name' (lower case) and 'version' (1, 2, ...) in front."
        )
    return front

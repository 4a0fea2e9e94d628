"""The project's own files, as the tests of its shape read them."""

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["teammates", "runs", "approvals", "api", "config"]  # each may import only those to its left
NOT_OURS = {".git", ".hypothesis", ".venv", ".venv-sdks", "data", "vendor", "screenshots", "migrations", "__pycache__"}


def files(*folders: str) -> Iterator[Path]:
    """Every file in `folders`, or in all of the project, that a person wrote; relative to its root."""
    for start in folders or ("",):
        for folder, below, names in os.walk(ROOT / start):
            below[:] = sorted(name for name in below if name not in NOT_OURS and not name.endswith("_cache"))
            yield from (Path(folder, name).relative_to(ROOT) for name in sorted(names) if name not in NOT_OURS)


def modules(*folders: str) -> list[Path]:
    return [path for path in files(*folders) if path.suffix == ".py"]


@cache
def text(path: Path) -> str:
    return (ROOT / path).read_text()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path), str(path))


def imports(path: Path) -> set[str]:
    """The modules that a file imports, inside functions too, relative ones and those named to `import_module`."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = path.parts[: len(path.parts) - node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {module, *(f"{module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Call) and called(node) in ("import_module", "import_string", "get_model"):
            found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    return found


def called(call: ast.Call) -> str:
    """The last word of what is called: `filter` of `Run.objects.filter(…)`."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1

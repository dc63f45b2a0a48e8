"""How the code is cut: the figures of STYLE beside those of other projects, as JSON.

    python benchmarks/style.py src components policies rehearsal
    python benchmarks/style.py --against h11=FOLDER httpx=FOLDER … -- src policies

For each folder: modules, lines, lines of a function (median, 90th percentile, longest,
how many are over 40), modules over 500 lines, the shares of lines over 88 and over 100
columns, the share of private functions with a docstring, and `Any` per thousand lines.
A function's lines are those from `def` to its last statement, without decorators and
docstring: a long promise does not make a function long.
"""

import ast
import io
import json
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

LONG_FUNCTION = 40
LONG_MODULE = 500
COLUMNS = (88, 100)
GENERATED = ("_pb2.py", "_pb2_grpc.py")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function of a module, nested ones included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: Function) -> int:
    """Lines from `def` to the last statement, without the docstring."""
    documented = ast.get_docstring(function, clean=False) is not None
    docstring = function.body[0] if documented else None
    taken = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - taken


def mentions_of_any(source: str) -> int:
    """How often the name `Any` stands in the code, imports left out."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    names = sum(t.type == tokenize.NAME and t.string == "Any" for t in tokens)
    imported = sum(
        alias.name == "Any"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )
    return names - imported


def measured(folder: Path) -> dict[str, float | int | list[str]]:
    """The figures of one folder."""
    files = [
        file
        for file in sorted(folder.rglob("*.py"))
        if not file.name.endswith(GENERATED)
        and not {"tests", "test"} & set(file.relative_to(folder).parts)
    ]
    sources = {file: file.read_text(encoding="utf-8") for file in files}
    trees = {file: ast.parse(source) for file, source in sources.items()}
    lines = [line for source in sources.values() for line in source.splitlines()]
    found = [function for tree in trees.values() for function in functions(tree)]
    lengths = sorted(map(length, found))
    private = [
        function
        for function in found
        if function.name.startswith("_") and not function.name.startswith("__")
    ]
    documented = sum(ast.get_docstring(function) is not None for function in private)
    sizes = {file: source.count("\n") for file, source in sources.items()}
    return {
        "modules": len(files),
        "lines": len(lines),
        "function_median": median(lengths),
        "function_p90": quantiles(lengths, n=10)[-1],
        "function_longest": lengths[-1],
        f"functions_over_{LONG_FUNCTION}": sum(n > LONG_FUNCTION for n in lengths),
        f"modules_over_{LONG_MODULE}": [
            str(file.relative_to(folder))
            for file, size in sizes.items()
            if size > LONG_MODULE
        ],
        **{
            f"lines_over_{limit}_percent": round(
                100 * sum(len(line) > limit for line in lines) / len(lines), 2
            )
            for limit in COLUMNS
        },
        "private_functions": len(private),
        "private_functions_documented_percent": round(
            100 * documented / max(1, len(private))
        ),
        "any_per_thousand_lines": round(
            1000 * sum(map(mentions_of_any, sources.values())) / len(lines), 1
        ),
    }


def main(arguments: list[str]) -> None:
    """Print the figures of the folders named, and of those to compare them with."""
    anchors: dict[str, Path] = {}
    if arguments[:1] == ["--against"]:
        named, _, arguments = _split(arguments[1:])
        anchors = {name: Path(folder) for name, folder in named}
    folders = {folder: Path(folder) for folder in arguments}
    print(
        json.dumps(
            {n: measured(f) for n, f in {**folders, **anchors}.items()}, indent=1
        )
    )


def _split(words: list[str]) -> tuple[list[tuple[str, str]], str, list[str]]:
    """What stands before `--` as pairs of name and folder, and what stands behind."""
    end = words.index("--") if "--" in words else len(words)
    pairs = [tuple(word.split("=", 1)) for word in words[:end]]
    return [(name, folder) for name, folder in pairs], "--", words[end + 1 :]


if __name__ == "__main__":
    main(sys.argv[1:])

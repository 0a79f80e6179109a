"""A flame graph of the screening, from `perf`.

    perf record -F 499 --call-graph dwarf,16384 -o flame.data target/release/saring screen REPORTS.jsonl > /dev/null
    perf script -i flame.data | python tests/benches/flame.py > flame.svg

The kernels of the ONNX Runtime don't say who called them; they stand under the call of the session that
is seen most.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from html import escape

WIDTH, ROW, SMALLEST = 1200.0, 16, 0.002
RUNTIME = "libonnxruntime"
GENERIC = re.compile(r"<[^<>]*>|::\{\{closure\}\}|\+0x[0-9a-f]+$")


def stacks(lines: list[str]) -> list[list[str]]:
    found, stack = [], []
    for line in [*lines, ""]:
        frame = re.match(r"\s+[0-9a-f]+ (.+?) \((.*)\)$", line)
        if frame:
            name = frame[1]
            while name != (shorter := GENERIC.sub("", name)):
                name = shorter
            library = frame[2].rsplit("/", 1)[-1]
            stack.append(library if name == "[unknown]" else name)
        elif not line.strip() and stack:
            found.append(stack[::-1])
            stack = []
    return found


def joined(found: list[list[str]]) -> list[list[str]]:
    """Stacks that begin within the runtime, under the most frequent way into it."""
    entries = [next((i for i, name in enumerate(stack) if name.startswith(RUNTIME)), 0) for stack in found]
    ways = Counter(tuple(stack[:entry]) for stack, entry in zip(found, entries, strict=True) if entry > 3)
    way = list(ways.most_common(1)[0][0]) if ways else []
    unknown = {"[unknown]", RUNTIME}
    return [way + stack if stack[0].startswith(RUNTIME) or set(stack) <= unknown else stack for stack in found]


def tree(found: list[list[str]]) -> dict:
    root = {"name": "all", "count": 0, "below": {}}
    for stack in found:
        # What the runtime calls within itself has no names.
        stack = [name for i, name in enumerate(stack) if not i or name != stack[i - 1]]
        at = root
        at["count"] += 1
        for name in stack:
            at = at["below"].setdefault(name, {"name": name, "count": 0, "below": {}})
            at["count"] += 1
    return root


def main() -> None:
    root = tree(joined(stacks(sys.stdin.read().splitlines())))
    boxes: list[str] = []
    deepest = 0

    def draw(node: dict, x: float, depth: int) -> None:
        nonlocal deepest
        deepest = max(deepest, depth)
        width, share = WIDTH * node["count"] / root["count"], node["count"] / root["count"]
        shade = 40 + sum(map(ord, node["name"])) % 30
        label = node["name"].split("::")[-1] if len(node["name"]) * 7 > width else node["name"]
        label = label if len(label) * 7 < width else ""
        boxes.append(
            f'<g transform="translate({x:.1f} {-ROW * depth})"><title>{escape(node["name"])} {share:.1%}</title>'
            f'<rect width="{width:.1f}" height="{ROW - 1}" fill="hsl({shade} 85% 65%)"/>'
            f'<text x="3" y="12">{escape(label)}</text></g>'
        )
        for below in sorted(node["below"].values(), key=lambda n: n["name"]):
            if below["count"] / root["count"] >= SMALLEST:
                draw(below, x, depth + 1)
            x += WIDTH * below["count"] / root["count"]

    draw(root, 0.0, 0)
    height = ROW * (deepest + 1)
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height}" font-family="monospace" '
        f'font-size="11"><g transform="translate(0 {height - ROW})">{"".join(boxes)}</g></svg>'
    )


if __name__ == "__main__":
    main()

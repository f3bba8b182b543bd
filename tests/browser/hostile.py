"""metrics.json in which every text wants to be more than text."""

from __future__ import annotations

from typing import Any

TURNING = "\u202egpj.exe\u2067\u061c"
"""Turns what comes after it, on the same line, from right to left."""
PAYLOADS = (
    '</script><img src="x" onerror="hacked = 1">',
    '"><svg onload="hacked = 2"></svg>',
    "' onfocus='hacked = 3' autofocus x='",
    "]]><script>hacked = 4</script>",
    "--><!-- <script>",
    "&lt;b&gt; &amp;amp; &#60;",
    "{{7*7}} {% endraw %} ${hacked = 5}",
    "</style><style>body { display: none }</style>",
    "</title></svg></table></main><h1>mine</h1>",
    "\\u003cimg src=x onerror=hacked=6\\u003e",
    "javascript:hacked=7",
    "url(http://hacked.test/8)",
    TURNING,
    "\x00\x1b[31m\ud800\ufffe",
    "$\\frac{1}{ \\input{x}",
    "🧪👩\u200d🔬 a\u0301\u0323",
    "very" * 60,
)
STRUCTURE = ("kind", "role", "arrangement", "metric", "file", "still")
WORDS = ("all codes",)
"""Keys and words that say what a value is; everything else is somebody's text."""


class Spoiler:
    """Puts a payload behind every text, the same behind the same text."""

    def __init__(self, *payloads: str) -> None:
        self.payloads = payloads or PAYLOADS
        self.spoilt: dict[str, str] = {}

    def text(self, text: str) -> str:
        if text in WORDS:
            return text
        if text.startswith("information_"):
            return "information_" + self.text(text.removeprefix("information_"))
        if text not in self.spoilt:
            self.spoilt[text] = text + self.payloads[len(self.spoilt) % len(self.payloads)]
        return self.spoilt[text]

    def document(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the document with all texts spoilt, its free keys among them."""
        spoilt: dict[str, Any] = self._values(document)
        for model in (spoilt, *spoilt.get("models", ())):
            if "history" in model:
                model["history"] = self._keys(model["history"])
                model["training"]["config"] = self._keys(model["training"]["config"])
            for result in model["results"]:
                result["settings"] = self._keys(result["settings"])
        spoilt["environment"] = self._keys(spoilt["environment"])
        extra = dict(spoilt["results"][0])
        spoilt["results"] += [extra | {"metric": payload} for payload in self.payloads]
        spoilt["skipped"] += [{"metric": payload, "reason": payload} for payload in self.payloads]
        return spoilt

    def _values(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self._values(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._values(item, key) for item in value]
        return self.text(value) if isinstance(value, str) and key not in STRUCTURE else value

    def _keys(self, values: dict[str, Any]) -> dict[str, Any]:
        own = ("step", "seconds")
        return {key if key in own else self.text(key): value for key, value in values.items()}

"""The one release of onnxruntime-web that a page may run, known by the content of its files.

A page with a live generator runs a script that lies in a folder beside metrics.json, and that
folder may come from a stranger. So it is run only where it is the published release, byte for byte.
"""

NAME = "onnxruntime-web"
VERSION = "1.30.0"
FOLDER = NAME
"""The folder of the files, beside metrics.json."""

SCRIPT = "ort.wasm.min.js"
LOADER = "ort-wasm-simd-threaded.mjs"
WEBASSEMBLY = "ort-wasm-simd-threaded.wasm"
LICENSE = "LICENSE"

FILES = {
    SCRIPT: (50_196, "faece07e84faa9001f5104bbe4e5c70861d06cb2376a0dea1fa0ad33a67adc81"),
    LOADER: (24_381, "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b"),
    WEBASSEMBLY: (14_239_897, "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"),
}
"""Size in bytes and SHA-256 of each, as they are in the package's folder `dist`."""

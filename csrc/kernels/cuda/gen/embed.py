"""Writes an assembler source that holds compiled images of kernels, and the list of them.

python embed.py OUT IMAGE ...
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    out, *images = sys.argv[1:]
    lines = [
        "// Written by csrc/kernels/cuda/gen/embed.py; not to be edited.",
        '#include "kernels/cuda/launch.h"\n',
    ]
    for i, image in enumerate(images):
        # Images are read by the driver in words of 8 bytes.
        lines.append(f'asm(".section .rodata\\n.balign 64\\ntorch_image_{i}:\\n.incbin \\"{image}\\"\\n"')
        lines.append(f'    "torch_image_end_{i}:\\n.byte 0\\n.previous\\n");')
        lines.append(f"extern const unsigned char torch_image_{i}[], torch_image_end_{i}[];")
    lines.append("\nnamespace torch::cuda {\n")
    lines.append("const EmbeddedImage embedded_images[] = {")
    lines += [f"    {{torch_image_{i}, torch_image_end_{i}}}," for i in range(len(images))]
    if not images:  # a build for the emulated device, which takes anything for an image
        lines.append("    {nullptr, nullptr},")
    lines += ["};", f"const int embedded_image_count = {max(1, len(images))};", "\n} // namespace torch::cuda"]
    Path(out).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

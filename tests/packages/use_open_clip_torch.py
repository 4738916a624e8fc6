"""A small CLIP: image and text features, contrastive loss, gradients, 3 steps of AdamW; tokenizer and transforms."""

import open_clip
import torch
from figures import show
from open_clip import ClipLoss
from open_clip.model import CLIP

IMPORT = "open_clip"

torch.manual_seed(0)
vision = {"image_size": 32, "layers": 2, "width": 32, "head_width": 8, "patch_size": 8}
text = {"context_length": 16, "vocab_size": 500, "width": 32, "heads": 4, "layers": 2}
model = CLIP(embed_dim=16, vision_cfg=vision, text_cfg=text)
images, tokens = torch.randn(4, 3, 32, 32), torch.randint(1, 500, (4, 16))
optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
losses = []
for _ in range(3):
    optimizer.zero_grad()
    loss = ClipLoss()(*model(images, tokens))
    loss.backward()
    optimizer.step()
    losses.append(float(loss.detach()))
show("losses", losses, 1e-3)
model.eval()
show("image", model.encode_image(images, normalize=True), 1e-3)
show("text", model.encode_text(tokens, normalize=True), 1e-3)
show("tokens", open_clip.tokenize(["a photo of a cat", "two dogs"]), 0.0)
show("models", len(open_clip.list_models()))

"""A decoder with rotary positions, an encoder and an encoder-decoder: forward, loss, gradients, generate."""

import torch
from figures import gradients, show
from x_transformers import AutoregressiveWrapper, Decoder, Encoder, TransformerWrapper, XTransformer

IMPORT = "x_transformers"

torch.manual_seed(0)
model = TransformerWrapper(
    num_tokens=50, max_seq_len=32, attn_layers=Decoder(dim=32, depth=2, heads=4, rotary_pos_emb=True, use_rmsnorm=True)
)
wrapper = AutoregressiveWrapper(model)
ids = torch.randint(50, (2, 16))
loss = wrapper(ids)
loss.backward()
show("loss", loss, 1e-3)
show("gradients", gradients(model), 1e-3)
show("logits", model(ids), 1e-3)
show("generated", wrapper.generate(ids[:, :4], 8, temperature=0.0), 0.0)
encoder = TransformerWrapper(
    num_tokens=50, max_seq_len=32, attn_layers=Encoder(dim=32, depth=2, heads=4, attn_flash=True)
)
show("encoded", encoder(ids, mask=torch.ones_like(ids).bool(), return_embeddings=True), 1e-3)
both = XTransformer(
    dim=32,
    enc_num_tokens=50,
    enc_depth=1,
    enc_heads=4,
    enc_max_seq_len=16,
    dec_num_tokens=50,
    dec_depth=1,
    dec_heads=4,
    dec_max_seq_len=16,
)
show("translation loss", both(ids, ids.flip(1), mask=torch.ones_like(ids).bool()), 1e-3)

"""LoRA on a tiny GPT-2: trainable parameters, 5 steps of AdamW, merged weights, adapters saved and loaded."""

import os
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
import torch
from figures import show
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel

IMPORT = "peft"


def base():
    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(vocab_size=60, n_embd=32, n_layer=2, n_head=4, n_positions=32))


model = get_peft_model(
    base(), LoraConfig(r=4, lora_alpha=8, target_modules=["c_attn"], lora_dropout=0.1, fan_in_fan_out=True)
)
show("parameters", list(model.get_nb_trainable_parameters()))
ids = torch.randint(60, (3, 10))
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], 0.01)
losses = []
for _ in range(5):
    optimizer.zero_grad()
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    optimizer.step()
    losses.append(float(loss.detach()))
show("losses", losses, 1e-3)
model.eval()
before = model(input_ids=ids).logits
show("logits", before, 1e-3)
with tempfile.TemporaryDirectory() as folder:
    model.save_pretrained(folder)
    again = PeftModel.from_pretrained(base(), folder).eval()
    show("loaded", again(input_ids=ids).logits, 1e-3)
show("merged", model.merge_and_unload()(input_ids=ids).logits, 1e-3)

"""GPT-2, BERT, Llama, T5 and ViT of tiny sizes: forward, loss, gradients, greedy generate, save and load; 5 steps of the Trainer."""

import os
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", TQDM_DISABLE="1", WANDB_DISABLED="true")
import torch
from figures import gradients, show
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
    Trainer,
    TrainingArguments,
    ViTConfig,
    ViTForImageClassification,
)

IMPORT = "transformers.models.llama.modeling_llama"

small = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
torch.manual_seed(0)
ids = torch.randint(3, 99, (2, 12))
mask = torch.ones_like(ids)
mask[1, 9:] = 0
pixels = torch.randn(2, 3, 32, 32)


def build(name):
    torch.manual_seed(0)
    if name == "gpt2":
        config = GPT2Config(
            vocab_size=99,
            n_embd=32,
            n_layer=2,
            n_head=4,
            n_positions=64,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=0,
        )
        return GPT2LMHeadModel(config), {"input_ids": ids, "attention_mask": mask, "labels": ids}
    if name == "bert":
        return BertForMaskedLM(BertConfig(**small)), {"input_ids": ids, "attention_mask": mask, "labels": ids}
    if name == "llama":
        config = LlamaConfig(**small, num_key_value_heads=2, bos_token_id=1, eos_token_id=2, pad_token_id=0)
        return LlamaForCausalLM(config), {"input_ids": ids, "attention_mask": mask, "labels": ids}
    if name == "t5":
        config = T5Config(
            vocab_size=99,
            d_model=32,
            d_kv=8,
            d_ff=64,
            num_layers=2,
            num_heads=4,
            decoder_start_token_id=0,
            pad_token_id=0,
        )
        return T5ForConditionalGeneration(config), {
            "input_ids": ids,
            "attention_mask": mask,
            "labels": ids[:, :7].contiguous(),
        }
    config = ViTConfig(
        **{k: v for k, v in small.items() if k != "vocab_size"}, image_size=32, patch_size=8, num_labels=5
    )
    return ViTForImageClassification(config), {"pixel_values": pixels, "labels": torch.tensor([1, 4])}


for name in ("gpt2", "bert", "llama", "t5", "vit"):
    model, inputs = build(name)
    model.eval()
    found = model(**inputs)
    show(f"{name} loss", found.loss)
    show(f"{name} logits", found.logits, 1e-3)
    found.loss.backward()
    show(f"{name} gradients", gradients(model), 1e-3)
    if name in ("gpt2", "llama", "t5"):
        tokens = model.generate(ids[:1], max_new_tokens=8, do_sample=False, num_beams=1)
        show(f"{name} generated", tokens, 0.0)
        beams = model.generate(ids[:1], max_new_tokens=6, do_sample=False, num_beams=3)
        show(f"{name} beams", beams, 0.0)
        torch.manual_seed(3)
        show(f"{name} sampled", model.generate(ids[:1], max_new_tokens=6, do_sample=True, top_k=20), 0.0)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        again = type(model).from_pretrained(folder).eval()
        show(f"{name} loaded", again(**inputs).logits, 1e-3)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    model.train(False)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = model(**inputs).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    show(f"{name} losses", losses, 1e-3)

torch.manual_seed(0)
model, _ = build("gpt2")
data = [{"input_ids": row, "labels": row} for row in torch.randint(3, 99, (20, 12))]
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        folder,
        max_steps=5,
        per_device_train_batch_size=4,
        logging_steps=1,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(model, arguments, train_dataset=data)
    trainer.train()
show("trainer losses", [entry["loss"] for entry in trainer.state.log_history if "loss" in entry], 1e-3)

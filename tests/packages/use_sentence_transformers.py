"""A tiny BERT with pooling: encode, similarities, semantic search, three losses with gradients."""

import os
import tempfile
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", TQDM_DISABLE="1")
import torch
from figures import gradients, show
from sentence_transformers import SentenceTransformer, losses, models, util
from transformers import BertConfig, BertModel, BertTokenizer

IMPORT = "sentence_transformers"

torch.manual_seed(0)
folder = Path(tempfile.mkdtemp())
words = "[PAD] [UNK] [CLS] [SEP] [MASK] a cat dog sits on the mat runs in park it rains today".split()
(folder / "vocab.txt").write_text("\n".join(words))
BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
config = BertConfig(
    vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
)
BertModel(config).save_pretrained(folder)
transformer = models.Transformer(str(folder), max_seq_length=16)
model = SentenceTransformer(modules=[transformer, models.Pooling(16), models.Normalize()], device="cpu")
sentences = ["a cat sits on the mat", "the dog runs in the park", "it rains today", "a dog sits"]
embeddings = model.encode(sentences, convert_to_tensor=True, show_progress_bar=False)
show("embeddings", embeddings, 1e-3)
show("similarities", util.cos_sim(embeddings, embeddings), 1e-3)
hits = util.semantic_search(embeddings[:1], embeddings, top_k=3)[0]
show("hits", [hit["corpus_id"] for hit in hits], 0.0)
features = [model.tokenize(sentences[:2]), model.tokenize(sentences[2:])]
for loss, labels in (
    (losses.CosineSimilarityLoss(model), torch.tensor([0.2, 0.8])),
    (losses.MultipleNegativesRankingLoss(model), torch.tensor([0, 0])),
    (losses.ContrastiveLoss(model), torch.tensor([0, 1])),
):
    model.eval()
    model.zero_grad()
    value = loss([{k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in f.items()} for f in features], labels)
    value.backward()
    show(type(loss).__name__, value, 1e-3)
    show(type(loss).__name__ + " gradients", gradients(model), 1e-3)

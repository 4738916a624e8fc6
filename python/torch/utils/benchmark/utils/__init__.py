"""The parts of ``torch.utils.benchmark`` under their longer names."""

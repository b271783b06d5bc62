"""A small decoder of the Llama architecture: RMSNorm, rotary positions, SwiGLU, tied embeddings, no biases.

Knows neither text nor training. The short names of the layers are the names in checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model looks like; the defaults are those of bytefim-tiny."""

    n_vocabulary: int = 8192
    width: int = 320
    """a multiple of 2 * n_heads; of 32 for Q8_0, of 256 for K-quants"""
    n_layers: int = 6
    n_heads: int = 5
    n_hidden: int = 864
    """of the feed-forward part"""
    n_context_tokens: int = 1024
    """the longest row that it may be shown"""
    rope_base: float = 10000.0
    norm_epsilon: float = 1e-5


class Model(nn.Module):
    """Logits of the next token at every position."""

    cosines: Tensor
    sines: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.emb = nn.Embedding(shape.n_vocabulary, shape.width)
        self.blocks = nn.ModuleList(_Block(shape) for _ in range(shape.n_layers))
        self.norm = _RmsNorm(shape)
        cosines, sines = _rotations(shape)
        self.register_buffer("cosines", cosines, persistent=False)
        self.register_buffer("sines", sines, persistent=False)
        nn.init.normal_(self.emb.weight, std=0.02)

    def forward(self, tokens: Tensor, targets: Tensor | None = None) -> Tensor:
        """(n_rows, n_tokens, n_vocabulary) logits; with targets the mean loss in nats, where targets are not -100."""
        x = self.emb(tokens)
        if torch.is_autocast_enabled(x.device.type):
            x = x.to(torch.bfloat16)  # or every addition of a block's output would widen it again
        n_tokens = tokens.shape[1]
        for block in self.blocks:
            x = block(x, self.cosines[:n_tokens], self.sines[:n_tokens])
        logits = functional.linear(self.norm(x), self.emb.weight)
        if targets is None:
            return logits
        return functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())


class _Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.n_heads = shape.n_heads
        self.n1, self.n2 = _RmsNorm(shape), _RmsNorm(shape)
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)  # query, key, value
        self.o = nn.Linear(shape.width, shape.width, bias=False)
        self.gu = nn.Linear(shape.width, 2 * shape.n_hidden, bias=False)  # gate, up
        self.down = nn.Linear(shape.n_hidden, shape.width, bias=False)
        into_stream = (2 * shape.n_layers) ** -0.5  # so many matrices add to the stream
        nn.init.normal_(self.qkv.weight, std=shape.width**-0.5)
        nn.init.normal_(self.gu.weight, std=shape.width**-0.5)
        nn.init.normal_(self.o.weight, std=shape.width**-0.5 * into_stream)
        nn.init.normal_(self.down.weight, std=shape.n_hidden**-0.5 * into_stream)

    def forward(self, x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
        n_rows, n_tokens, width = x.shape
        query, key, value = self.qkv(self.n1(x)).view(n_rows, n_tokens, 3, self.n_heads, -1).unbind(2)
        query, key = _rotate(query, cosines, sines), _rotate(key, cosines, sines)
        heads = functional.scaled_dot_product_attention(
            query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), is_causal=True
        )
        x = x + self.o(heads.transpose(1, 2).reshape(n_rows, n_tokens, width))
        gate, up = self.gu(self.n2(x)).chunk(2, -1)
        return x + self.down(functional.silu(gate) * up)


class _RmsNorm(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(shape.width)), shape.norm_epsilon

    def forward(self, x: Tensor) -> Tensor:
        y = x.float()
        y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return (y * self.weight).to(x.dtype)


def _rotations(shape: Shape) -> tuple[Tensor, Tensor]:
    n_head = shape.width // shape.n_heads
    frequencies = 1.0 / shape.rope_base ** (torch.arange(0, n_head, 2).float() / n_head)
    angles = torch.outer(torch.arange(shape.n_context_tokens).float(), frequencies)
    return angles.cos(), angles.sin()


def _rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """x (n_rows, n_tokens, n_heads, n_head); rotates the pairs (0, 1), (2, 3), ... as llama.cpp does for `llama`."""
    pairs = x.unflatten(-1, (-1, 2))
    left, right = pairs[..., 0].float(), pairs[..., 1].float()
    cosines, sines = cosines[:, None, :], sines[:, None, :]
    rotated = torch.stack((left * cosines - right * sines, left * sines + right * cosines), -1)
    return rotated.flatten(-2).to(x.dtype)

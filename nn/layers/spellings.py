"""What other libraries call the keywords of layers, and what to write here; see `nn.spellings`."""

from collections.abc import Mapping

from nn.spellings import NUMBERS

_EVERY = {
    "device=": NUMBERS,
    "dtype=": NUMBERS,
    "random_state=": "seed=",
}
NORMAL: Mapping[str, str] = {
    **dict.fromkeys(("normalized_shape=", "num_features=", "dim=", "ndim="), "n="),
    **dict.fromkeys(("epsilon=",), "eps="),
    **dict.fromkeys(
        ("elementwise_affine=", "bias=", "center=", "scale="),
        "leave it out: there is always a gain and a shift",
    ),
    "axis=": "leave it out: the mean is taken along the last axis",
    "device=": NUMBERS,
    "dtype=": NUMBERS,
}
EMBEDDING: Mapping[str, str] = {
    **dict.fromkeys(("num_embeddings=", "input_dim=", "vocab_size=", "vocabulary="), "count="),
    **dict.fromkeys(("embedding_dim=", "output_dim=", "dim=", "n_embd="), "width="),
    "padding_idx=": "leave it out: every row is trained",
    "sparse=": "leave it out: recorded, gradients reach only the rows that were used",
    **_EVERY,
}
RECURRENT: Mapping[str, str] = {
    **dict.fromkeys(("input_size=", "n_in=", "input_dim="), "inputs="),
    **dict.fromkeys(("hidden_size=", "units=", "n_hidden=", "n_out="), "hidden="),
    "nonlinearity=": "activation=",
    "return_sequences=": "states='all'",
    "batch_first=": "leave it out: X always has the samples first",
    "num_layers=": "leave it out: nn.Sequential of several, states='all' but in the last",
    "bias=": "leave it out: every neuron has a bias",
    **_EVERY,
}
DROPOUT: Mapping[str, str] = {
    **dict.fromkeys(("rate=", "drop_prob=", "dropout=", "dropout_rate="), "p="),
    **dict.fromkeys(("random_state=", "rng=", "generator="), "seed="),
    "inplace=": "leave it out: a layer returns new Values",
    "noise_shape=": "leave it out: every input has a draw of its own",
}

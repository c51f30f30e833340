"""What a module of PyTorch computes, as a row of layers: its `forward` is followed by `torch.fx`.

Nothing is computed; `torch.fx` calls `forward` with a placeholder and notes what is done with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from nn.elsewhere.libraries import library
from nn.interop.pieces import ConversionError
from nn.interop.pytorch.layers import Found, Reader, single
from nn.module import Module

_ROW = "write its layers as torch.nn.Sequential, or from_torch(module.state_dict(), model)"


def path_through(torch: Any, module: Any) -> list[Found]:
    """Return the layers of a module in the order in which its inputs go through them.

    Raises:
        ConversionError: naming what has no counterpart and what to do.
    """
    reader = Reader(torch)
    _refuse_ties(module)
    is_layer = type(module).__module__.startswith("torch.nn") or isinstance(module, reader.leaves)
    if is_layer and not isinstance(module, torch.nn.Sequential):
        return _joined(reader.read("", module))
    _refuse_surroundings(torch, module)
    return _joined(_Follower(torch, reader, module).row())


def _refuse_surroundings(torch: Any, module: Any) -> None:
    """Refuse what a module does around its `forward`, which `torch.fx` does not follow."""
    name, own = type(module).__name__, type(module).__call__
    # A module that torch.fx made has a __call__ that tells errors apart.
    made = isinstance(module, library("torch", "torch.fx").GraphModule)
    if own is not torch.nn.Module.__call__ and not made:
        raise ConversionError(
            f"{name} has a __call__ of its own, which torch.fx does not follow: move what it does "
            "into forward"
        )
    if module._forward_hooks or module._forward_pre_hooks:
        raise ConversionError(f"{name} has hooks, which do something besides: remove()")


def _refuse_ties(module: Any) -> None:
    """Refuse a parameter that two modules share: each would have one of its own here."""
    owners: dict[int, tuple[int, str]] = {}
    for name, part in module.named_modules():
        for key, parameter in part.named_parameters(recurse=False):
            owner, first = owners.setdefault(id(parameter), (id(part), f"{name}.{key}"))
            if owner != id(part):
                raise ConversionError(
                    f"{first} and {name}.{key} are one parameter, and layers here have their own: "
                    "share Values in a class of your own, nn.Module with __call__"
                )


class _Follower:
    """Reads what `torch.fx` noted backwards, from the outputs to the inputs.

    Args:
        torch: the library.
        reader: reads the layers.
        module: the module.
    """

    def __init__(self, torch: Any, reader: Reader, module: Any) -> None:
        self.torch, self.reader, self.module = torch, reader, module
        self.functions = _functions(torch)
        self.nodes: list[Any] = list(self._graph().nodes)
        self._refuse_lasting_dropout()

    def _refuse_lasting_dropout(self) -> None:
        """Refuse a dropout that is the same in both modes: `predict` leaves every one out."""
        here = _dropouts(self.nodes)
        if not here:
            return
        parts = list(self.module.modules())
        for part in parts:
            part.training = not part.training
        try:
            there = _dropouts(self._graph().nodes)
        finally:
            for part in parts:
                part.training = not part.training
        if any(one == other for one, other in zip(here, there, strict=False)):
            raise ConversionError(
                f"{type(self.module).__name__} calls dropout with a training that does not change "
                "with its mode, so that eval() leaves it on: write "
                "dropout(x, p, training=self.training), or torch.nn.Dropout(p)"
            )

    def _graph(self) -> Any:
        fx, leaves = library("torch", "torch.fx"), self.reader.leaves

        def is_leaf(tracer: Any, module: Any, name: str) -> Any:
            return isinstance(module, leaves) or fx.Tracer.is_leaf_module(tracer, module, name)

        tracer = type("Tracer", (fx.Tracer,), {"is_leaf_module": is_leaf})()
        try:
            return tracer.trace(self.module)
        except Exception as error:
            said = str(error).strip().partition("\n")[0]
            raise ConversionError(
                f"{type(self.module).__name__} cannot be followed by torch.fx: {said:.160}. {_ROW}"
            ) from None

    def row(self) -> list[Found]:
        inputs = [node for node in self.nodes if node.op == "placeholder"]
        (output,) = self.nodes[-1].args
        if len(inputs) != 1 or not self._is_node(output):
            raise ConversionError(
                f"{type(self.module).__name__} takes {len(inputs)} input(s) and gives "
                f"{'one output' if self._is_node(output) else 'several outputs'}: a model here has "
                "one of each"
            )
        return self._between(inputs[0], output)

    def _is_node(self, x: Any) -> bool:
        return hasattr(x, "op") and hasattr(x, "all_input_nodes")

    def _between(self, start: Any, node: Any) -> list[Found]:
        """Return the layers between two nodes, of which the first is before the second."""
        found: list[list[Found]] = []
        while node is not start:
            if node.op in ("placeholder", "get_attr"):
                raise self._refused(node)
            items, node = self._read(node)
            found.insert(0, items)
        return [item for items in found for item in items]

    def _read(self, node: Any) -> tuple[list[Found], Any]:
        """Return what a node does, and the node that it does it to."""
        if node.op == "call_module":
            if len(node.args) != 1 or node.kwargs:
                raise self._refused(node)
            module = self.module.get_submodule(node.target)
            return self.reader.read(node.target, module), node.args[0]
        name = node.target if node.op == "call_method" else getattr(node.target, "__name__", "")
        if name in ("add", "iadd", "add_"):
            return self._sum(node)
        if name == "getitem":
            return self._taken(node)
        if self._is_flatten(node, name):
            (found,) = self.reader.read(node.name, self.torch.nn.Flatten())
            # view(-1, n) makes other samples where the rows before are no n numbers.
            width = None if name == "flatten" else _shape_asked(node)[1]
            return [replace(found, width=width)], node.args[0]
        layer = self.functions.get(name)
        if layer is None or not node.args or not self._is_node(node.args[0]):
            raise self._refused(node)
        try:
            module = layer(*node.args[1:], **node.kwargs)
        except TypeError:
            raise self._refused(node) from None
        return self.reader.read(node.name, module) if module is not None else [], node.args[0]

    def _refused(self, node: Any) -> ConversionError:
        done = {"call_module": "calls", "placeholder": "takes", "get_attr": "takes"}
        name = getattr(node.target, "__name__", node.target)
        return ConversionError(
            f"{type(self.module).__name__} {done.get(node.op, 'calls')} {name!s:.60} with "
            f"{len(node.args)} argument(s), which has no counterpart here: {_ROW}"
        )

    def _sum(self, node: Any) -> tuple[list[Found], Any]:
        """Read x + block(x), in either order."""
        if len(node.args) != 2 or node.kwargs or not all(map(self._is_node, node.args)):
            raise self._refused(node)
        for inner, skipped in (node.args, node.args[::-1]):
            if inner is not skipped and self._comes_from(inner, skipped):
                parts = _joined(self._between(skipped, inner))
                return [Found("", "residual", parts=parts)], skipped
        raise ConversionError(
            f"{type(self.module).__name__} adds the outputs of two branches, and here the inputs "
            f"of a module are added to its outputs alone, nn.Residual: {_ROW}"
        )

    def _comes_from(self, node: Any, before: Any) -> bool:
        waiting, seen = [node], set[Any]()
        while waiting:
            here = waiting.pop()
            if here is before:
                return True
            waiting += [x for x in here.all_input_nodes if x not in seen]
            seen.update(here.all_input_nodes)
        return False

    def _taken(self, node: Any) -> tuple[list[Found], Any]:
        """Read what is taken of the states of an RNN: states, _ = rnn(x), then states[:, -1]."""
        source, place = node.args
        if place == 0 and self._is_rnn(source):
            return [], source
        behind = isinstance(place, tuple) and place[:2] == (slice(None), -1)
        if behind and all(x == slice(None) for x in cast(tuple[Any, ...], place)[2:]):
            return [Found("", "last")], source
        last_layer = self._is_node(source) and getattr(source.target, "__name__", "") == "getitem"
        if place in (-1, 0) and last_layer and source.args[1] == 1 and self._is_rnn(source.args[0]):
            rnn = self.module.get_submodule(source.args[0].target)
            if place == -1 or rnn.num_layers == 1:
                return [Found("", "last")], source.args[0]
        raise self._refused(node)

    def _is_rnn(self, node: Any) -> bool:
        if not self._is_node(node) or node.op != "call_module":
            return False
        return isinstance(self.module.get_submodule(node.target), self.torch.nn.RNN)

    def _is_flatten(self, node: Any, name: str) -> bool:
        """Whether all but the samples become one row."""
        if name == "flatten":
            asked = dict(zip(("start_dim", "end_dim"), node.args[1:], strict=False)) | node.kwargs
            return asked.get("start_dim") == 1 and asked.get("end_dim", -1) == -1
        if name in ("view", "reshape"):
            shape = _shape_asked(node)
            rows = len(shape) == 2 and (shape[0] == -1 or self._is_node(shape[0]))
            return rows and isinstance(shape[1], int) and shape[0] is not shape[1]
        return False


def _shape_asked(node: Any) -> Any:
    """Return the arguments of a view or a reshape."""
    shape: Any = node.args[1:]
    return shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape


def _dropouts(nodes: Any) -> list[Any]:
    """Return the modes in which functions drop out."""
    found = [node for node in nodes if getattr(node.target, "__name__", "") == "dropout"]
    return [
        node.kwargs.get("training", node.kwargs.get("train", [*node.args, True, True, True][2]))
        for node in found
    ]


def _functions(torch: Any) -> Mapping[str, Callable[..., Any]]:
    """Return the layer that does what a function or method of a name does."""
    layers, own = torch.nn, library("torch", "nn.interop.pytorch.modules")

    def dropout(p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
        return layers.Dropout(p).train(training)

    def softmax(dim: Any = None, *_: Any, **__: Any) -> Any:
        return layers.Softmax(dim)

    def squeeze(dim: Any) -> Any:
        if dim not in (-1, 1):
            raise TypeError
        return own.TorchSqueeze()

    plain = {
        "relu": layers.ReLU,
        "relu_": layers.ReLU,
        "tanh": layers.Tanh,
        "sigmoid": layers.Sigmoid,
        "leaky_relu": layers.LeakyReLU,
        "elu": layers.ELU,
        "gelu": layers.GELU,
        "silu": layers.SiLU,
        "softplus": layers.Softplus,
        "sin": own.TorchSine,
        "contiguous": lambda: None,
    }
    return {**plain, "dropout": dropout, "softmax": softmax, "squeeze": squeeze}


def _joined(found: Sequence[Found]) -> list[Found]:
    """Return a row of layers with each activation in the dense layer before it."""
    row: list[Found] = []
    is_sequence = bool(found) and found[0].kind.startswith("recurrent")
    for item in found:
        before = row[-1] if row else None
        if item.kind == "activation":
            behind = f"behind {_told(before)}" if before else "at the beginning"
            if before is None or before.kind != "linear" or before.activation != "linear":
                raise ConversionError(
                    f"the activation {_told(item)} stands {behind}: here an "
                    "activation belongs to the dense layer in front of it. Put it there, or write "
                    "a class of your own, nn.Module with __call__"
                )
            row[-1] = before.with_activation(item.activation)
        elif item.kind == "squeeze":
            if before is None or before.kind != "linear" or before.width != 1:
                behind = f"behind {_told(before)}" if before else "at the beginning"
                raise ConversionError(
                    f"{item.name or 'squeeze'} takes an axis away {behind}: here only a dense "
                    "layer of one output gives a number instead of a row"
                )
            row[-1] = single(before)
        elif item.kind == "last":
            if before is None or before.kind != "recurrent all":
                raise ConversionError("the last of something is taken that is no RNN's states")
            row[-1] = _last(before)
            is_sequence = False
        else:
            _check_place(item, is_sequence)
            _check_width(item, row, is_sequence)
            is_sequence = _is_sequence(item, is_sequence)
            row.append(item)
    return row


def _is_sequence(item: Found, before: bool) -> bool:
    if item.kind in ("embedding", "recurrent all"):
        return True
    return before and item.kind not in ("flatten", "recurrent last")


def _check_place(item: Found, is_sequence: bool) -> None:
    if not is_sequence:
        return
    if item.kind == "linear":
        raise ConversionError(
            f"{item.name} is applied to each place of a sequence, and nn.Layer takes one row: put "
            "Flatten() before it, or take the last state, states[:, -1]"
        )
    if item.kind == "softmax of a row":
        raise ConversionError(f"{item.name} must be along the last axis here: Softmax(dim=-1)")


def _check_width(item: Found, row: Sequence[Found], is_sequence: bool) -> None:
    """Refuse a view(-1, n) of rows that are known to be no n numbers."""
    known = next((x for x in row[::-1] if x.kind == "flatten" or x.width is not None), None)
    if item.kind != "flatten" or item.width is None or known is None or known.width is None:
        return
    places, rest = divmod(item.width, known.width)
    if rest or (places < 2 if is_sequence else places != 1):
        raise ConversionError(
            f"{item.name} makes rows of {item.width} numbers out of rows of {known.width}, so that "
            "there are other samples behind it: here it may join what belongs to one sample, "
            "torch.nn.Flatten()"
        )


def _told(item: Found) -> str:
    """Return a layer in words, with its name where it has one of its own."""
    kind = repr(item.activation) if item.kind == "activation" else item.kind
    kind = "x + block(x)" if kind == "residual" else kind
    return f"{kind} {item.name}" if item.name and repr(item.name) != kind else kind


def _last(found: Found) -> Found:
    make = found.make
    assert make is not None

    def of_last(_: str) -> Module:
        return make("last")

    return replace(found, kind="recurrent last", make=of_last)

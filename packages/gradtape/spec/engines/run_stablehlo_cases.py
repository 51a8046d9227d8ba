"""Runs every NAME.mlir of a folder on NAME.safetensors, and writes what comes out as NAME.out.safetensors."""

import json
import pathlib
import sys

import jax
import numpy
from jax.export import Exported, maximum_supported_calling_convention_version
from jax.extend.mlir import serialize_portable_artifact
from safetensors.numpy import load_file, save_file

jax.config.update("jax_enable_x64", True)


def function(text, takes, gives):
    unknown = lambda ports: (None,) * len(ports)
    return Exported(
        fun_name="case", in_tree=jax.tree.structure((takes, {})), in_avals=takes,
        out_tree=jax.tree.structure(gives), out_avals=gives, _has_named_shardings=False,
        _in_named_shardings=unknown(takes), _out_named_shardings=unknown(gives),
        in_shardings_hlo=unknown(takes), out_shardings_hlo=unknown(gives), nr_devices=1, platforms=("cpu",),
        ordered_effects=(), unordered_effects=(), disabled_safety_checks=(),
        mlir_module_serialized=serialize_portable_artifact(text, "1.0.0"),
        calling_convention_version=maximum_supported_calling_convention_version,
        module_kept_var_idx=tuple(range(len(takes))), uses_global_constants=False, _get_vjp=None,
    ).call


for file in sorted(pathlib.Path(sys.argv[1]).glob("*.mlir")):
    text = file.read_text()
    signature = json.loads(text.splitlines()[1].removeprefix("// "))
    avals = lambda ports: tuple(jax.core.ShapedArray(p["shape"], p["dtype"]) for p in ports)
    inputs, outputs = signature["inputs"], signature["outputs"]
    values = load_file(file.with_suffix(".safetensors"))
    results = jax.jit(function(text, avals(inputs), avals(outputs)))(*(values[p["name"]] for p in inputs))
    named = {p["name"]: numpy.asarray(value) for p, value in zip(outputs, results)}
    save_file(named, file.with_suffix(".out.safetensors"))

"""Trains a step that gradtape has written as StableHLO, on every device that JAX finds, the batch split among them.

    python run_stablehlo.py step.mlir weights.safetensors batches.safetensors --steps 20 --out trained.safetensors

Batches are stacked: each input has one axis more, in front. --state writes all variables, slots of the optimizer too.
With --processes 2 --process 0 (and 1, elsewhere) the devices of all work together; --coordinator is the first one's address.
"""

import argparse
import json

import jax
import numpy as np
from jax.export import Exported, maximum_supported_calling_convention_version
from jax.extend.mlir import serialize_portable_artifact
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from safetensors.numpy import load_file, save_file

parser = argparse.ArgumentParser()
parser.add_argument("files", nargs=3, metavar="FILE")
flags = {"--steps": 20, "--out": "", "--state": "", "--processes": 1, "--process": 0, "--coordinator": "127.0.0.1:9917"}
for flag, value in flags.items():
    parser.add_argument(flag, type=type(value), default=value)
args = parser.parse_args()
jax.config.update("jax_enable_x64", True)  # float64 stays float64
if args.processes > 1:
    jax.distributed.initialize(args.coordinator, args.processes, args.process)
text, weights, batches = open(args.files[0]).read(), load_file(args.files[1]), load_file(args.files[2])
state, inputs, outputs = json.loads(text.splitlines()[1].removeprefix("// ")).values()
avals = lambda ports: tuple(jax.core.ShapedArray(p["shape"], p["dtype"]) for p in ports)
takes, gives = avals(state + inputs), avals(state + outputs)
unknown = lambda ports: (None,) * len(ports)
exported = Exported(
    fun_name="step", in_tree=jax.tree.structure((takes, {})), in_avals=takes, out_tree=jax.tree.structure(gives),
    out_avals=gives, _has_named_shardings=False, _in_named_shardings=unknown(takes), _out_named_shardings=unknown(gives),
    in_shardings_hlo=unknown(takes), out_shardings_hlo=unknown(gives), nr_devices=1, platforms=(jax.default_backend(),),
    ordered_effects=(), unordered_effects=(), disabled_safety_checks=(), uses_global_constants=False, _get_vjp=None,
    mlir_module_serialized=serialize_portable_artifact(text, "1.0.0"), module_kept_var_idx=tuple(range(len(takes))),
    calling_convention_version=maximum_supported_calling_convention_version,
)
mesh = Mesh(np.array(jax.devices()), ("batch",))
whole, split = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), ("batch",)))
place = lambda a, how: jax.make_array_from_callback(a.shape, how, lambda index: a[index])
fits = lambda p: split if p["shape"] and p["shape"][0] % mesh.size == 0 else whole
step = jax.jit(exported.call, out_shardings=whole, donate_argnums=tuple(range(len(state))))
values = tuple(place(weights[p["name"]], whole) for p in state)
for i in range(args.steps):
    batch = [place(batches[p["name"]][i % len(batches[p["name"]])], fits(p)) for p in inputs]
    if i == 0:
        run = step.lower(*values, *batch).compile()
        sums = run.as_text().count(" all-reduce(")
        print(f"{mesh.size} devices, {args.processes} processes, {sums} all-reduces", flush=True)
    results = run(*values, *batch)
    values = results[: len(state)]
    losses = [(p["name"], float(v)) for p, v in zip(outputs, results[len(state) :]) if not p["shape"]]
    print(f"step {i}", json.dumps(dict(losses)), flush=True)
for file, which in ((args.out, "trainable"), (args.state, "name")):
    if file and args.process == 0:
        save_file({p["name"]: np.asarray(v) for p, v in zip(state, values) if p[which]}, file)

"""Trains a step that gradtape has written as ONNX, by ONNX Runtime.

    python run_onnx.py step.onnx weights.safetensors batches.safetensors --steps 20 --out trained.safetensors

Batches are stacked: each input has one axis more, in front. --state writes all variables, slots of the optimizer too.
"""

import argparse
import json

import numpy
import onnxruntime
from safetensors.numpy import load_file, save_file

parser = argparse.ArgumentParser()
parser.add_argument("files", nargs=3, metavar="FILE")
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--out")
parser.add_argument("--state")
args = parser.parse_args()

session = onnxruntime.InferenceSession(args.files[0], providers=onnxruntime.get_available_providers())
weights, batches = load_file(args.files[1]), load_file(args.files[2])
signature = json.loads(session.get_modelmeta().custom_metadata_map["gradtape.signature"])
names = lambda ports: [p["name"] for p in signature[ports]]
state, inputs, outputs = names("state"), names("inputs"), names("outputs")

values = {name: weights[name] for name in state}
for i in range(args.steps):
    batch = {name: numpy.asarray(batches[name][i % len(batches[name])]) for name in inputs}
    results = session.run([f"{name}:next" for name in state] + outputs, values | batch)
    values = dict(zip(state, results))
    losses = {name: v.tolist() for name, v in zip(outputs, results[len(state) :]) if v.ndim == 0}
    print(f"step {i}", json.dumps(losses), flush=True)
for file, which in ((args.out, "trainable"), (args.state, "name")):
    if file:
        save_file({p["name"]: values[p["name"]] for p in signature["state"] if p[which]}, file)

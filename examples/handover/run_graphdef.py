"""Trains a step that gradtape has written as a TensorFlow graph, by TensorFlow.

    python run_graphdef.py step.meta weights.safetensors batches.safetensors --steps 20 --out trained.safetensors

Batches are stacked: each input has one axis more, in front. --state writes all variables, slots of the optimizer too.
"""

import argparse
import json

import numpy as np
import tensorflow.compat.v1 as tf
from google.protobuf import text_format
from safetensors.numpy import load_file, save_file

parser = argparse.ArgumentParser()
parser.add_argument("files", nargs=3, metavar="FILE")
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--out")
parser.add_argument("--state")
parser.add_argument("--optimize", action="store_true", help="let TensorFlow rewrite the graph (other last bits)")
args = parser.parse_args()

meta = tf.MetaGraphDef()
data = open(args.files[0], "rb").read()
text_format.Parse(data, meta) if args.files[0].endswith(".pbtxt") else meta.ParseFromString(data)
weights, batches = load_file(args.files[1]), load_file(args.files[2])
tf.disable_eager_execution()
tf.train.import_meta_graph(meta)
step = meta.signature_def["step"]
inputs = {name: info.name for name, info in step.inputs.items()}
losses = {name: info.name for name, info in step.outputs.items() if ":" in info.name}
updates = [info.name for info in step.outputs.values() if ":" not in info.name]
variables = {v.op.name: v for v in tf.global_variables()}

config = tf.ConfigProto()
config.graph_options.rewrite_options.disable_meta_optimizer = not args.optimize
with tf.Session(config=config) as session:
    # The weights take the place of the initial values in the graph.
    begin = {v.initial_value: weights[name] for name, v in variables.items() if name in weights}
    session.run(tf.get_collection("init_op"), begin)
    for i in range(args.steps):
        batch = {tensor: batches[name][i % len(batches[name])] for name, tensor in inputs.items()}
        values = session.run({"losses": losses, "updates": updates}, batch)["losses"]
        print(f"step {i}", json.dumps({k: v.tolist() for k, v in values.items() if v.ndim == 0}), flush=True)
    read = lambda some: {v.op.name: np.asarray(session.run(v)) for v in some}
    if args.out:
        save_file(read(tf.trainable_variables()), args.out)
    if args.state:
        save_file(read(variables.values()), args.state)

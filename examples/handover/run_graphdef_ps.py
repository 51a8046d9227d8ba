"""Trains the same step with a parameter server and workers, all on this machine; each worker takes its own batches.

    python run_graphdef_ps.py step.meta weights.safetensors batches.safetensors --steps 200 --out trained.safetensors
"""

import argparse
import subprocess
import sys
import time

import numpy as np
import tensorflow.compat.v1 as tf
from safetensors.numpy import load_file, save_file

parser = argparse.ArgumentParser()
parser.add_argument("files", nargs=3, metavar="FILE")
parser.add_argument("--steps", type=int, default=200, help="of all workers together")
parser.add_argument("--workers", type=int, default=2)
parser.add_argument("--out", required=True)
parser.add_argument("--role", help="ps:0 or worker:0, worker:1, …; all of them are started when left out")
args = parser.parse_args()
if args.role is None:
    start = lambda role: subprocess.Popen([sys.executable, *sys.argv, "--role", role])
    server, workers = start("ps:0"), [start(f"worker:{i}") for i in range(args.workers)]
    failed = max(worker.wait() for worker in workers)
    server.terminate()
    sys.exit(failed)
job, task = args.role.split(":")[0], int(args.role.split(":")[1])
at = [f"127.0.0.1:{9940 + i}" for i in range(1 + args.workers)]
cluster = tf.train.ClusterSpec({"ps": at[:1], "worker": at[1:]})
server = tf.distribute.Server(cluster, job_name=job, task_index=task)
if job == "ps":
    server.join()

meta = tf.MetaGraphDef.FromString(open(args.files[0], "rb").read())
step, weights, batches = meta.signature_def["step"], load_file(args.files[1]), load_file(args.files[2])
tf.disable_eager_execution()
with tf.device(tf.train.replica_device_setter(cluster=cluster, worker_device=f"/job:worker/task:{task}")):
    tf.train.import_meta_graph(meta)
    ready = tf.get_variable("workers_ready", initializer=0, trainable=False)
loss = next(info.name for info in step.outputs.values() if ":" in info.name)
counter, arrive, missing = tf.train.get_global_step(), tf.assign_add(ready, 1), tf.report_uninitialized_variables()
with tf.Session(server.target) as session:
    if task == 0:  # the chief
        begin = {v.initial_value: weights[v.op.name] for v in tf.global_variables() if v.op.name in weights}
        session.run([tf.get_collection("init_op"), ready.initializer], begin)
    while len(session.run(missing)) > 0:
        time.sleep(0.1)
    session.run(arrive)
    while session.run(ready) < args.workers:
        time.sleep(0.1)
    for i in range(task, 10**9, args.workers):
        batch = {info.name: batches[name][i % len(batches[name])] for name, info in step.inputs.items()}
        value, done, _ = session.run([loss, counter, tf.get_collection("train_op")], batch)
        sys.stdout.write(f"worker {task} step {done} {value:.6f} counted on {counter.device}\n")
        if done >= args.steps:
            break
    if task == 0:
        save_file({v.op.name: np.asarray(session.run(v)) for v in tf.trainable_variables()}, args.out)

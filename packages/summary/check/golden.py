"""Writes src/fixtures/tensorflow.tfevents with TensorFlow's own writer: what src/golden.test.ts says to ours.

    python check/golden.py        (TensorFlow 2.x; the file there was made by 2.21)
"""

import pathlib

import numpy as np
import tensorflow as tf
from tensorflow.compat.v1 import Event, GraphDef, NodeDef, Summary

PATH = pathlib.Path(__file__).parent.parent / "src" / "fixtures" / "tensorflow.tfevents"
SECONDS = 1_700_000_000.5


def histogram(tag, values):
    """The summary as the op of TensorFlow 1 makes it."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        return Summary.FromString(session.run(tf.compat.v1.summary.histogram(tag, tf.constant(values))))


def scalar(tag, value):
    return Summary(value=[Summary.Value(tag=tag, simple_value=value)])


def graph():
    """x * 2 on the device and with the attributes that gradtape's operations have."""
    with tf.Graph().as_default():
        shape = tf.TensorShape([None, 3]).as_proto()
        x = NodeDef(name="x", op="placeholder")
        x.attr["dtype"].type = tf.float32.as_datatype_enum
        x.attr["shape"].s = b"[null,3]"
        x.attr["_output_shapes"].list.shape.append(shape)
        y = NodeDef(name="y", op="tanh", input=["x"])
        y.attr["dtype"].type = tf.float32.as_datatype_enum
        y.attr["_output_shapes"].list.shape.append(shape)
        definition = GraphDef(node=[x, y])
        definition.versions.producer = 1
        return definition.SerializeToString(deterministic=True)


def contents():
    yield Event(file_version="brain.Event:2")
    yield Event(step=0, summary=scalar("loss", 2.25))
    yield Event(step=1, summary=scalar("loss", 0.1))
    yield Event(step=2, summary=scalar("train/loss", float("inf")))
    yield Event(step=-3, summary=scalar("zéro", 0.0))
    yield Event(step=2**40, summary=scalar("loss", -0.0))
    ramp = np.arange(-50, 50, dtype=np.float32) / np.float32(7)
    yield Event(step=1, summary=histogram("ramp", ramp))
    yield Event(step=2, summary=histogram("far", np.array([-1e30, -1e-13, 0, 1e-12, 1e25], np.float64)))
    yield Event(step=3, summary=histogram("whole", np.array([[1, 1], [2, -7]], np.int32)))
    yield Event(step=4, summary=histogram("empty", np.zeros([0], np.float32)))
    yield Event(graph_def=graph())


with tf.io.TFRecordWriter(str(PATH)) as writer:
    for event in contents():
        event.wall_time = SECONDS
        writer.write(event.SerializeToString(deterministic=True))
print(f"{PATH.name}: {PATH.stat().st_size} bytes, by TensorFlow {tf.__version__}")

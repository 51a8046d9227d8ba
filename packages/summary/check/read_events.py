"""Reads a folder of event files with TensorBoard itself and tells what it found.

    python check/read_events.py FOLDER [--json]        (tensorboard 2.x)

Scalars and histograms are read with TensorBoard's event accumulator; the graph goes the way of its graphs plugin, whose
answer is what the page draws. Fails where the files are damaged or a histogram does not add up.
"""

import json
import sys

import tensorboard
from google.protobuf import text_format
from tensorboard import context
from tensorboard.backend.event_processing import data_provider, event_accumulator, plugin_event_multiplexer
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.plugins import base_plugin
from tensorboard.plugins.graph import graphs_plugin


def read_values(folder):
    events = event_accumulator.EventAccumulator(folder, size_guidance={"scalars": 0, "histograms": 0})
    events.Reload()
    tags = events.Tags()
    scalars = {tag: [[each.step, each.value] for each in events.Scalars(tag)] for tag in tags["scalars"]}
    histograms = {tag: [told(each) for each in events.Histograms(tag)] for tag in tags["histograms"]}
    return scalars, histograms


def told(event):
    value = event.histogram_value
    assert sum(value.bucket) == value.num, f"the buckets hold {sum(value.bucket)} of {value.num} elements"
    facts = [value.min, value.max, value.num, value.sum, value.sum_squares]
    return [event.step, facts, [list(each) for each in zip(value.bucket_limit, value.bucket)]]


def read_plugins(folder):
    """What the server answers to the page, by plugin: histograms as the page gets them, and the graph."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(folder)
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, folder)
    plugin = graphs_plugin.GraphsPlugin(base_plugin.TBContext(data_provider=provider, logdir=folder))
    request = context.RequestContext()
    for run, answer in plugin.info_impl(request, experiment="").items():
        if not answer["run_graph"]:
            continue
        text, mime = plugin.graph_impl(
            request, run, tag=None, is_conceptual=False, experiment="", limit_attr_size=1024, large_attrs_key="_too_large_attrs"
        )
        assert mime == "text/x-protobuf", mime
        graph = text_format.Parse(text, GraphDef())
        check_wires(graph)
        return graph
    return GraphDef()


def check_wires(graph):
    names = {node.name for node in graph.node}
    assert len(names) == len(graph.node), "two nodes have one name"
    for node in graph.node:
        for each in node.input:
            source = each.removeprefix("^").split(":")[0]
            assert source in names, f"{node.name} reads {source}, which is not in the graph"


folder = sys.argv[1]
scalars, histograms = read_values(folder)
graph = read_plugins(folder)
if "--json" in sys.argv:
    nodes = [{"name": node.name, "op": node.op, "inputs": list(node.input)} for node in graph.node]
    print(json.dumps({"version": tensorboard.__version__, "scalars": scalars, "histograms": histograms, "graph": nodes}))
else:
    print(f"TensorBoard {tensorboard.__version__}")
    for tag, points in scalars.items():
        print(f"scalar {tag}: {len(points)} points, the last {points[-1][1]:.6g} at step {points[-1][0]}")
    for tag, points in histograms.items():
        step, (low, high, count, *_), buckets = points[-1]
        print(f"histogram {tag}: {len(points)}, the last at step {step}: {count:.0f} elements from {low:.4g} to {high:.4g}")
    print(f"graph: {len(graph.node)} nodes, ops {', '.join(sorted({node.op for node in graph.node}))}")

"""PyTorch, JAX, TensorFlow 1 and NumPy as peers: peer.py <torch|jax|tf1|numpy> <workload>, one thread, one JSON line."""
import json
import os
import resource
import sys
import time

name, workload = sys.argv[1:3]
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[variable] = "1"
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", JAX_PLATFORMS="cpu", XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
if name == "numpy":
    # The goals speak of OpenBLAS with AVX2, also where a processor has wider vectors.
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
import numpy as np

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
ALL = json.load(open(os.path.join(FOLDER, "workloads.json")))
SETTINGS = ALL["settings"]
RATE, DECAY, EPSILON = SETTINGS["learningRate"], SETTINGS["decay"], SETTINGS["epsilon"]


def reader():
    content = open(os.path.join(FOLDER, workload + ".bin"), "rb").read()
    at = 0

    def take(dtype, *shape):
        nonlocal at
        count = int(np.prod(shape))
        part = np.frombuffer(content, dtype, count, at).reshape(shape).copy()
        at += 4 * count
        return part

    return take


def table(rows, width):
    i = np.arange(rows * width, dtype=np.uint32) * np.uint32(2654435761)
    return (((i >> np.uint32(8)).astype(np.float32) / np.float32(16777216) - np.float32(0.5)) * np.float32(0.1)).reshape(rows, width)


def now():
    return time.perf_counter() * 1000


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000


SHARE = float(os.environ.get("BENCH_SHARE", 1))


def time_steps(step, reset, check, warm=1200 * SHARE, budget=2000 * SHARE):
    reset()
    loss = step()
    first = time.time() * 1000 - float(os.environ.get("BENCH_T0", time.time() * 1000))
    if os.environ.get("BENCH_COLD"):
        return {"microseconds": 1000 * first, "loss": float(loss)}
    for _ in range(1, check):
        loss = step()
    since = check

    def run(count):
        nonlocal since
        if since + count > SETTINGS["stepsBetweenResets"]:
            reset()
            since = 0
        since += count
        began, used = now(), cpu()
        for _ in range(count):
            step()
        return (now() - began) / count, (cpu() - used) / count

    began, fastest = now(), float("inf")
    while now() - began < warm:
        fastest = min(fastest, run(1 if fastest > 20 else 25)[0])
    count = max(1, min(SETTINGS["stepsBetweenResets"], round(150 * SHARE / fastest)))
    chunks, end = [], now() + budget
    while now() < end or len(chunks) < 3:
        chunks.append(run(count))
    return {
        "microseconds": 1000 * float(np.median([c[0] for c in chunks])),
        "cpuMicroseconds": 1000 * float(np.median([c[1] for c in chunks])),
        "loss": float(loss),
        "firstStepMilliseconds": first,
    }


def time_op(op, warm=400 * SHARE, budget=800 * SHARE):
    began, fastest = now(), float("inf")
    while True:
        time_began = now()
        op()
        fastest = min(fastest, now() - time_began)
        if now() - began >= warm:
            break
    count, chunks, end = max(1, round(30 / fastest)), [], now() + budget
    while now() < end or len(chunks) < 3:
        time_began = now()
        for _ in range(count):
            op()
        chunks.append((now() - time_began) / count)
    return {"microseconds": 1000 * float(np.median(chunks))}


def tell(result):
    print(json.dumps({"peer": {"torch": "PyTorch", "jax": "JAX", "tf1": "TensorFlow 1", "numpy": "NumPy"}[name], "workload": workload, **result}))
    sys.exit()


if workload in ALL["products"]:
    p = ALL["products"][workload]
    m, n, k, flip = p["m"], p["n"], p["k"], p.get("transposed")
    fill = lambda count, by: (((np.arange(count, dtype=np.int64) * by) % 19) / 19 - 0.5).astype(np.float32)
    a = fill(m * k, 7).reshape((k, m) if flip == "a" else (m, k))
    b = fill(k * n, 5).reshape((n, k) if flip == "b" else (k, n))
    out = np.empty((m, n), np.float32)
    left, right = (a.T if flip == "a" else a), (b.T if flip == "b" else b)
    np.matmul(left, right, out=out)
    checksum = float((out.ravel().astype(np.float64) * (np.arange(m * n) % 7 - 2)).mean())
    tell({**time_op(lambda: np.matmul(left, right, out=out)), "loss": checksum})

EMBEDDING = workload in ALL["embeddings"]
config = ALL["embeddings" if EMBEDDING else "perceptrons"][workload]
take = reader()
if EMBEDDING:
    bags = config["indices"] // config["bag"]
    inputs, labels = take(np.int32, config["sets"], config["indices"]), take(np.int32, config["sets"], bags)
    initial = [table(config["rows"], config["width"]), take(np.float32, config["width"], config["classes"]), take(np.float32, config["classes"])]
else:
    layers = config["layers"]
    inputs, labels = [take(np.float32, config["batch"], layers[0])], [take(np.int32, config["batch"])]
    initial = [take(np.float32, *shape) for i in range(len(layers) - 1) for shape in ((layers[i], layers[i + 1]), (layers[i + 1],))]
LAYERS = len(initial) // 2
turn = -1


def following():
    global turn
    turn += 1
    return turn % len(inputs)


if name == "jax":
    import jax
    import jax.numpy as jnp

    def loss_of(p, x, y):
        if EMBEDDING:
            logits = p[0][x].reshape(-1, config["bag"], config["width"]).mean(1) @ p[1] + p[2]
        else:
            logits = x
            for i in range(LAYERS):
                logits = logits @ p[2 * i] + p[2 * i + 1]
                logits = jax.nn.relu(logits) if i + 1 < LAYERS else logits
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1))

    def train(p, means, x, y):
        value, gradients = jax.value_and_grad(loss_of)(p, x, y)
        means = [DECAY * m + (1 - DECAY) * g * g for m, g in zip(means, gradients)]
        return [q - RATE * g / jnp.sqrt(m + EPSILON) for q, g, m in zip(p, gradients, means)], means, value

    train = jax.jit(train, donate_argnums=(0, 1))
    xs, ys = [jnp.asarray(x) for x in inputs], [jnp.asarray(y) for y in labels]

    def reset():
        global weights, means
        weights = [jnp.array(a) for a in initial]
        means = [jnp.zeros_like(a) for a in weights]

    def step():
        global weights, means
        i = following()
        weights, means, value = train(weights, means, xs[i], ys[i])
        return float(value)

elif name == "torch":
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(1)
    weights = [torch.tensor(a, requires_grad=True) for a in initial]
    means = [torch.zeros_like(a) for a in weights]
    xs = [torch.from_numpy(x).long() if EMBEDDING else torch.from_numpy(x) for x in inputs]
    ys = [torch.from_numpy(y).long() for y in labels]

    def reset():
        with torch.no_grad():
            for p, a, m in zip(weights, initial, means):
                p.copy_(torch.from_numpy(a))
                m.zero_()

    def loss_of(x, y):
        if EMBEDDING:
            logits = F.embedding(x, weights[0]).view(-1, config["bag"], config["width"]).mean(1) @ weights[1] + weights[2]
        else:
            logits = x
            for i in range(LAYERS):
                logits = torch.addmm(weights[2 * i + 1], logits, weights[2 * i])
                logits = torch.relu(logits) if i + 1 < LAYERS else logits
        return F.cross_entropy(logits, y)

    def step():
        i = following()
        value = loss_of(xs[i], ys[i])
        value.backward()
        with torch.no_grad():
            gradients = [p.grad for p in weights]
            torch._foreach_mul_(means, DECAY)
            torch._foreach_addcmul_(means, gradients, gradients, 1 - DECAY)
            spread = torch._foreach_add(means, EPSILON)
            torch._foreach_sqrt_(spread)
            torch._foreach_addcdiv_(weights, gradients, spread, -RATE)
            for p in weights:
                p.grad = None
        return value.item()

else:
    import tensorflow as tf

    v1 = tf.compat.v1
    v1.disable_eager_execution()
    x = v1.placeholder(tf.int32 if EMBEDDING else tf.float32, inputs[0].shape)
    y = v1.placeholder(tf.int32, labels[0].shape)
    values = [v1.placeholder(tf.float32, a.shape) for a in initial]
    weights = [v1.Variable(value) for value in values]
    if EMBEDDING:
        logits = tf.reduce_mean(tf.reshape(tf.gather(weights[0], x), [-1, config["bag"], config["width"]]), 1) @ weights[1] + weights[2]
    else:
        logits = x
        for i in range(LAYERS):
            logits = tf.matmul(logits, weights[2 * i]) + weights[2 * i + 1]
            logits = tf.nn.relu(logits) if i + 1 < LAYERS else logits
    value = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    optimizer = v1.train.RMSPropOptimizer(RATE, DECAY, 0.0, EPSILON)
    train = optimizer.minimize(value)
    session = v1.Session(config=v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1))
    start = v1.global_variables_initializer()
    # The other peers begin with mean squares of zero, TensorFlow with ones.
    zeros = [v1.assign(optimizer.get_slot(w, "rms"), tf.zeros_like(w)) for w in weights]
    run = session.make_callable([train, value], feed_list=[x, y])

    def reset():
        session.run(start, dict(zip(values, initial)))
        session.run(zeros)

    def step():
        i = following()
        return float(run(inputs[i], labels[i])[1])


tell(time_steps(step, reset, config["check"]))
